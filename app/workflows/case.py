"""The case: its table of transitions, its guards, and the verbs that open, hand over and conclude it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import datafiles, policy
from app.errors import NotFound, Reason, Refused
from app.models import Case, Conclusion, CuratorOrder, Flag, Interview, Observation, Recheck, School, User
from app.policy import Actor, Permission
from app.rechecks import load_rules, works_needed
from app.terms import (
    GROSS_VIOLATIONS,
    CaseKind,
    CaseState,
    RecheckOutcome,
    RecheckStatus,
    Role,
    Verdict,
    VisitStatus,
)
from app.workflows import independence, journal
from app.workflows.engine import Guard, Question, Transition, make_workflow, register

WORKFLOW_VERSION = "objectivity-1"


def latest(session: Session, model: Any, case_id: int) -> Any:
    """The newest row of `model` that belongs to the case, or None."""
    return session.scalars(select(model).where(model.case_id == case_id).order_by(model.id.desc()).limit(1)).first()


def _interview_has_protocol(q: Question) -> Reason | None:
    if latest(q.session, Interview, q.case.id) is None:
        return Reason(
            "no_interview",
            "Нет протокола собеседования. Проведите собеседование с руководителем школы и заполните протокол.",
            "There is no interview protocol. Hold the interview with the head and fill in the protocol.",
            "#interview",
        )
    return None


def _order_appoints_curator(q: Question) -> Reason | None:
    order = latest(q.session, CuratorOrder, q.case.id)
    if order is None:
        return Reason(
            "no_order",
            "Нет приказа о назначении куратора.",
            "There is no order that appoints a curator.",
            "#assignment",
        )
    if order.until < q.at.date():
        return Reason(
            "order_expired",
            f"Срок приказа № {order.number} истёк {order.until:%d.%m.%Y}. Издайте новый приказ.",
            f"Order {order.number} expired on {order.until:%Y-%m-%d}. Issue a new one.",
            "#assignment",
        )
    return None


def _curator_is_independent(q: Question) -> Reason | None:
    order = latest(q.session, CuratorOrder, q.case.id)
    if order is None:
        return Reason("no_curator", "Куратор ещё не назначен.", "No curator has been appointed yet.", "#assignment")
    return independence.curator_objection(q.session, q.case, order.curator_id, order.no_conflict_declared)


def _act_of_trained_observer(q: Question) -> Reason | None:
    acts = q.session.scalars(
        select(Observation).where(Observation.case_id == q.case.id, Observation.status == VisitStatus.DONE)
    ).all()
    if not acts:
        return Reason(
            "no_act",
            "Нет акта наблюдения. Назначьте наблюдателя и внесите акт после визита.",
            "There is no act of observation. Schedule an observer and record the act after the visit.",
            "#observation",
        )
    if all(act.trained_until is None or act.held_on is None or act.trained_until < act.held_on for act in acts):
        return Reason(
            "observer_untrained",
            "Ни один акт не составлен наблюдателем с действующим обучением на день визита.",
            "No act was made by an observer whose training was valid on the day of the visit.",
            "#observation",
        )
    return None


def _sample_is_remarked(q: Question) -> Reason | None:
    rechecks = q.session.scalars(select(Recheck).where(Recheck.case_id == q.case.id)).all()
    if any(recheck.status in (RecheckStatus.REQUESTED, RecheckStatus.DRAWN) for recheck in rechecks):
        return Reason(
            "recheck_unfinished",
            "Перепроверка начата, но не все работы выборки перепроверены.",
            "A recheck has begun, but not every sampled work has been re-marked.",
            "#recheck",
        )
    if not any(recheck.status is RecheckStatus.MARKED for recheck in rechecks):
        return Reason(
            "no_recheck",
            "Нет перепроверки. Назначьте её и внесите баллы экспертов по всей выборке.",
            "There is no recheck. Order one and enter the experts' points for the whole sample.",
            "#recheck",
        )
    return None


def _conclusion_proposed(q: Question) -> Reason | None:
    conclusion = latest(q.session, Conclusion, q.case.id)
    if conclusion is None or conclusion.verdict is Verdict.DISMISSED:
        return Reason(
            "no_conclusion",
            "Нет предложения о закрытии с выводом и основаниями.",
            "There is no proposal to close with a verdict and its grounds.",
            "#conclusion",
        )
    return None


def _dismissal_proposed(q: Question) -> Reason | None:
    conclusion = latest(q.session, Conclusion, q.case.id)
    if conclusion is None or conclusion.verdict is not Verdict.DISMISSED:
        return Reason(
            "no_dismissal",
            "Нет предложения снять признак с основанием.",
            "There is no proposal to dismiss the sign with its grounds.",
            "#conclusion",
        )
    return None


def _approved_by_second_person(q: Question) -> Reason | None:
    conclusion = latest(q.session, Conclusion, q.case.id)
    if conclusion is not None and q.actor.user_id is not None and conclusion.proposed_by_id == q.actor.user_id:
        return Reason(
            "same_person",
            "Закрытие утверждает другой человек: предложение внесли вы сами.",
            "Another person has to approve the closure: you proposed it yourself.",
        )
    return None


def _verdict_follows_recheck(q: Question) -> Reason | None:
    conclusion = latest(q.session, Conclusion, q.case.id)
    rechecks = q.session.scalars(
        select(Recheck).where(Recheck.case_id == q.case.id, Recheck.status == RecheckStatus.MARKED).order_by(Recheck.id)
    ).all()
    if conclusion is None or not rechecks:
        return None  # other guards say what is missing
    # The newest recheck of each paper counts: a larger sample replaces a smaller one.
    last = {(recheck.year, recheck.subject, recheck.grade): recheck for recheck in rechecks}.values()
    unclear = [recheck for recheck in last if recheck.outcome is RecheckOutcome.INSUFFICIENT]
    if unclear:
        recheck = unclear[0]
        more = works_needed(recheck.n_sample, recheck.n_objective or 0, load_rules())
        return Reason(
            "recheck_insufficient",
            f"Перепроверка не даёт вывода: объективно оценены {recheck.n_objective} из {recheck.n_sample} работ, "
            f"данных недостаточно. Нужно ещё не меньше {more} работ без расхождений; назначьте увеличенную выборку.",
            f"The recheck decides nothing: {recheck.n_objective} of {recheck.n_sample} works were marked objectively. "
            f"At least {more} more without disagreement are needed; order a larger sample.",
            "#recheck",
        )
    found = (
        Verdict.CONFIRMED
        if any(recheck.outcome is RecheckOutcome.CONFIRMED for recheck in last)
        else Verdict.NOT_CONFIRMED
    )
    if conclusion.verdict is not found:
        return Reason(
            "verdict_contradicts",
            f"Вывод «{conclusion.verdict.ru}» расходится с перепроверкой: по ней {found.ru}.",
            f"The verdict “{conclusion.verdict.en}” contradicts the recheck: {found.en}.",
            "#conclusion",
        )
    return None


def _no_gross_violation(q: Question) -> Reason | None:
    conclusion = latest(q.session, Conclusion, q.case.id)
    if conclusion is None or conclusion.verdict is not Verdict.NOT_CONFIRMED:
        return None
    acts = q.session.scalars(
        select(Observation).where(Observation.case_id == q.case.id, Observation.status == VisitStatus.DONE)
    )
    for act in acts:
        gross = [violation for violation in GROSS_VIOLATIONS if violation.value in act.violations]
        if gross:
            return Reason(
                "gross_violation",
                f"В акте № {act.act_number} грубое нарушение: {gross[0].ru}. С ним дело не закрывается как "
                "неподтверждённое.",
                f"Act {act.act_number} records a gross violation: {gross[0].en}. It cannot close as not confirmed.",
                "#observation",
            )
    return None


def _closing(q: Question) -> dict[str, Any]:
    return {"closed_at": q.at, "verdict": latest(q.session, Conclusion, q.case.id).verdict}


_PROTOCOL = Guard("protocol", "Протокол собеседования", "Interview protocol", _interview_has_protocol)
_ORDER = Guard("order", "Приказ о назначении куратора", "Order appointing a curator", _order_appoints_curator)
_INDEPENDENT = Guard(
    "independent",
    "Куратор из методической службы или объективной школы, без конфликта интересов",
    "Curator from a methodical service or an objective school, without conflict of interest",
    _curator_is_independent,
)
_ACT = Guard(
    "act",
    "Акт обученного независимого наблюдателя",
    "Act of a trained independent observer",
    _act_of_trained_observer,
)
_REMARKED = Guard("remarked", "Выборка перепроверена полностью", "Sample re-marked completely", _sample_is_remarked)
_CONCLUSION = Guard("conclusion", "Вывод и основания предложены", "Verdict and grounds proposed", _conclusion_proposed)
_DISMISSAL = Guard("dismissal", "Основание для снятия признака", "Grounds for dismissing the sign", _dismissal_proposed)
_FOLLOWS = Guard(
    "follows", "Вывод следует из перепроверки", "Verdict follows from the recheck", _verdict_follows_recheck
)
_CLEAN = Guard("clean", "В актах нет грубых нарушений", "No gross violation in the acts", _no_gross_violation)
_SECOND = Guard("second", "Утверждает второй человек", "A second person approves", _approved_by_second_person)

_CLOSING = (_REMARKED, _CONCLUSION, _FOLLOWS, _CLEAN, _SECOND)
_DISMISSING = (_DISMISSAL, _SECOND)

S, P, T = CaseState, Permission, Transition
OBJECTIVITY: tuple[Transition, ...] = (
    # trigger, source, dest, permission, Russian, English, guards
    T(
        "interview",
        S.FLAGGED,
        S.INTERVIEW,
        P.CASE_INTERVIEW,
        "Отметить собеседование",
        "Record the interview",
        (_PROTOCOL,),
    ),
    T("assign", S.INTERVIEW, S.CURATOR_ASSIGNED, P.CASE_ASSIGN, "Назначить куратора", "Assign", (_ORDER, _INDEPENDENT)),
    T("observe", S.CURATOR_ASSIGNED, S.OBSERVED, P.CASE_OBSERVE, "Отметить наблюдение", "Record observation", (_ACT,)),
    T(
        "recheck",
        S.OBSERVED,
        S.RECHECKED,
        P.CASE_RECHECK,
        "Завершить перепроверку",
        "Complete the recheck",
        (_REMARKED,),
    ),
    T("close", S.RECHECKED, S.CLOSED, P.CASE_CLOSE, "Утвердить закрытие", "Approve closure", _CLOSING, _closing),
    T("dismiss", S.FLAGGED, S.CLOSED, P.CASE_CLOSE, "Снять признак", "Dismiss the sign", _DISMISSING, _closing, True),
    T("dismiss", S.INTERVIEW, S.CLOSED, P.CASE_CLOSE, "Снять признак", "Dismiss the sign", _DISMISSING, _closing, True),
)
"""The one table: buttons, refusals, journal, diagram and tests come from it."""

register([make_workflow("objectivity", WORKFLOW_VERSION, OBJECTIVITY)])


@cache
def stage_days() -> dict[CaseState, int]:
    """Calendar days a case is expected to stay in each open state (``app/data/stage_days.toml``)."""
    path = datafiles.DATA_DIR / "stage_days.toml"
    days = datafiles.load(path, keys={"days"}).body["days"]
    states = [state for state in CaseState if state is not CaseState.CLOSED]
    datafiles.require_keys(days, {state.value for state in states}, where=f"{path.name} [days]")
    return {state: int(days[state.value]) for state in states}


def open_case(session: Session, flag: Flag, *, actor: Actor, at: datetime, reason: str = "") -> Case:
    """Open a case for a flag, or add the flag to the school's open case; at most one is open a school."""
    policy.require(actor, Permission.CASE_OPEN)
    case = session.scalars(select(Case).where(Case.school_id == flag.school_id, Case.state != CaseState.CLOSED)).first()
    action = "flag:attach"
    if case is None:
        action = "case:open"
        case = Case(
            number=_next_number(session, flag.year),
            kind=CaseKind.OBJECTIVITY,
            workflow_version=WORKFLOW_VERSION,
            year=flag.year,
            tier=flag.tier,
            evidence=flag.evidence,
            opened_at=at,
            entered_at=at,
            municipality_id=flag.municipality_id,
            school_id=flag.school_id,
        )
        session.add(case)
        session.flush()
    flag.case_id = case.id
    session.flush()
    record(
        session, case, action, actor=actor, at=at, reason=reason, facts={"flag_id": flag.id, "tier": flag.tier.value}
    )
    return case


def hand_interview(session: Session, case_id: int, curator_id: int, *, actor: Actor, at: datetime) -> Case:
    """Ask a curator to hold the interview before any order is issued; the case comes into the curator's sight."""
    policy.require(actor, Permission.CASE_ASSIGN)
    case = open_case_of(session, case_id)
    curator = session.get(User, curator_id)
    if curator is None or curator.role is not Role.CURATOR or not curator.is_active:
        raise Refused(
            Reason(
                "not_a_curator", "Выберите действующего куратора из списка.", "Choose an active curator from the list."
            )
        )
    objection = independence.curator_objection(session, case, curator_id, is_declared=True)
    if objection is not None:
        raise Refused(objection)
    case.curator_id, case.curator_name = curator.id, curator.name
    session.flush()
    record(session, case, "case:hand_interview", actor=actor, at=at, facts={"curator_id": curator.id})
    return case


def propose(
    session: Session, case_id: int, verdict: Verdict, grounds: str, *, actor: Actor, at: datetime
) -> Conclusion:
    """Propose how the case ends, with grounds; another person approves by the move ``close`` or ``dismiss``."""
    policy.require(actor, Permission.CASE_CONCLUDE)
    case = open_case_of(session, case_id)
    if len(grounds.strip()) < 10:
        raise Refused(
            Reason(
                "no_grounds",
                "Опишите основания хотя бы одним предложением.",
                "State the grounds in at least one sentence.",
            )
        )
    allowed = (
        {Verdict.DISMISSED} if case.state in (S.FLAGGED, S.INTERVIEW) else {Verdict.CONFIRMED, Verdict.NOT_CONFIRMED}
    )
    if verdict not in allowed:
        raise Refused(
            Reason(
                "verdict_out_of_place",
                f"В состоянии «{case.state.ru}» такой вывод не предлагают.",
                f"This verdict cannot be proposed in “{case.state.en}”.",
            )
        )
    assert actor.user_id is not None  # the system proposes nothing
    conclusion = Conclusion(
        case_id=case.id,
        verdict=verdict,
        grounds=grounds.strip(),
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
        proposed_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(conclusion)
    session.flush()
    record(session, case, "case:propose", actor=actor, at=at, reason=grounds, facts={"verdict": verdict.value})
    return conclusion


def open_case_of(session: Session, case_id: int) -> Case:
    """The case, seen by the session's actor and still open.

    Raises
    ------
    NotFound, Refused
    """
    # Locked and read anew: on PostgreSQL a verb that waited behind a closing move must see the closed case. It also
    # keeps one order of locks, case before journal, in every verb.
    case = session.scalars(
        select(Case).where(Case.id == case_id).with_for_update(of=Case).execution_options(populate_existing=True)
    ).first()
    if case is None:
        raise NotFound("Дело не найдено или относится к другой территории.")
    if case.state is CaseState.CLOSED:
        raise Refused(
            Reason(
                "case_closed",
                "Дело закрыто; изменить в нём ничего нельзя.",
                "The case is closed; nothing in it can be changed.",
            )
        )
    return case


def record(
    session: Session,
    case: Case,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Journal what was done on a case."""
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="case",
        subject_id=case.id,
        reason=reason,
        facts=facts,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )


def _next_number(session: Session, year: int) -> str:
    prefix = f"{year}-"
    last = (
        session.connection()
        .execute(select(func.max(Case.__table__.c.number)).where(Case.__table__.c.number.like(f"{prefix}%")))
        .scalar()
    )
    return f"{prefix}{(int(last.removeprefix(prefix)) if last else 0) + 1:04d}"


__all__ = [
    "OBJECTIVITY",
    "WORKFLOW_VERSION",
    "School",
    "hand_interview",
    "open_case",
    "open_case_of",
    "propose",
    "record",
]
