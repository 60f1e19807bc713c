"""Stages of cases count working days of their municipality, less pauses; `due_on` is kept current."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from app.calendars import Pause, russia
from app.flows import State
from app.models import Case
from app.workflows import stage_clock
from app.workflows.case import open_case
from app.workflows.definitions import state_of
from app.workflows.engine import fire
from tests import factories as make


@pytest.fixture
def ledger(monkeypatch):
    """A ledger of pauses, as whoever keeps one registers it."""
    pauses: dict[int, list[Pause]] = {}
    monkeypatch.setattr(stage_clock, "PAUSES", [lambda session, ids: pauses])
    return pauses


def test_an_opened_case_is_due_in_the_working_days_of_its_first_stage(session, cast, at) -> None:
    run = make.make_run(session)

    case = open_case(session, make.make_flag(session, cast.school, run), actor=cast.actor("marat"), at=at)

    assert stage_clock.stage_budget(session, case, state_of(case)) == 7
    assert case.due_on == date(2026, 12, 2)


def test_a_move_starts_the_clock_of_the_next_stage_anew(session, cast, at) -> None:
    make.make_days(session, cast.municipality.id, starts_on=date(2026, 11, 24), ends_on=date(2026, 11, 25))
    case = make.make_case(session, cast.school)
    make.make_interview(session, case)

    fire(session, case.id, "interview", actor=cast.actor("marat"), at=at, expected_version=0, request_id="r-0000001")

    assert case.due_on == date(2026, 12, 4)


def test_a_closed_case_is_due_no_more(session, cast, at) -> None:
    case = make.make_case(session, cast.school, due_on=date(2026, 11, 11))
    make.make_conclusion(session, case, cast["mira"], verdict="dismissed")

    fire(session, case.id, "dismiss", actor=cast.actor("marat"), at=at, expected_version=0, request_id="r-0000002")

    assert (case.state, case.due_on) == ("closed", None)


def test_a_pause_moves_the_due_day_when_the_ledger_changes(session, cast, ledger) -> None:
    case = make.make_case(session, cast.school)
    stage_clock.refresh(session, case)
    assert case.due_on == date(2026, 11, 11)

    ledger[case.id] = [Pause(date(2026, 11, 5), None, date(2026, 11, 12))]
    stage_clock.refresh(session, case)

    assert case.due_on == date(2026, 11, 18)
    clock = stage_clock.clock_of(session, case, date(2026, 11, 6))
    assert (clock.is_paused, clock.spent, clock.budget) == (True, 2, 7)


def test_an_open_pause_without_an_end_leaves_the_case_without_a_due_day(session, cast, ledger) -> None:
    case = make.make_case(session, cast.school)
    ledger[case.id] = [Pause(date(2026, 11, 5))]

    stage_clock.refresh(session, case)

    assert session.scalars(select(Case.due_on)).one() is None


def test_a_stage_with_a_fixed_day_of_the_year_ends_on_it_or_when_its_budget_does() -> None:
    stage = State("plan", "План", "Plan", days=7, by="01-30")

    assert stage_clock.due_day(stage, date(2026, 11, 2), russia()) == date(2027, 2, 1)
    assert stage_clock.due_day(stage, date(2027, 1, 27), russia()) == date(2027, 2, 5)
    assert stage_clock.due_day(State("closed", "Закрыто", "Closed"), date(2026, 11, 2), russia()) is None
