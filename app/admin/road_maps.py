"""The road map of a case: the tab of its page, the choice of blocks, its steps, its measures."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import plan_forms, words
from app.admin.base import say
from app.admin.plan_forms import Told
from app.errors import NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, MentoringPair, RoadMap, RoadMapItem
from app.policy import Permission
from app.roadmaps import load_blocks
from app.terms import RoadMapStatus, TaskStatus
from app.workflows import road_map_items, road_map_papers
from app.workflows import road_maps as verbs
from app.workflows.road_map_guards import of_case, unfinished

road_map_routes = Blueprint("road_maps", __name__, url_prefix="/road-maps")
TONES = {
    RoadMapStatus.PROPOSED: "warn",
    RoadMapStatus.AGREED: "accent",
    RoadMapStatus.SUBMITTED: "warn",
    RoadMapStatus.RETURNED: "bad",
    RoadMapStatus.ACCEPTED: "good",
}


def panel(case: Case) -> dict[str, Any]:
    """What the tab «Дорожная карта» of a case shows."""
    road_map = of_case(auth.db(), case.id)
    actor = auth.actor()
    pairs = auth.db().scalars(select(MentoringPair).where(MentoringPair.school_id == case.school_id)).all()
    context: dict[str, Any] = {"road_map": road_map, "pairs": pairs, "is_case_open": case.state != CLOSED}
    if road_map is None:
        return context
    items = list(road_map.items)
    counted = [item for item in items if item.status is not TaskStatus.WAIVED]
    may_answer = context["is_case_open"] and actor.may(Permission.ROADMAP_ANSWER)
    return context | {
        "map_tone": TONES[road_map.status],
        "map_blocks": _blocks(items),
        "n_items": len(counted),
        "n_done": sum(item.status is TaskStatus.DONE for item in items),
        "n_left": len(unfinished(items)),
        "advice": [_advice(block) for block in road_map.blocks],
        "state_of": plan_forms.state,
        "when_of": lambda item: road_map_papers.when(item, words.locale()),
        "may_agree": may_answer and road_map.status is RoadMapStatus.PROPOSED,
        "may_submit": may_answer and road_map.status in (RoadMapStatus.AGREED, RoadMapStatus.RETURNED),
        "may_add": may_answer and road_map.status in verbs.BEING_WRITTEN,
        "may_check": context["is_case_open"]
        and actor.may(Permission.ROADMAP_KEEP)
        and road_map.status is RoadMapStatus.SUBMITTED,
        "is_own_submission": actor.user_id is not None and road_map.submitted_by_id == actor.user_id,
    }


@road_map_routes.route("/new/<row:case_id>", methods=["GET", "POST"])
@auth.door(Permission.ROADMAP_KEEP)
def new(case_id: int) -> Any:
    """Blocks that fit the signs are ticked, each with its why; a person chooses."""
    case = _case(case_id)
    told = Told()
    if request.method == "POST":
        chosen = [text[:40] for text in request.form.getlist("block")]
        told = plan_forms.attempt(lambda: verbs.propose(auth.db(), case.id, chosen, actor=auth.actor(), at=auth.now()))
        if not told.is_bad:
            say(_("Карта предложена школе; рекомендации готовятся в PDF."))
            return _to_tab(case_id)
        case = _case(case_id)
    fits = {chosen.block.id: chosen.because for chosen in verbs.proposals(auth.db(), case)}
    known = {block.id: block for block in load_blocks().blocks}
    blocks = [known[key] for key in fits] + [block for key, block in known.items() if key not in fits]
    page = render_template(
        "pages/road_map_new.html",
        case=case,
        blocks=blocks,
        fits={key: [words.title(term) for term in because] for key, because in fits.items()},
        ticked=request.form.getlist("block") if request.method == "POST" else list(fits),
        told=told,
        has_one=of_case(auth.db(), case.id) is not None,
    )
    return (page, 409) if told.is_bad else page


@road_map_routes.route("/<row:road_map_id>/step", methods=["POST"])
@auth.door(Permission.ROADMAP_ANSWER)
def step(road_map_id: int) -> AnyResponse | tuple[str, int]:
    """Agree, submit, return, accept or add a measure: the form's button names it; each verb asks for its own right."""
    from app.admin import case_page  # which shows the tab of this module

    road_map = _road_map(road_map_id)
    case_id, session, action = road_map.case_id, auth.db(), request.form.get("action", "")
    who: dict[str, Any] = {"actor": auth.actor(), "at": auth.now(), "expected_version": plan_forms.version()}

    def verb() -> None:
        if action == "agree":
            verbs.agree(session, road_map_id, **who)
        elif action == "submit":
            verbs.submit(session, road_map_id, note=plan_forms.typed("note"), **who)
        elif action == "return":
            verbs.send_back(session, road_map_id, plan_forms.typed("remarks"), **who)
        elif action == "accept":
            verbs.accept(session, road_map_id, **who)
        elif action == "add":
            own = verbs.OwnMeasure(
                plan_forms.typed("what"),
                plan_forms.typed("evidence"),
                plan_forms.day("due_on", _("срок")),
                plan_forms.typed("result"),
                bool(request.form.get("is_obligatory")),
            )
            verbs.add_item(session, road_map_id, own, **who)
        else:
            raise Refused(Reason("action", _("Выберите действие на странице.")))

    told = plan_forms.attempt(verb)
    if told.is_bad:
        return case_page.show_refused_map(case_id, told), 409
    say(_("Сохранено."))
    return _to_tab(case_id)


@road_map_routes.route("/items/<row:item_id>")
@auth.door(Permission.CASE_READ)
def item(item_id: int) -> Any:
    return _page(_item(item_id), Told())


@road_map_routes.route("/items/<row:item_id>/act", methods=["POST"])
@auth.door(Permission.ROADMAP_ANSWER)
def act(item_id: int) -> Any:
    """Done, moved, waived or taken up again; the last two are not the school's."""
    row = _item(item_id)
    who: dict[str, Any] = {"actor": auth.actor(), "at": auth.now(), "expected_version": plan_forms.version()}
    session, action, case_id = auth.db(), request.form.get("action", ""), row.case_id

    def verb() -> None:
        if action == "done":
            road_map_items.complete(session, auth.context().store, item_id, plan_forms.report(), **who)
        elif action == "move":
            due_on = plan_forms.day("due_on", _("новый срок"))
            road_map_items.move(session, item_id, due_on, plan_forms.typed("reason"), **who)
        elif action == "waive":
            road_map_items.waive(session, item_id, plan_forms.typed("reason"), **who)
        elif action == "reopen":
            road_map_items.reopen(session, item_id, plan_forms.typed("reason"), **who)
        else:
            raise Refused(Reason("action", _("Выберите действие на странице.")))

    told = plan_forms.attempt(verb)
    if told.is_bad:
        return _page(_item(item_id), told), 409
    say(_("Сохранено."))
    return _to_tab(case_id)


@road_map_routes.route("/items/<row:item_id>/file")
@auth.door(Permission.CASE_READ)
def file(item_id: int) -> Any:
    """The file that proves a measure is done."""
    row = _item(item_id)
    auth.note("roadmap:file", "case", row.case_id, item_id=row.id)
    return plan_forms.file_of(row)


def _page(row: RoadMapItem, told: Told) -> str:
    case = _case(row.case_id)
    actor = auth.actor()
    is_ready = case.state != CLOSED and row.road_map.status is not RoadMapStatus.PROPOSED
    return render_template(
        "pages/road_map_item.html",
        item=row,
        case=case,
        road_map=row.road_map,
        told=told,
        rule=plan_forms.when(row.rule),
        who=plan_forms.parties(row.roles),
        may_act=is_ready and actor.may(Permission.ROADMAP_ANSWER),
        may_waive=actor.may(Permission.ROADMAP_KEEP),
        is_ready=is_ready,
        action_url=url_for("road_maps.act", item_id=row.id),
        file_url=url_for("road_maps.file", item_id=row.id),
        **plan_forms.page_of(row, row.kind),
    )


def _blocks(items: list[RoadMapItem]) -> list[tuple[str, list[RoadMapItem]]]:
    parted: dict[str, list[RoadMapItem]] = {}
    for row in items:
        parted.setdefault(row.block, []).append(row)
    return list(parted.items())


def _advice(block: dict[str, Any]) -> dict[str, Any]:
    is_english = words.locale() == "en"
    return {
        "title": block["title_en"] if is_english else block["title"],
        "because": block["because_en"] if is_english else block["because"],
        # A map proposed before the recommendations had English keeps the words it was sent with.
        "text": block.get("recommendation_en", block["recommendation"]) if is_english else block["recommendation"],
    }


def _to_tab(case_id: int) -> AnyResponse:
    return redirect(url_for("cases.case", case_id=case_id, tab="roadmap"))


def _case(case_id: int) -> Case:
    row = auth.db().scalars(select(Case).where(Case.id == case_id)).first()
    if row is None:
        raise NotFound(_("Дело не найдено или относится к другой территории."))
    return row


def _road_map(road_map_id: int) -> RoadMap:
    row = auth.db().scalars(select(RoadMap).where(RoadMap.id == road_map_id)).first()
    if row is None:
        raise NotFound(_("Дорожной карты нет, или она относится к другой территории."))
    return row


def _item(item_id: int) -> RoadMapItem:
    row = auth.db().scalars(select(RoadMapItem).where(RoadMapItem.id == item_id)).first()
    if row is None:
        raise NotFound(_("Такого мероприятия нет, или оно относится к другой территории."))
    return row
