"""Guards about a school's road map, for a workflow that asks for it."""

from __future__ import annotations

from app.errors import Reason
from app.terms import RoadMapStatus
from app.workflows import road_maps
from app.workflows.engine import Guard, Question

ANCHOR = "#roadmap"


def road_map_accepted(q: Question) -> Reason | None:
    """None when the case's road map has been checked and accepted."""
    road_map = road_maps.of_case(q.session, q.case.id)
    if road_map is None:
        return Reason(
            "no_road_map",
            "Нет дорожной карты школы. Предложите её из блоков, подходящих к признакам.",
            "The school has no road map. Propose one from the blocks that fit the signs.",
            ANCHOR,
        )
    if road_map.status is not RoadMapStatus.ACCEPTED:
        return Reason(
            "road_map_not_accepted",
            f"Дорожная карта школы ещё не принята: {road_map.status.ru}.",
            f"The school's road map is not accepted yet: {road_map.status.en}.",
            ANCHOR,
        )
    return None


def obligatory_items_settled(q: Question) -> Reason | None:
    """None when every obligatory measure of the road map is done, or waived with a reason; or there is no road map."""
    road_map = road_maps.of_case(q.session, q.case.id)
    left = road_maps.unfinished(road_map.items) if road_map is not None else []
    if not left:
        return None
    first, n = left[0].what, len(left)
    return Reason(
        "road_map_unfinished",
        f"Не выполнены обязательные мероприятия дорожной карты: {n}, первое — «{first}». Отметьте выполнение с "
        "подтверждением или снимите с причиной.",
        f"Obligatory measures of the road map are open: {n}. Report on them with evidence or waive them with a reason.",
        ANCHOR,
    )


ROAD_MAP_ACCEPTED = Guard(
    "road_map_accepted", "Дорожная карта школы принята", "The school's road map is accepted", road_map_accepted
)
ROAD_MAP_SETTLED = Guard(
    "road_map_settled",
    "Обязательные мероприятия карты выполнены или сняты с причиной",
    "Obligatory measures of the road map are done or waived with a reason",
    obligatory_items_settled,
)
