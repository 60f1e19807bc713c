"""The guards of the case: conditions of its moves, each answering with the reason and a link to what is missing.

Guards are documents and facts, never dates alone: departments differ in the order of the year, not in what must be on
paper.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Reason
from app.models import Conclusion, CuratorOrder, Interview, Observation, Recheck
from app.rechecks import load_rules, works_needed
from app.terms import GROSS_VIOLATIONS, Duty, RecheckOutcome, RecheckStatus, Verdict, VisitStatus
from app.workflows import independence
from app.workflows.declarations import NOT_DECLARED, computed, is_declared
from app.workflows.engine import FOR_EVERY_MOVE, Guard, Question


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


def _school_of(q: Question) -> int:
    assert q.case.school_id is not None  # a case is always a school's
    return q.case.school_id


def _curator_is_independent(q: Question) -> Reason | None:
    order = latest(q.session, CuratorOrder, q.case.id)
    if order is None:
        return Reason("no_curator", "Куратор ещё не назначен.", "No curator has been appointed yet.", "#assignment")
    school_id, today = _school_of(q), q.at.date()
    told = independence.objections_to_user(q.session, order.curator_id, school_id, Duty.CURATOR, today, is_new=False)
    if told:
        return told[0]
    if not order.no_conflict_declared and not is_declared(q.session, order.curator_id, school_id, today):
        return NOT_DECLARED
    return None


def _actor_is_independent(q: Question) -> Reason | None:
    """A curator or an inspector whose conflict came to light after the appointment moves the case no more."""
    if q.actor.user_id is None or q.actor.role not in independence.DUTIES_OF_ROLE:
        return None
    told = computed(q.session, q.actor.user_id, _school_of(q), q.at.date())
    return told[0] if told else None


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


PROTOCOL = Guard("protocol", "Протокол собеседования", "Interview protocol", _interview_has_protocol)
ORDER = Guard("order", "Приказ о назначении куратора", "Order appointing a curator", _order_appoints_curator)
INDEPENDENT = Guard(
    "independent",
    "Куратор из методической службы или объективной школы, без конфликта интересов",
    "Curator from a methodical service or an objective school, without conflict of interest",
    _curator_is_independent,
)
ACT = Guard(
    "act",
    "Акт обученного независимого наблюдателя",
    "Act of a trained independent observer",
    _act_of_trained_observer,
)
REMARKED = Guard("remarked", "Выборка перепроверена полностью", "Sample re-marked completely", _sample_is_remarked)
CONCLUSION = Guard("conclusion", "Вывод и основания предложены", "Verdict and grounds proposed", _conclusion_proposed)
DISMISSAL = Guard("dismissal", "Основание для снятия признака", "Grounds for dismissing the sign", _dismissal_proposed)
FOLLOWS = Guard(
    "follows", "Вывод следует из перепроверки", "Verdict follows from the recheck", _verdict_follows_recheck
)
CLEAN = Guard("clean", "В актах нет грубых нарушений", "No gross violation in the acts", _no_gross_violation)
ACTOR_INDEPENDENT = Guard(
    "actor_independent",
    "У того, кто переводит дело, нет конфликта интересов",
    "Whoever moves the case has no conflict of interest",
    _actor_is_independent,
)
FOR_EVERY_MOVE.append(ACTOR_INDEPENDENT)
SECOND = Guard("second", "Утверждает второй человек", "A second person approves", _approved_by_second_person)
