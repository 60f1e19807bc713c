"""Dynamics of a school under a case: reviewed in January and July; a measure only after years without improvement."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of, first_moment
from app.dynamics import Judgement, YearSigns, judge, load_rules, period_of
from app.errors import Conflict, Reason, Refused
from app.models import AdminMeasure, Case, DynamicsReview, Finding, Flag, LowResultsFlag, OutboxJob, ScreeningRun
from app.policy import Actor, Permission
from app.terms import SHOWN_FAMILIES, AdminMeasureKind, CaseKind, FindingOutcome, JobStatus, RunStatus
from app.workflows import closures
from app.workflows.case import open_case_of, record
from app.workflows.side_rules import reason_faults


@dataclass(frozen=True)
class MeasureForm:
    kind: AdminMeasureKind
    order_number: str
    issued_on: date
    addressee: str
    grounds: str


def dynamics_of(session: Session, case: Case, on: date) -> Judgement:
    """What the school's years show since the first episode of the case was opened."""
    first = closures.chain(session, case)[0]
    return judge(yearly_signs(session, case, since=first.year), day_of(first.opened_at), load_rules(), on)


def yearly_signs(session: Session, case: Case, *, since: int) -> list[YearSigns]:
    """Of each screened year from `since` on: how many of the school's assessed papers showed signs.

    A year is told by its newest run whose flags were raised; of a case of low results by the newest run on which low
    results were looked for, and its signs are theirs.
    """
    if case.kind is CaseKind.LOW_RESULTS:
        return _yearly_low_results(session, case, since)
    runs = session.execute(
        select(ScreeningRun.year, func.max(ScreeningRun.id))
        .where(ScreeningRun.status == RunStatus.DONE, ScreeningRun.raised_at.is_not(None), ScreeningRun.year >= since)
        .group_by(ScreeningRun.year)
        .order_by(ScreeningRun.year)
    ).all()
    return [_year(session, case, year, run_id) for year, run_id in runs]


def measure_objections(judgement: Judgement, on: date) -> list[Reason]:
    """Why an administrative measure may not be recorded on this day; empty when it may."""
    if judgement.is_allowed:
        return []
    day, years = judgement.allowed_from, judgement.years
    if on < day:
        return [
            Reason(
                "too_early",
                f"Сначала помощь: мера возможна не раньше {day:%d.%m.%Y} и только если положительной динамики не будет "
                f"{years} года подряд (период идёт с {judgement.since:%d.%m.%Y}).",
                f"Help comes first: a measure is possible from {day:%Y-%m-%d} and only after {years} years in a row "
                f"without positive dynamics (the period began on {judgement.since:%Y-%m-%d}).",
            )
        ]
    return [
        Reason(
            "not_shown",
            f"Лет без положительной динамики, которые удалось оценить: {judgement.n_without} из {years}. Мера станет "
            "возможна, когда результаты проверки следующего года это покажут.",
            f"Assessed years without positive dynamics: {judgement.n_without} of {years}. A measure becomes possible "
            "when the screening of a further year shows it.",
        )
    ]


def record_measure(session: Session, case_id: int, form: MeasureForm, *, actor: Actor, at: datetime) -> AdminMeasure:
    """Record an administrative measure; the dynamics that allow it are frozen beside it.

    Raises
    ------
    Refused
        The rule of years does not allow a measure yet (with the day from which it can), or the form is incomplete.
    """
    policy.require(actor, Permission.CASE_MEASURE)
    case = open_case_of(session, case_id)
    judgement = dynamics_of(session, case, day_of(at))
    reasons = measure_objections(judgement, day_of(at))
    if not form.order_number.strip():
        reasons.append(Reason("no_number", "Укажите номер приказа.", "Give the order's number."))
    if form.issued_on > day_of(at):
        reasons.append(Reason("future", "Дата приказа ещё не наступила.", "The day of the order is still ahead."))
    if judgement.is_allowed and form.issued_on < judgement.allowed_from:
        reasons.append(
            Reason(
                "order_too_early",
                f"Приказ издан раньше дня, с которого мера возможна ({judgement.allowed_from:%d.%m.%Y}).",
                f"The order precedes the day from which a measure is possible ({judgement.allowed_from}).",
            )
        )
    if not form.addressee.strip():
        reasons.append(Reason("nobody", "Укажите, к кому применена мера.", "Say to whom the measure applies."))
    reasons += reason_faults(form.grounds, "Опишите основания: какая помощь оказана и что показали годы.")
    if reasons:
        raise Refused(*reasons)
    measure = AdminMeasure(
        case_id=case.id,
        kind=form.kind,
        order_number=form.order_number.strip(),
        issued_on=form.issued_on,
        addressee=form.addressee.strip(),
        grounds=form.grounds.strip(),
        found=frozen(judgement),
        recorded_by_id=actor.user_id,
        recorded_by_name=actor.name,
        recorded_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(measure)
    session.flush()
    facts = {"measure": form.kind.value, "order": measure.order_number, **measure.found}
    record(session, case, "measure:record", actor=actor, at=at, reason=measure.grounds, facts=facts)
    return measure


def record_review(session: Session, case_id: int, note: str, *, actor: Actor, at: datetime, on: date) -> DynamicsReview:
    """Record the review of the present period: what the years show on the day `on`, and what follows from it.

    Raises
    ------
    Refused, Conflict
        Conflict: the period of this case has been reviewed.
    """
    policy.require(actor, Permission.CASE_MEASURE)
    case = open_case_of(session, case_id)
    period = period_of(on, load_rules())
    if _review(session, case.id, period) is not None:
        raise Conflict("Динамику за этот период уже сверили: посмотрите запись на странице дела.", version=case.version)
    reasons = reason_faults(note, "Напишите, что решили по итогам сверки: какая помощь продолжается, что изменится.")
    if reasons:
        raise Refused(*reasons)
    judgement = dynamics_of(session, case, on)
    review = DynamicsReview(
        case_id=case.id,
        period=period,
        dynamics=judgement.dynamics,
        found=frozen(judgement),
        note=note.strip(),
        recorded_by_id=actor.user_id,
        recorded_by_name=actor.name,
        recorded_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(review)
    session.flush()
    facts = {"period": period.isoformat(), "dynamics": judgement.dynamics.value}
    record(session, case, "dynamics:review", actor=actor, at=at, reason=note.strip(), facts=facts)
    return review


def reviews_due(session: Session, on: date) -> list[Case]:
    """Open cases that were open when the period began and whose dynamics nobody has reviewed in it, strongest first."""
    period = period_of(on, load_rules())
    begin = first_moment(date(period.year, period.month, 1))
    done = select(DynamicsReview.id).where(DynamicsReview.case_id == Case.id, DynamicsReview.period == period).exists()
    return list(
        session.scalars(
            select(Case)
            .where(and_(Case.closed_at.is_(None), Case.opened_at < begin, ~done))
            .order_by(Case.evidence.desc(), Case.id)
        )
    )


def of_case(session: Session, case_id: int) -> tuple[list[DynamicsReview], list[AdminMeasure]]:
    """Reviews and measures of a case, the newest first."""
    reviews = select(DynamicsReview).where(DynamicsReview.case_id == case_id).order_by(DynamicsReview.id.desc())
    measures = select(AdminMeasure).where(AdminMeasure.case_id == case_id).order_by(AdminMeasure.id.desc())
    return list(session.scalars(reviews)), list(session.scalars(measures))


def frozen(judgement: Judgement) -> dict[str, Any]:
    """A judgement as plain values, with the version of the rules."""
    return {
        "rules": load_rules().version,
        "since": judgement.since.isoformat(),
        "allowed_from": judgement.allowed_from.isoformat(),
        "n_without": judgement.n_without,
        "years": judgement.years,
        "is_allowed": judgement.is_allowed,
        "steps": [{**asdict(step), "dynamics": step.dynamics.value} for step in judgement.steps],
    }


def _review(session: Session, case_id: int, period: date) -> DynamicsReview | None:
    return session.scalars(
        select(DynamicsReview).where(DynamicsReview.case_id == case_id, DynamicsReview.period == period)
    ).first()


def _yearly_low_results(session: Session, case: Case, since: int) -> list[YearSigns]:
    asked = (
        select(ScreeningRun.year, ScreeningRun.id, OutboxJob.created_at)
        .join(OutboxJob, OutboxJob.subject_id == ScreeningRun.id)
        .where(
            OutboxJob.kind == "find_low_results",
            OutboxJob.status == JobStatus.DONE,
            ScreeningRun.status == RunStatus.DONE,
            ScreeningRun.year >= since,
        )
        .order_by(ScreeningRun.year, ScreeningRun.id)
    )
    newest = {year: (run_id, at) for year, run_id, at in session.execute(asked)}
    years = []
    for year, (run_id, at) in newest.items():
        flag = session.scalars(
            select(LowResultsFlag).where(LowResultsFlag.run_id == run_id, LowResultsFlag.school_id == case.school_id)
        ).first()
        signs = {(sign["subject"], sign["grade"]) for sign in flag.frozen["signs"]} if flag is not None else set()
        years.append(YearSigns(year, day_of(at), len(_papers(session, case, run_id) | signs), len(signs)))
    return years


def _papers(session: Session, case: Case, run_id: int) -> set[tuple[str, int | None]]:
    """The school's papers that a run could assess."""
    found = session.execute(
        select(Finding.subject, Finding.grade)
        .where(
            Finding.run_id == run_id,
            Finding.school_id == case.school_id,
            Finding.outcome == FindingOutcome.ASSESSED,
            Finding.family.not_in(SHOWN_FAMILIES),
            Finding.subject != "",
        )
        .distinct()
    )
    return {(subject, grade) for subject, grade in found}


def _year(session: Session, case: Case, year: int, run_id: int) -> YearSigns:
    papers = _papers(session, case, run_id)
    flag = session.scalars(select(Flag).where(Flag.run_id == run_id, Flag.school_id == case.school_id)).first()
    frozen_findings = flag.frozen.get("findings", []) if flag is not None else []
    signs = {(item["subject"], item["grade"]) for item in frozen_findings if item.get("sign") and item.get("subject")}
    raised_at = session.scalar(select(ScreeningRun.raised_at).where(ScreeningRun.id == run_id))
    assert raised_at is not None
    return YearSigns(year, day_of(raised_at), len(papers | signs), len(signs))


def period(on: date) -> date:
    """First day of the review period that `on` belongs to."""
    return period_of(on, load_rules())
