"""Decisions over many cases: a dry run that says what can be done and why the rest cannot, then a job, row by row.

Each row is a transaction of its own, made as the person who decided and under a request id of its own, so that a job
that is repeated does nothing twice. Everything happens at the moment of the decision; letters and documents that it
causes wait for the minutes in which it may be withdrawn (`app.workflows.bulk_withdrawal`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import policy
from app.context import AppContext
from app.database import acting
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import BulkDecision, BulkRow, Case, OutboxJob, User
from app.policy import SYSTEM, Actor, Permission
from app.terms import BulkKind, BulkRowStatus, BulkStatus
from app.workflows import bulk_verbs, journal, outbox
from app.workflows.definitions import state_of
from app.workflows.people import actor_for
from app.workflows.side_rules import load_rules, reason_faults

DRAFT_LIFE = timedelta(hours=12)
"""How long a dry run may be confirmed; after that too much may have changed."""


def try_dry(
    session: Session,
    kind: BulkKind,
    case_ids: Sequence[int],
    *,
    trigger: str = "",
    params: dict[str, Any] | None = None,
    filters: dict[str, Any] | None = None,
    reason: str,
    actor: Actor,
    at: datetime,
) -> BulkDecision:
    """Ask of every case whether the decision could be carried out now, and keep the answers; no case is changed.

    Parameters
    ----------
    trigger : str
        The move, for `BulkKind.MOVE`.
    params : dict
        ``until_on`` (ISO day) for a hold, ``person_id`` for a hand-over and an interview, ``reason_code`` for a move
        whose workflow lists reasons.
    filters : dict
        What the list was narrowed by, as it is shown on the page of the decision.

    Raises
    ------
    Refused
        No cases, too many, or the form is incomplete.
    """
    policy.require(actor, Permission.CASE_BULK)
    params = dict(params or {})
    reasons = _faults(session, kind, trigger, params, case_ids)
    reasons += reason_faults(reason, "Напишите одним предложением, почему принято это решение.")
    if reasons:
        raise Refused(*reasons)
    decision = BulkDecision(
        kind=kind,
        trigger=trigger,
        params=params,
        filters=filters or {},
        reason=reason.strip(),
        made_by_id=actor.user_id,
        made_by_name=actor.name,
        tried_at=at,
        municipality_id=actor.municipality_id,
    )
    session.add(decision)
    session.flush()
    verb = bulk_verbs.VERBS[kind]
    cases = session.scalars(select(Case).where(Case.id.in_(case_ids)).order_by(Case.id)).all()
    for case in cases:
        objections = verb.objections(session, decision, case, actor, at)
        status = BulkRowStatus.UNABLE if objections else BulkRowStatus.WAITING
        session.add(
            BulkRow(
                decision_id=decision.id,
                case_id=case.id,
                expected_version=case.version,
                status=status,
                reasons=[item.as_plain() for item in objections],
                municipality_id=case.municipality_id,
                school_id=case.school_id,
            )
        )
        decision.n_able += status is BulkRowStatus.WAITING
    decision.n_rows = len(cases)
    session.flush()
    return decision


def confirm(session: Session, decision_id: int, *, actor: Actor, at: datetime) -> BulkDecision:
    """Let the decision be carried out by a job; whoever saw the dry run confirms it, once.

    Raises
    ------
    Refused, Conflict
    """
    policy.require(actor, Permission.CASE_BULK)
    decision = locked(session, decision_id)
    if decision.status is not BulkStatus.DRAFT:
        raise Conflict("Решение уже подтверждено. Посмотрите, что сделано.")
    reasons = []
    if decision.made_by_id != actor.user_id:
        reasons.append(
            Reason(
                "not_yours",
                f"Подтверждает тот, кто примерил решение: {decision.made_by_name}. Сделайте свою примерку.",
                f"Whoever made the dry run confirms it: {decision.made_by_name}. Make one of your own.",
            )
        )
    if at - decision.tried_at > DRAFT_LIFE:
        reasons.append(
            Reason(
                "draft_old",
                "Примерка устарела: дела могли измениться. Примерьте решение заново.",
                "The dry run is old, the cases may have changed. Make a new one.",
            )
        )
    if not decision.n_able:
        reasons.append(
            Reason(
                "nothing_possible",
                "Ни по одному делу решение выполнить нельзя: причины в списке.",
                "The decision is possible for no case: the reasons are listed.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    decision.status, decision.confirmed_at = BulkStatus.QUEUED, at
    session.flush()
    outbox.add(session, "bulk_decision", decision.id, at=at)
    note(session, decision, "bulk:confirm", actor=actor, at=at, reason=decision.reason)
    return decision


def carry_out(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: carry the decision out, row by row."""
    with acting(context.sessions, SYSTEM) as session:
        decision = locked(session, job.subject_id)
        if decision.status is BulkStatus.QUEUED:
            decision.status = BulkStatus.RUNNING
        if decision.status is not BulkStatus.RUNNING or decision.confirmed_at is None:
            return lambda session: None
        actor = person(session, decision.made_by_id, decision.confirmed_at)
        waiting = rows_of(session, decision.id, BulkRowStatus.WAITING)
    for row_id in waiting:
        with acting(context.sessions, actor) as session:
            if not _carry_out_row(session, row_id, actor):
                break

    def finish(session: Session) -> None:
        decision = locked(session, job.subject_id)
        if decision.status is BulkStatus.RUNNING and not rows_of(session, decision.id, BulkRowStatus.WAITING):
            decision.status = BulkStatus.DONE
            session.flush()
            note(
                session, decision, "bulk:finish", actor=SYSTEM, at=job.created_at, facts=dict(counts(session, decision))
            )

    return finish


def _carry_out_row(session: Session, row_id: int, actor: Actor) -> bool:
    """Do one row in the caller's transaction; False when the decision has been withdrawn meanwhile."""
    row = session.get(BulkRow, row_id)
    if row is None:
        return True  # out of this person's sight by now
    decision = locked(session, row.decision_id)
    if decision.status is not BulkStatus.RUNNING:
        return False
    if not claim(session, row, BulkRowStatus.WAITING, BulkRowStatus.DONE):
        return True  # another worker was here first
    assert decision.confirmed_at is not None
    letters = timedelta(minutes=load_rules().letters_minutes)
    try:
        with session.begin_nested(), outbox.held_back(session, letters) as held:
            case = session.scalars(select(Case).where(Case.id == row.case_id).with_for_update(of=Case)).first()
            if case is None:
                raise NotFound("Дело не найдено или относится к другой территории.")
            session.refresh(case)
            if case.version != row.expected_version:
                raise Conflict(
                    f"После примерки дело продвинулось: сейчас оно в состоянии «{state_of(case).ru}».",
                    state=str(case.state),
                    version=case.version,
                )
            row.before = {
                "entered_at": case.entered_at.isoformat(),
                "curator_id": case.curator_id,
                "curator_name": case.curator_name,
            }
            made = bulk_verbs.VERBS[decision.kind].do(session, decision, case, actor, decision.confirmed_at)
            row.made = {**made, "jobs": list(held)}
            session.flush()
    except Conflict as conflict:
        _tell(row, BulkRowStatus.CHANGED, [Reason("changed", str(conflict))])
    except Refused as refused:
        _tell(row, BulkRowStatus.REFUSED, refused.reasons)
    except NotFound as missing:
        _tell(row, BulkRowStatus.REFUSED, [Reason("not_found", str(missing))])
    except IntegrityError:
        raced = Reason(
            "raced",
            "Дело в то же мгновение изменил другой человек.",
            "Somebody else changed the case at the same moment.",
        )
        _tell(row, BulkRowStatus.CHANGED, [raced])
    session.flush()
    return True


def _tell(row: BulkRow, status: BulkRowStatus, reasons: Iterable[Reason]) -> None:
    row.status, row.reasons, row.made = status, [item.as_plain() for item in reasons], {}


# ---- what the withdrawal shares ----


def locked(session: Session, decision_id: int) -> BulkDecision:
    """The decision, read anew and locked before any case of it.

    Raises
    ------
    NotFound
    """
    decision = session.scalars(
        select(BulkDecision)
        .where(BulkDecision.id == decision_id)
        .with_for_update(of=BulkDecision)
        .execution_options(populate_existing=True)
    ).first()
    if decision is None:
        raise NotFound("Решения нет, или оно относится к другой территории.")
    return decision


def claim(session: Session, row: BulkRow, source: BulkRowStatus, target: BulkRowStatus) -> bool:
    """Take a row from one status to another; False when somebody was first."""
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(BulkRow)
        .where(BulkRow.id == row.id, BulkRow.status == source)
        .values(status=target)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    return result.rowcount == 1


def rows_of(session: Session, decision_id: int, status: BulkRowStatus) -> list[int]:
    """Ids of the decision's rows in a status, by case, so that locks are taken in one order."""
    return list(
        session.scalars(
            select(BulkRow.id)
            .where(BulkRow.decision_id == decision_id, BulkRow.status == status)
            .order_by(BulkRow.case_id)
        )
    )


def counts(session: Session, decision: BulkDecision) -> Counter[str]:
    """Rows by status."""
    found = session.execute(
        select(BulkRow.status, func.count()).where(BulkRow.decision_id == decision.id).group_by(BulkRow.status)
    )
    return Counter({status.value: n for status, n in found})


def person(session: Session, user_id: int | None, at: datetime) -> Actor:
    """The person as the policy sees them now: rights lost since the decision are lost for its rows too."""
    user = session.get(User, user_id) if user_id is not None else None
    if user is None:
        raise Refused(
            Reason(
                "nobody", "Того, кто принял решение, больше нет в системе.", "Whoever decided is gone from the system."
            )
        )
    return actor_for(session, user, at)


def note(
    session: Session,
    decision: BulkDecision,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="bulk",
        subject_id=decision.id,
        reason=reason,
        facts={"kind": decision.kind.value, "rows": decision.n_rows, "able": decision.n_able, **(facts or {})},
        municipality_id=decision.municipality_id,
    )


def _faults(
    session: Session, kind: BulkKind, trigger: str, params: dict[str, Any], case_ids: Sequence[int]
) -> list[Reason]:
    found = []
    most = load_rules().most_cases
    if not case_ids:
        found.append(
            Reason(
                "no_cases",
                "Под фильтр не попало ни одного дела. Измените фильтр в списке дел.",
                "No case meets the filter. Change it in the list of cases.",
                "/cases/",
            )
        )
    if len(case_ids) > most:
        found.append(
            Reason(
                "too_many",
                f"Под фильтр попало больше {most} дел: сузьте его, например по муниципалитету.",
                f"More than {most} cases meet the filter: narrow it, for example by municipality.",
                "/cases/",
            )
        )
    if kind is BulkKind.MOVE and trigger not in bulk_verbs.triggers(session):
        found.append(Reason("no_trigger", "Выберите ход из списка.", "Choose a move from the list."))
    code = params.get("reason_code")
    if kind is BulkKind.MOVE and code is not None and code not in bulk_verbs.reason_codes(session, trigger):
        found.append(Reason("no_reason_code", "Выберите основание из списка.", "Choose a reason from the list."))
    if kind is BulkKind.HOLD and not _is_day(params.get("until_on")):
        found.append(Reason("no_day", "Укажите, до какого дня отложить дела.", "Say until which day."))
    if kind in (BulkKind.HANDOVER, BulkKind.INTERVIEW) and not isinstance(params.get("person_id"), int):
        found.append(Reason("no_person", "Выберите куратора из списка.", "Choose a curator from the list."))
    return found


def _is_day(text: Any) -> bool:
    try:
        return bool(date.fromisoformat(str(text)))
    except ValueError:
        return False
