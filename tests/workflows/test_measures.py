"""Help before punishment: the dynamics of a case, its reviews, and the measure that waits for two years."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, NotPermitted, Refused
from app.models import AdminMeasure, Case, Finding, JournalEntry, LowResultsFlag, OutboxJob, ScreeningRun
from app.terms import AdminMeasureKind, CaseKind, Dynamics, Family, FindingLevel, FindingOutcome, JobStatus, Verdict
from app.workflows import measures
from app.workflows.measures import MeasureForm
from tests import factories
from tests.people import Cast

OPENED = datetime(2024, 10, 1, 9, 0, tzinfo=UTC)
NOTE = "Помощь продолжается: курсы для учителей математики в марте."


def screened(session: Session, school, year: int, n_signs: int, n_papers: int = 8) -> None:
    """A run of the year in which `n_signs` of the school's papers showed signs."""
    run = factories.make_run(session, year=year, raised_at=datetime(year, 9, 20, 9, 0, tzinfo=UTC))
    papers = [("ma", grade) for grade in range(4, 4 + n_papers)]
    session.add_all(
        Finding(
            run_id=run.id,
            year=year,
            subject=subject,
            grade=grade,
            detector="boundary_push",
            family=Family.BOUNDARY,
            n=60,
            level=FindingLevel.FULL,
            outcome=FindingOutcome.ASSESSED,
            **factories.place(school),
        )
        for subject, grade in papers
    )
    if n_signs:
        findings = [{"subject": s, "grade": g, "sign": True} for s, g in papers[:n_signs]]
        factories.make_flag(session, school, run, year=year, frozen={"findings": findings})
    session.flush()


@pytest.fixture
def case(session: Session, cast: Cast) -> Case:
    return factories.make_case(session, cast.school, year=2024, opened_at=OPENED, entered_at=OPENED)


def form(**changes) -> MeasureForm:
    values = {
        "kind": AdminMeasureKind.REMARK,
        "order_number": "12-к",
        "issued_on": date(2026, 11, 20),
        "addressee": "директор школы",
        "grounds": "Два года помощи: курсы, куратор, наблюдатели; доля работ с признаками не снизилась.",
    }
    return MeasureForm(**{**values, **changes})


def record(session, cast, case, at, who="marat", **changes) -> AdminMeasure:
    return measures.record_measure(session, case.id, form(**changes), actor=cast.actor(who, cast.school), at=at)


def test_a_measure_is_refused_before_two_years_with_the_day_from_which_it_can(session, cast, case) -> None:
    for year, n_signs in ((2024, 5), (2025, 5), (2026, 5)):
        screened(session, cast.school, year, n_signs)

    with pytest.raises(Refused) as refusal:
        record(session, cast, case, datetime(2026, 9, 30, 9, tzinfo=UTC), issued_on=date(2026, 9, 29))

    assert [reason.code for reason in refusal.value.reasons] == ["too_early"]
    assert "01.10.2026" in refusal.value.reasons[0].ru
    assert session.scalars(select(AdminMeasure)).all() == []


def test_after_two_years_without_improvement_a_measure_is_recorded_with_what_allowed_it(
    session, cast, case, at
) -> None:
    for year, n_signs in ((2024, 5), (2025, 6), (2026, 5)):
        screened(session, cast.school, year, n_signs)

    made = record(session, cast, case, at)

    assert (made.found["is_allowed"], made.found["n_without"]) == (True, 2)
    assert [step["dynamics"] for step in made.found["steps"]] == ["not_positive", "not_positive"]
    assert session.scalars(select(JournalEntry.action)).all() == ["measure:record"]


@pytest.mark.parametrize(
    ("years", "code"),
    [
        (((2024, 5),), "not_shown"),
        (((2024, 5), (2025, 5)), "not_shown"),  # only one year has been assessed since
        (((2024, 8), (2025, 0), (2026, 1)), "too_early"),  # improvement begins the period anew
    ],
)
def test_without_what_the_rule_asks_there_is_no_measure(years, code, session, cast, case, at) -> None:
    for year, n_signs in years:
        screened(session, cast.school, year, n_signs)

    with pytest.raises(Refused) as refusal:
        record(session, cast, case, at)

    assert refusal.value.reasons[0].code == code


def test_an_order_older_than_the_day_does_not_pass(session, cast, case, at) -> None:
    for year in (2024, 2025, 2026):
        screened(session, cast.school, year, 5)

    with pytest.raises(Refused) as refusal:
        record(session, cast, case, at, issued_on=date(2026, 9, 1), order_number="")

    assert [reason.code for reason in refusal.value.reasons] == ["no_number", "order_too_early"]


def test_the_years_of_former_episodes_count(session, cast, at) -> None:
    first = factories.make_case(
        session,
        cast.school,
        year=2024,
        opened_at=OPENED,
        state="closed",
        closed_at=datetime(2025, 6, 1, tzinfo=UTC),
        verdict=Verdict.CONFIRMED,
    )
    case = factories.make_case(session, cast.school, number="2026-9", year=2026, episode_of_id=first.id)
    for year in (2024, 2025, 2026):
        screened(session, cast.school, year, 5)

    assert measures.dynamics_of(session, case, at.date()).is_allowed


@pytest.mark.parametrize("name", ["kira", "sveta", "anna"])
def test_measures_are_for_the_department_and_the_region(name, session, cast, case, at) -> None:
    with pytest.raises(NotPermitted):
        record(session, cast, case, at, who=name)


def test_reviews_are_due_in_january_and_july_until_recorded(session, cast, case) -> None:
    screened(session, cast.school, 2024, 5)
    screened(session, cast.school, 2025, 5)
    young = factories.make_case(session, cast.neighbour, opened_at=datetime(2026, 1, 12, tzinfo=UTC))
    at, day = datetime(2026, 1, 20, 9, tzinfo=UTC), date(2026, 1, 20)
    assert [item.id for item in measures.reviews_due(session, day)] == [case.id]

    review = measures.record_review(session, case.id, NOTE, actor=cast.actor("marat"), at=at, on=day)

    assert (review.period, review.dynamics) == (date(2026, 1, 1), Dynamics.NOT_POSITIVE)
    assert [step["year"] for step in review.found["steps"]] == [2025]
    assert measures.reviews_due(session, day) == []
    assert {item.id for item in measures.reviews_due(session, date(2026, 7, 2))} == {case.id, young.id}
    with pytest.raises(Conflict):
        measures.record_review(session, case.id, NOTE, actor=cast.actor("mira"), at=at, on=day)


def test_a_case_of_low_results_is_judged_by_its_own_signs(session: Session, cast: Cast) -> None:
    case = factories.make_case(
        session, cast.school, kind=CaseKind.LOW_RESULTS, workflow="low_results", workflow_version="1", year=2024,
        opened_at=OPENED, entered_at=OPENED,
    )  # fmt: skip
    for year, n_low in ((2024, 6), (2025, 0)):
        screened(session, cast.school, year, n_signs=8)  # signs against objectivity say nothing of low results
        run = session.scalars(select(ScreeningRun).where(ScreeningRun.year == year)).one()
        moment = datetime(year, 10, 5, 9, 0, tzinfo=UTC)
        session.add(
            OutboxJob(
                kind="find_low_results", queue="default", subject_id=run.id, status=JobStatus.DONE, created_at=moment,
                next_try_at=moment,
            )
        )  # fmt: skip
        if n_low:
            twice = [
                {"indicator": name, "subject": "ma", "grade": 4 + i} for i in range(n_low)
                for name in ("many_twos", "low_mean")
            ]  # fmt: skip
            session.add(
                LowResultsFlag(
                    run_id=run.id, year=year, n_signs=len(twice), strength=float(len(twice)), frozen={"signs": twice},
                    frozen_sha256="0" * 64, raised_at=moment, raised_by_name="Anna", **factories.place(cast.school),
                )
            )  # fmt: skip
    session.flush()

    years = measures.yearly_signs(session, case, since=2024)

    assert [(y.year, y.on, y.n_papers, y.n_signs) for y in years] == [
        (2024, date(2024, 10, 5), 8, 6), (2025, date(2025, 10, 5), 8, 0),
    ]  # fmt: skip
    assert measures.dynamics_of(session, case, date(2026, 1, 20)).dynamics is Dynamics.POSITIVE
