"""The guards of the case: conditions of its moves, each answering with the reason and a link to what is missing.

Guards are documents and facts, never dates alone: departments differ in the order of the year, not in what must be on
paper.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.days import day_of
from app.errors import Reason
from app.flows.vocabulary import FIELDS
from app.models import Conclusion, CuratorOrder, Document, Interview, Observation, Recheck
from app.rechecks import load_rules, works_needed
from app.terms import GROSS_VIOLATIONS, DocumentKind, Duty, RecheckOutcome, RecheckStatus, Verdict, VisitStatus
from app.workflows import independence
from app.workflows.declarations import NOT_DECLARED, is_declared
from app.workflows.machine import Question
from app.workflows.road_map_guards import obligatory_items_settled, road_map_accepted


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
    if order.until < day_of(q.at):
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
    school_id, today = _school_of(q), day_of(q.at)
    told = independence.objections_to_user(q.session, order.curator_id, school_id, Duty.CURATOR, today, is_new=False)
    if told:
        return told[0]
    if not order.no_conflict_declared and not is_declared(q.session, order.curator_id, school_id, today):
        return NOT_DECLARED
    return None


def _act_of_trained_observer(q: Question, acts: int = 1) -> Reason | None:
    found = q.session.scalars(
        select(Observation).where(Observation.case_id == q.case.id, Observation.status == VisitStatus.DONE)
    ).all()
    if not found:
        return Reason(
            "no_act",
            "Нет акта наблюдения. Назначьте наблюдателя и внесите акт после визита.",
            "There is no act of observation. Schedule an observer and record the act after the visit.",
            "#observation",
        )
    good = [act for act in found if act.trained_until and act.held_on and act.trained_until >= act.held_on]
    if not good:
        return Reason(
            "observer_untrained",
            "Ни один акт не составлен наблюдателем с действующим обучением на день визита.",
            "No act was made by an observer whose training was valid on the day of the visit.",
            "#observation",
        )
    if len(good) < acts:
        return Reason(
            "too_few_acts",
            f"Актов обученных наблюдателей {len(good)}, нужно не меньше {acts}. Назначьте ещё одно наблюдение.",
            f"There are {len(good)} acts of trained observers; at least {acts} are needed. Schedule another one.",
            "#observation",
        )
    return None


def _sample_is_remarked(q: Question, works: int = 0) -> Reason | None:
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
    marked = sum(recheck.n_sample or 0 for recheck in rechecks if recheck.status is RecheckStatus.MARKED)
    if marked < works:
        return Reason(
            "too_few_works",
            f"Перепроверено работ: {marked}, нужно не меньше {works}. Назначьте ещё одну выборку.",
            f"{marked} works have been re-marked; at least {works} are needed. Order a further sample.",
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
    if any(recheck.outcome is RecheckOutcome.CONFIRMED for recheck in _newest_marked(q)):
        return Reason(
            "recheck_confirmed",
            "Перепроверка подтвердила признаки: снять их нельзя. Закройте дело с выводом «признаки подтверждены».",
            "The recheck confirmed the signs: they cannot be dismissed. Close the case as confirmed.",
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


def _newest_marked(q: Question) -> list[Recheck]:
    """The newest completed recheck of each paper: a larger sample replaces a smaller one."""
    rechecks = q.session.scalars(
        select(Recheck).where(Recheck.case_id == q.case.id, Recheck.status == RecheckStatus.MARKED).order_by(Recheck.id)
    )
    return list({(recheck.year, recheck.subject, recheck.grade): recheck for recheck in rechecks}.values())


def _verdict_follows_recheck(q: Question) -> Reason | None:
    conclusion, last = latest(q.session, Conclusion, q.case.id), _newest_marked(q)
    if conclusion is None or not last:
        return None  # other guards say what is missing
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
    if conclusion is None or conclusion.verdict not in (Verdict.NOT_CONFIRMED, Verdict.DISMISSED):
        return None
    acts = q.session.scalars(
        select(Observation).where(Observation.case_id == q.case.id, Observation.status == VisitStatus.DONE)
    )
    for act in acts:
        gross = [violation for violation in GROSS_VIOLATIONS if violation.value in act.violations]
        if gross:
            return Reason(
                "gross_violation",
                f"В акте № {act.act_number} грубое нарушение: {gross[0].ru}. С ним признаки не снимают, и "
                "дело не закрывается как неподтверждённое.",
                f"Act {act.act_number} records a gross violation: {gross[0].en}. The signs cannot be dismissed, nor "
                "can the case close as not confirmed.",
                "#observation",
            )
    return None


def _document_is_issued(q: Question, kind: str) -> Reason | None:
    title = DocumentKind(kind)
    found = q.session.scalars(
        select(Document.id).where(Document.case_id == q.case.id, Document.kind == title, Document.sha256.is_not(None))
    ).first()
    if found is None:
        return Reason(
            "no_document",
            f"Документ «{title.ru}» ещё не оформлен. Внесите то, по чему он оформляется, и дождитесь PDF.",
            f"“{title.en}” has not been issued yet. Enter what it is made from and wait for the PDF.",
        )
    return None


def _field_is_filled(q: Question, field: str) -> Reason | None:
    # `curator` is the one field so far; a further one gets its column and its form here.
    if {"curator": q.case.curator_id}[field] is None:
        ru, en = FIELDS[field]
        return Reason("no_field", f"Не заполнено: {ru}.", f"Not filled in: {en}.", {"curator": "#assignment"}[field])
    return None


CHECKS: dict[str, Callable[..., Reason | None]] = {
    "protocol": _interview_has_protocol,
    "order": _order_appoints_curator,
    "independent": _curator_is_independent,
    "act": _act_of_trained_observer,
    "remarked": _sample_is_remarked,
    "conclusion": _conclusion_proposed,
    "dismissal": _dismissal_proposed,
    "follows": _verdict_follows_recheck,
    "clean": _no_gross_violation,
    "road_map_accepted": road_map_accepted,
    "road_map_settled": obligatory_items_settled,
    "second": _approved_by_second_person,
    "document": _document_is_issued,
    "field": _field_is_filled,
}
"""A guard's name in a workflow's file → its function; names, titles and parameters stand in `app.flows.vocabulary`."""
