"""The register of objective schools: grounds are looked up, terms end, curators follow it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import bind
from app.errors import Conflict, NotFound, NotPermitted, Refused
from app.models import Finding, JournalEntry, ObjectiveEntry, School
from app.terms import (
    EntryState,
    Family,
    FindingLevel,
    FindingOutcome,
    ObjectiveGround,
    RecheckOutcome,
    Role,
    Verdict,
)
from app.workflows import assignment, objective_register
from tests import factories as make
from tests.people import Cast, enter

DAY = date(2026, 11, 23)
TERM = {"valid_from": DAY, "valid_until": date(2028, 11, 23)}


def close(case, verdict: Verdict) -> None:
    case.state, case.verdict, case.closed_at = "closed", verdict, datetime(2026, 11, 20, tzinfo=UTC)


def closed_with_recheck(session: Session, cast: Cast, outcome: RecheckOutcome, verdict: Verdict) -> School:
    case = make.make_case(session, cast.school)
    make.make_recheck(session, case, cast["ivan"], make.make_dataset(session), outcome=outcome)
    close(case, verdict)
    session.flush()
    return cast.school


def screened(session: Session, year: int, *schools: School, is_flagged: bool = False, n: int = 60) -> None:
    """One run of the year over the schools."""
    run = make.make_run(session, year=year)
    for school in schools:
        session.add(
            Finding(
                run_id=run.id,
                year=year,
                subject="ma",
                grade=5,
                detector="boundary_push",
                family=Family.BOUNDARY,
                n=n,
                p_value=0.4,
                level=FindingLevel.FULL,
                outcome=FindingOutcome.ASSESSED,
                **make.place(school),
            )
        )
        if is_flagged:
            make.make_flag(session, school, run)
    session.flush()


def codes(refusal) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def test_a_manual_entry_marks_the_school_and_is_journaled(session, cast, at) -> None:
    entry = objective_register.enter(
        session, cast.neighbour.id, ObjectiveGround.MANUAL, **TERM, reason="Комиссия проверила все работы.",
        actor=cast.actor("marat"), at=at,
    )  # fmt: skip

    assert cast.neighbour.is_objective
    assert (entry.recorded_by_name, entry.municipality_id) == ("Marat", cast.municipality.id)
    (noted,) = session.scalars(select(JournalEntry).where(JournalEntry.action == "register:enter"))
    assert noted.facts == {"ground": "manual", "from": "2026-11-23", "until": "2028-11-23"}
    assert noted.school_id == cast.neighbour.id


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "коротко"}, "no_reason"),
        ({"valid_until": DAY}, "period"),
        ({"valid_from": date(2020, 1, 1), "valid_until": date(2021, 1, 1)}, "period"),
        ({"valid_until": date(2030, 1, 1)}, "too_long"),
    ],
)
def test_an_entry_without_a_reason_or_with_a_wrong_term_is_refused(session, cast, at, changes, code) -> None:
    said = {**TERM, "reason": "Комиссия проверила все работы.", **changes}

    with pytest.raises(Refused) as refusal:
        objective_register.enter(
            session, cast.neighbour.id, ObjectiveGround.MANUAL, actor=cast.actor("marat"), at=at, **said
        )

    assert codes(refusal) == [code]


@pytest.mark.parametrize("ground", [ground for ground in ObjectiveGround if ground not in objective_register.IN_WORDS])
def test_a_ground_that_the_data_do_not_hold_is_refused(session, cast, at, ground) -> None:
    with pytest.raises(Refused) as refusal:
        objective_register.enter(session, cast.neighbour.id, ground, **TERM, actor=cast.actor("marat"), at=at)

    assert codes(refusal) == ["no_ground"]


def test_a_recheck_that_did_not_confirm_is_a_ground_once_its_case_is_closed(session, cast, at) -> None:
    case = make.make_case(session, cast.school)
    make.make_recheck(session, case, cast["ivan"], make.make_dataset(session))
    with pytest.raises(Refused) as refusal:
        objective_register.enter(
            session, cast.school.id, ObjectiveGround.RECHECK, **TERM, actor=cast.actor("marat"), at=at
        )
    assert "against" in codes(refusal)
    close(case, Verdict.NOT_CONFIRMED)
    session.flush()

    entry = objective_register.enter(
        session, cast.school.id, ObjectiveGround.RECHECK, **TERM, actor=cast.actor("marat"), at=at
    )

    assert entry.case_id == case.id
    assert entry.facts["n_sample"] == 30
    assert "30 из 30" in entry.facts["ru"]


def test_signs_confirmed_lately_stand_against_any_ground(session, cast, at) -> None:
    school = closed_with_recheck(session, cast, RecheckOutcome.CONFIRMED, Verdict.CONFIRMED)

    with pytest.raises(Refused) as refusal:
        objective_register.enter(
            session, school.id, ObjectiveGround.MANUAL, **TERM, reason="Мы так решили на совете.",
            actor=cast.actor("marat"), at=at,
        )  # fmt: skip

    assert codes(refusal) == ["against"]


def test_two_clean_years_and_a_clean_recheck_are_proposed_and_a_flag_takes_it_back(session, cast, at) -> None:
    school = closed_with_recheck(session, cast, RecheckOutcome.NOT_CONFIRMED, Verdict.NOT_CONFIRMED)
    screened(session, 2025, school)
    screened(session, 2026, school)

    (proposal,) = objective_register.proposals(session, at=at)
    screened(session, 2026, school, is_flagged=True)
    (weaker,) = objective_register.proposals(session, at=at)

    assert (proposal.school, proposal.evidence.ground) == (school, ObjectiveGround.CLEAN)
    assert proposal.evidence.facts["years"] == [2025, 2026]
    assert weaker.evidence.ground is ObjectiveGround.RECHECK


def test_years_with_too_few_works_count_as_not_screened(session, cast, at) -> None:
    school = closed_with_recheck(session, cast, RecheckOutcome.NOT_CONFIRMED, Verdict.NOT_CONFIRMED)
    screened(session, 2025, school)
    screened(session, 2026, school, n=9)

    (proposal,) = objective_register.proposals(session, at=at)

    assert proposal.evidence.ground is ObjectiveGround.RECHECK


def test_an_observed_sitting_counts_only_without_violations_and_with_clean_years(session, cast, at) -> None:
    for school, violations in ((cast.school, []), (cast.neighbour, ["phones"])):
        case = make.make_case(session, school)
        make.make_observation(session, case, cast["ivan"], violations=violations)
        close(case, Verdict.DISMISSED)
    for year in (2025, 2026):
        screened(session, year, cast.school, cast.neighbour)

    found = objective_register.proposals(session, at=at)

    assert [(p.school.id, p.evidence.ground) for p in found] == [(cast.school.id, ObjectiveGround.OBSERVED)]


def test_an_entered_school_is_proposed_no_more_and_not_entered_twice(session, cast, at) -> None:
    school = closed_with_recheck(session, cast, RecheckOutcome.NOT_CONFIRMED, Verdict.NOT_CONFIRMED)
    objective_register.enter(session, school.id, ObjectiveGround.RECHECK, **TERM, actor=cast.actor("marat"), at=at)

    assert objective_register.proposals(session, at=at) == []
    with pytest.raises(Refused) as refusal:
        objective_register.enter(session, school.id, ObjectiveGround.RECHECK, **TERM, actor=cast.actor("rita"), at=at)
    assert codes(refusal) == ["entered_already"]


def test_a_withdrawal_needs_a_reason_and_ends_the_entry_at_once(session, cast, at) -> None:
    entry = make.make_entry(session, cast.neighbour)
    objective_register.refresh(session, at=at, school_ids=[cast.neighbour.id])
    assert cast.neighbour.is_objective

    with pytest.raises(Refused) as refusal:
        objective_register.withdraw(
            session, entry.id, reason=" ", actor=cast.actor("marat"), at=at, expected_version=entry.version
        )
    with pytest.raises(Conflict):
        objective_register.withdraw(
            session, entry.id, reason="Школа сама попросила.", actor=cast.actor("marat"), at=at, expected_version=7
        )
    objective_register.withdraw(
        session, entry.id, reason="Школа сама попросила.", actor=cast.actor("marat"), at=at, expected_version=1
    )

    assert codes(refusal) == ["no_reason"]
    assert not cast.neighbour.is_objective
    assert objective_register.state_of(entry, DAY) is EntryState.WITHDRAWN
    with pytest.raises(Refused) as again:
        objective_register.withdraw(
            session, entry.id, reason="Школа сама попросила.", actor=cast.actor("marat"), at=at, expected_version=2
        )
    assert codes(again) == ["over"]


def test_an_entry_begins_and_runs_out_by_the_calendar(session, cast, at) -> None:
    entry = make.make_entry(session, cast.neighbour, valid_from=date(2026, 12, 1), valid_until=date(2027, 12, 1))
    make.make_entry(session, cast.objective)
    days = [at, at + timedelta(days=10), at + timedelta(days=373), at + timedelta(days=374)]
    seen = []

    for moment in days:
        changed = objective_register.refresh(session, at=moment)
        seen.append((changed, cast.neighbour.is_objective, objective_register.state_of(entry, moment.date())))

    assert seen == [
        (0, False, EntryState.AHEAD),
        (1, True, EntryState.IN_FORCE),
        (0, True, EntryState.IN_FORCE),
        (1, False, EntryState.ENDED),
    ]
    lapsed = session.scalars(select(JournalEntry.school_id).where(JournalEntry.action == "register:lapse")).all()
    assert lapsed == [cast.neighbour.id]


def test_only_a_school_in_force_gives_curators(session, cast, at) -> None:
    case = make.make_case(session, cast.school)
    colleague = make.User(
        login="lena", name="Lena", role=Role.CURATOR, password_hash="!", municipality_id=cast.municipality.id,
    )  # fmt: skip
    session.add(colleague)
    session.flush()
    enter(session, colleague, works_at=cast.neighbour)

    def objection() -> str | None:
        found = {c.user.login: c.reason for c in assignment.eligible_curators(session, case, at.date())}["lena"]
        return found.code if found else None

    before = objection()
    entry = objective_register.enter(
        session, cast.neighbour.id, ObjectiveGround.MANUAL, **TERM, reason="Комиссия проверила все работы.",
        actor=cast.actor("marat"), at=at,
    )  # fmt: skip
    within = objection()
    objective_register.withdraw(
        session, entry.id, reason="Сменился директор.", actor=cast.actor("marat"), at=at, expected_version=1
    )

    assert (before, within, objection()) == ("school_not_objective", None, "school_not_objective")


@pytest.mark.parametrize("name", ["anna", "kira", "sveta", "root"])
def test_who_does_not_keep_the_register_enters_nobody(session, cast, at, name) -> None:
    with pytest.raises(NotPermitted):
        objective_register.enter(
            session, cast.neighbour.id, ObjectiveGround.MANUAL, **TERM, reason="Комиссия проверила все работы.",
            actor=cast.actor(name), at=at,
        )  # fmt: skip


def test_a_department_enters_only_its_own_schools(session, cast, at) -> None:
    make.make_entry(session, cast.foreign)
    marat = cast.actor("marat")
    session.commit()
    bind(session, marat)

    with pytest.raises(NotFound):
        objective_register.enter(
            session, cast.foreign.id, ObjectiveGround.MANUAL, **TERM, reason="Комиссия проверила все работы.",
            actor=marat, at=at,
        )  # fmt: skip
    assert session.scalars(select(ObjectiveEntry)).all() == []


def test_the_scheduler_marks_a_school_whose_entry_is_in_force_today(context, session, cast) -> None:
    from app.jobs.reconciler import refresh_register

    make.make_entry(session, cast.neighbour, valid_from=date(2020, 1, 1), valid_until=date(2120, 1, 1))
    session.commit()

    refresh_register(context)

    marked = session.scalars(select(School).execution_options(populate_existing=True).where(School.is_objective)).all()
    assert [school.id for school in marked] == [cast.neighbour.id]
    assert session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)).all() == [
        "register:begin",
        "register:lapse",
    ]
