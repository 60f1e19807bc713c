"""Measures of a school's road map: done with evidence, waived, moved with a reason, taken up again."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.errors import NotFound, Reason, Refused
from app.models import Case, RoadMapItem
from app.policy import Actor, Permission
from app.storage import ObjectStore
from app.terms import RoadMapStatus
from app.workflows import execution, road_maps, stage_clock
from app.workflows.case import open_case_of, record
from app.workflows.execution import Report


def complete(
    session: Session,
    store: ObjectStore,
    item_id: int,
    report: Report,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int,
) -> RoadMapItem:
    """Mark a measure as done with its evidence; the school may do so before the road map is accepted."""
    policy.require(actor, Permission.ROADMAP_ANSWER)
    case, item = _item(session, item_id, expected_version)
    if item.road_map.status is RoadMapStatus.PROPOSED:
        raise Refused(
            Reason(
                "not_agreed",
                "Сначала согласуйте карту: пока она только предложена.",
                "Agree to the road map first: it is only proposed.",
            )
        )
    execution.done(session, item, item.kind, report, store, actor=actor, at=at)
    stage_clock.refresh(session, case)
    facts = {"item_id": item.id, "key": item.key, "file": item.file_sha256, "link": item.link}
    record(session, case, "roadmap:done", actor=actor, at=at, reason=item.note, facts=facts)
    return item


def waive(
    session: Session, item_id: int, reason: str, *, actor: Actor, at: datetime, expected_version: int
) -> RoadMapItem:
    """Take a measure off, with a reason; not for the school to do."""
    policy.require(actor, Permission.ROADMAP_KEEP)
    case, item = _item(session, item_id, expected_version)
    execution.waive(session, item, reason, actor=actor, at=at)
    stage_clock.refresh(session, case)
    record(session, case, "roadmap:waive", actor=actor, at=at, reason=reason, facts={"key": item.key})
    return item


def move(
    session: Session, item_id: int, due_on: date, reason: str, *, actor: Actor, at: datetime, expected_version: int
) -> RoadMapItem:
    """Pin another day for a measure, with a reason. The school may move days until it has submitted the road map."""
    policy.require(actor, Permission.ROADMAP_ANSWER)
    case, item = _item(session, item_id, expected_version)
    if not actor.may(Permission.ROADMAP_KEEP) and item.road_map.status not in road_maps.BEING_WRITTEN:
        raise Refused(
            Reason(
                "settled_days",
                "Карта уже на проверке или принята: сроки переносит отдел или куратор.",
                "The road map is submitted or accepted: the department or the curator moves its days.",
            )
        )
    before = execution.move(session, item, due_on, reason)
    stage_clock.refresh(session, case)
    facts = {"key": item.key, "from": before.isoformat() if before else None, "to": due_on.isoformat()}
    record(session, case, "roadmap:move", actor=actor, at=at, reason=reason, facts=facts)
    return item


def reopen(session: Session, item_id: int, reason: str, *, actor: Actor, at: datetime, expected_version: int) -> None:
    """Take a settled measure up again: its evidence did not convince."""
    policy.require(actor, Permission.ROADMAP_KEEP)
    case, item = _item(session, item_id, expected_version)
    why = execution.said(reason)
    facts = {"key": item.key, "status": item.status.value, "note": item.note, "file": item.file_sha256}
    execution.reopen(session, item)
    stage_clock.refresh(session, case)
    record(session, case, "roadmap:reopen", actor=actor, at=at, reason=why, facts=facts)


def _item(session: Session, item_id: int, expected_version: int) -> tuple[Case, RoadMapItem]:
    item = session.scalars(select(RoadMapItem).where(RoadMapItem.id == item_id)).first()
    if item is None:
        raise NotFound("Мероприятия нет, или оно относится к другой территории.")
    case = open_case_of(session, item.case_id)
    session.refresh(item)
    execution.fresh(item, expected_version)
    return case, item
