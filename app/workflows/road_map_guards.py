"""Guards about a school's road map, for a workflow that asks for it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Reason
from app.models import Conclusion, RoadMap, RoadMapItem
from app.terms import RoadMapStatus, TaskStatus, Verdict
from app.workflows.machine import Question

ANCHOR = "#roadmap"


def of_case(session: Session, case_id: int) -> RoadMap | None:
    return session.scalars(select(RoadMap).where(RoadMap.case_id == case_id)).first()


def unfinished(items: Iterable[RoadMapItem]) -> list[RoadMapItem]:
    """Obligatory measures that are neither done nor waived."""
    return [item for item in items if item.is_obligatory and item.status is TaskStatus.PLANNED]


def road_map_accepted(q: Question) -> Reason | None:
    """None when the case's road map has been checked and accepted."""
    road_map = of_case(q.session, q.case.id)
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
    """None when the road map does not stand in the way of a closure.

    Confirmed signs need an accepted road map. Any other verdict needs none; but one that was accepted has been promised
    and holds the closure up too. Its obligatory measures are then done, or waived with a reason.
    """
    road_map = of_case(q.session, q.case.id)
    proposal = q.session.scalars(
        select(Conclusion).where(Conclusion.case_id == q.case.id).order_by(Conclusion.id.desc()).limit(1)
    ).first()
    if proposal is not None and proposal.verdict is Verdict.CONFIRMED:
        missing = road_map_accepted(q)
        if missing is not None:
            return missing
    elif road_map is None or road_map.status is not RoadMapStatus.ACCEPTED:
        return None
    left = unfinished(road_map.items) if road_map is not None else []
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
