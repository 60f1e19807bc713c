"""A school's own road map: proposed from blocks that fit its signs, agreed, submitted, checked, carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.calendars import Anchor, parse_rule
from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, Flag, Interview, Observation, RoadMap, RoadMapItem
from app.policy import SYSTEM, Actor, Permission
from app.roadmaps import Chosen, Signs, choose, load_blocks
from app.terms import DocumentKind, EventKind, RoadMapStatus, TaskKind, TaskStatus
from app.workflows import execution, issuing, plan_events, road_map_papers, stage_clock
from app.workflows.case import open_case_of, record
from app.workflows.road_map_guards import of_case

S = RoadMapStatus
BEING_WRITTEN = frozenset({S.PROPOSED, S.AGREED, S.RETURNED})
"""States in which measures may still be added and reworded."""
MOST_OWN = 30


@dataclass(frozen=True)
class OwnMeasure:
    """A measure that somebody adds by hand."""

    what: str
    evidence: str
    due_on: date
    result: str = ""
    is_obligatory: bool = False


def signs_of(session: Session, case: Case) -> Signs:
    """What is known of a case: its frozen flags, what the head named at the interview, what observers wrote down."""
    flags = session.scalars(select(Flag).where(Flag.case_id == case.id)).all()
    findings = [f for flag in flags for f in flag.frozen.get("findings", []) if f.get("sign")]
    interviews = session.scalars(select(Interview).where(Interview.case_id == case.id)).all()
    visits = session.scalars(select(Observation).where(Observation.case_id == case.id)).all()
    return Signs(
        mechanisms=frozenset(str(flag.frozen.get("summary", {}).get("resembles") or "") for flag in flags) - {""},
        families=frozenset(str(f.get("family", "")) for f in findings) - {""},
        detectors=frozenset(str(f.get("detector", "")) for f in findings) - {""},
        reasons=frozenset(reason for interview in interviews for reason in interview.reasons),
        violations=frozenset(violation for visit in visits for violation in visit.violations),
    )


def proposals(session: Session, case: Case) -> list[Chosen]:
    """Blocks that fit the case, with the words they fit by."""
    return choose(load_blocks(), signs_of(session, case))


def propose(session: Session, case_id: int, block_ids: Sequence[str], *, actor: Actor, at: datetime) -> RoadMap:
    """Propose a road map made of the chosen blocks; the recommendations go out with it.

    Raises
    ------
    NotPermitted, NotFound, Refused
        Refused: the case has one already, no block was chosen, or a block does not exist.
    """
    policy.require(actor, Permission.ROADMAP_KEEP)
    case = open_case_of(session, case_id)
    blocks = load_blocks()
    known = {block.id: block for block in blocks.blocks}
    if of_case(session, case.id) is not None:
        raise Refused(
            Reason("has_road_map", "У дела уже есть дорожная карта.", "The case has a road map already.", "#roadmap")
        )
    if not block_ids or set(block_ids) - known.keys():
        raise Refused(
            Reason("no_block", "Отметьте хотя бы один блок из списка.", "Tick at least one block of the list.")
        )
    because = {chosen.block.id: chosen.because for chosen in proposals(session, case)}
    chosen = [block for block in blocks.blocks if block.id in set(block_ids)]
    road_map = RoadMap(
        case_id=case.id,
        blocks=[
            {
                "id": block.id,
                "title": block.title,
                "title_en": block.title_en,
                "recommendation": block.recommendation,
                "recommendation_en": block.recommendation_en,
                "because": [term.ru for term in because.get(block.id, ())],
                "because_en": [term.en for term in because.get(block.id, ())],
            }
            for block in chosen
        ],
        blocks_version=blocks.version,
        proposed_by_name=actor.name,
        proposed_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(road_map)
    session.flush()
    calendar, anchors = _time(session, case, day_of(at))
    for block in chosen:
        for measure in block.measures:
            due = plan_events.first_due(measure.rule, anchors, calendar, day_of(at))
            item = RoadMapItem(
                road_map=road_map,
                case_id=case.id,
                key=f"{block.id}:{measure.id}",
                block=block.title,
                kind=measure.kind,
                what=measure.what,
                result=measure.result,
                evidence=measure.evidence,
                roles=[role.value for role in measure.roles],
                is_obligatory=measure.is_obligatory,
                rule=measure.rule.to_json(),
                municipality_id=case.municipality_id,
                school_id=case.school_id,
            )
            if due is not None:
                item.take(due)
            session.add(item)
    session.flush()
    issuing.request_document(
        session,
        case,
        DocumentKind.RECOMMENDATIONS,
        f"road_map:{road_map.id}",
        f"{case.number}/р",
        road_map_papers.recommendations(session, case, road_map, on=day_of(at)),
        at=at,
    )
    facts = {"blocks": list(block_ids), "version": blocks.version}
    record(session, case, "roadmap:propose", actor=actor, at=at, facts=facts)
    return road_map


def add_item(
    session: Session, road_map_id: int, own: OwnMeasure, *, actor: Actor, at: datetime, expected_version: int
) -> RoadMapItem:
    """Add a measure by hand while the road map is being written; the school adds its own this way."""
    policy.require(actor, Permission.ROADMAP_ANSWER)
    case, road_map = _locked(session, road_map_id, expected_version)
    _being_written(road_map)
    own_items = [item for item in road_map.items if item.key.startswith("own:")]
    reasons = []
    if len(own.what.strip()) < execution.SHORTEST_REASON:
        reasons.append(
            Reason("short", "Опишите мероприятие хотя бы одним предложением.", "Describe the measure in a sentence.")
        )
    if len(own.evidence.strip()) < 3:
        reasons.append(Reason("no_evidence", "Скажите, чем его подтвердить.", "Say what will prove it."))
    if own.due_on < day_of(at):
        reasons.append(Reason("past", "Срок уже прошёл; выберите день впереди.", "The day is past already."))
    if len(own_items) >= MOST_OWN:
        reasons.append(Reason("too_many", f"Своих мероприятий не больше {MOST_OWN}.", f"At most {MOST_OWN}."))
    if own.is_obligatory and not actor.may(Permission.ROADMAP_KEEP):
        reasons.append(
            Reason(
                "not_yours",
                "Обязательным мероприятие делает отдел или куратор.",
                "The department or the curator makes a measure obligatory.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    item = RoadMapItem(
        road_map=road_map,
        case_id=case.id,
        key=f"own:{len(own_items) + 1}",
        block="Мероприятия школы",
        kind=TaskKind.OTHER,
        what=own.what.strip(),
        result=own.result.strip(),
        evidence=own.evidence.strip(),
        roles=["schools"],
        is_obligatory=own.is_obligatory,
        due_on=own.due_on,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(item)
    session.flush()
    record(session, case, "roadmap:add", actor=actor, at=at, facts={"item_id": item.id})
    return item


def agree(session: Session, road_map_id: int, *, actor: Actor, at: datetime, expected_version: int) -> RoadMap:
    """The school agrees to what was proposed."""
    policy.require(actor, Permission.ROADMAP_ANSWER)
    case, road_map = _locked(session, road_map_id, expected_version)
    _stands(road_map, S.PROPOSED)
    road_map.status, road_map.agreed_by_name, road_map.agreed_at = S.AGREED, actor.name, at
    session.flush()
    record(session, case, "roadmap:agree", actor=actor, at=at)
    return road_map


def submit(
    session: Session, road_map_id: int, *, actor: Actor, at: datetime, expected_version: int, note: str = ""
) -> RoadMap:
    """Hand the agreed (or corrected) road map over for the check, with the local acts attached to its measures."""
    policy.require(actor, Permission.ROADMAP_ANSWER)
    case, road_map = _locked(session, road_map_id, expected_version)
    _stands(road_map, S.AGREED, S.RETURNED)
    if not road_map.items:
        raise Refused(
            Reason("empty", "В карте нет ни одного мероприятия: добавьте их.", "The road map holds no measure.")
        )
    road_map.status, road_map.submitted_at = S.SUBMITTED, at
    road_map.submitted_by_id, road_map.submitted_by_name = actor.user_id, actor.name
    session.flush()
    record(session, case, "roadmap:submit", actor=actor, at=at, reason=note.strip())
    return road_map


def send_back(
    session: Session, road_map_id: int, remarks: str, *, actor: Actor, at: datetime, expected_version: int
) -> RoadMap:
    """Return a submitted road map for correction, with remarks."""
    policy.require(actor, Permission.ROADMAP_KEEP)
    case, road_map = _locked(session, road_map_id, expected_version)
    _stands(road_map, S.SUBMITTED)
    _second_person(road_map, actor)
    road_map.remarks = execution.said(remarks)
    road_map.status, road_map.n_returns = S.RETURNED, road_map.n_returns + 1
    road_map.decided_by_name, road_map.decided_at = actor.name, at
    session.flush()
    record(session, case, "roadmap:return", actor=actor, at=at, reason=road_map.remarks)
    return road_map


def accept(session: Session, road_map_id: int, *, actor: Actor, at: datetime, expected_version: int) -> RoadMap:
    """Accept a submitted road map; its paper is issued."""
    policy.require(actor, Permission.ROADMAP_KEEP)
    case, road_map = _locked(session, road_map_id, expected_version)
    _stands(road_map, S.SUBMITTED)
    _second_person(road_map, actor)
    road_map.status, road_map.remarks = S.ACCEPTED, ""
    road_map.decided_by_name, road_map.decided_at = actor.name, at
    session.flush()
    issuing.request_document(
        session,
        case,
        DocumentKind.SCHOOL_ROAD_MAP,
        f"road_map:{road_map.id}",
        f"{case.number}/к",
        road_map_papers.road_map(session, case, road_map, on=day_of(at)),
        at=at,
    )
    stage_clock.refresh(session, case)
    record(session, case, "roadmap:accept", actor=actor, at=at)
    return road_map


def follow_events(session: Session, case: Case, *, at: datetime) -> None:
    """Date the open, unpinned measures of a case anew from its events, and journal what moved."""
    road_map = of_case(session, case.id)
    if road_map is None or case.state == CLOSED:
        return
    calendar, anchors = _time(session, case, day_of(road_map.proposed_at))
    moved = {}
    for item in road_map.items:
        if item.status is not TaskStatus.PLANNED or item.is_pinned or item.rule is None:
            continue
        due = plan_events.first_due(parse_rule(item.rule), anchors, calendar, day_of(road_map.proposed_at))
        if due is not None and (due.starts_on, due.due_on) != (item.starts_on, item.due_on):
            item.take(due)
            moved[item.key] = due.due_on.isoformat() if due.due_on else None
    session.flush()
    if moved:
        stage_clock.refresh(session, case)
        record(session, case, "roadmap:follow", actor=SYSTEM, at=at, facts={"items": moved})


def _time(session: Session, case: Case, proposed_on: date) -> tuple[Any, list[Any]]:
    anchors = plan_events.events_of_case(session, case)
    if not any(anchor.detail == "interview" for anchor in anchors):
        # Until the interview is recorded as a move, its days count from the day of the proposal.
        anchors.append(Anchor(EventKind.CASE_MOVE, proposed_on, detail="interview", key="move-interview"))
    return plan_events.calendar_of(session, case.municipality_id), anchors


def _locked(session: Session, road_map_id: int, expected_version: int) -> tuple[Case, RoadMap]:
    road_map = session.scalars(select(RoadMap).where(RoadMap.id == road_map_id)).first()
    if road_map is None:
        raise NotFound("Дорожной карты нет, или она относится к другой территории.")
    case = open_case_of(session, road_map.case_id)
    session.refresh(road_map)
    if road_map.version != expected_version:
        raise Conflict("Дорожную карту уже изменил другой человек. Проверьте и отправьте ещё раз.")
    return case, road_map


def _being_written(road_map: RoadMap) -> None:
    if road_map.status not in BEING_WRITTEN:
        raise Refused(
            Reason(
                "not_being_written",
                f"Карта сейчас: {road_map.status.ru}. Дополнять её можно до проверки или после возврата.",
                f"The road map is {road_map.status.en}. It can be added to before the check or after a return.",
            )
        )


def _stands(road_map: RoadMap, *wanted: RoadMapStatus) -> None:
    if road_map.status not in wanted:
        raise Refused(
            Reason(
                "out_of_place",
                f"Карта сейчас: {road_map.status.ru}. Такого шага из этого состояния нет; обновите страницу.",
                f"The road map is {road_map.status.en}; there is no such step from here. Reload the page.",
            )
        )


def _second_person(road_map: RoadMap, actor: Actor) -> None:
    if actor.user_id is not None and road_map.submitted_by_id == actor.user_id:
        raise Refused(
            Reason(
                "same_person",
                "Карту представили вы сами: проверяет её другой человек.",
                "You submitted the road map yourself: another person checks it.",
            )
        )
