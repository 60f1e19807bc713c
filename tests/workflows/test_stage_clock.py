"""Stages of cases count working days of their municipality, less pauses; `due_on` is kept current."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from app.calendars import Pause, Span, russia
from app.flows import State
from app.models import Case
from app.workflows import recalculation, road_map_items, stage_clock
from app.workflows.calendar_world import world_of
from app.workflows.case import open_case
from app.workflows.definitions import state_of
from app.workflows.engine import fire
from tests import factories as make
from tests.plans import make_accepted_map


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


@pytest.fixture
def promised(session, cast):
    """A rechecked case of 1 November whose school promised, on 9 November, a measure until 30 November."""
    case = make.make_case(session, cast.school, state="rechecked")
    road_map = make_accepted_map(session, case, is_settled=False)
    road_map.decided_at = datetime(2026, 11, 9, 9, 0, tzinfo=UTC)
    item = road_map.items[0]
    item.due_on = date(2026, 11, 30)
    session.flush()
    stage_clock.refresh(session, case)
    return case, item


def test_the_clock_stands_while_the_school_carries_its_road_map_out(session, promised) -> None:
    case, _item = promised
    budget = stage_clock.stage_budget(session, case, state_of(case))
    without = stage_clock.due_day(state_of(case), case.entered_at.date(), russia())
    stood = russia().working_days_in(Span(date(2026, 11, 9), date(2026, 11, 30)))

    clock = stage_clock.clock_of(session, case, date(2026, 11, 20))

    assert clock.is_paused
    assert case.due_on == russia().add_working_days(case.entered_at.date(), budget + stood)
    assert case.due_on > without
    assert not stage_clock.clock_of(session, case, date(2026, 12, 1)).is_paused  # a school that is late stops nothing


def test_the_clock_goes_on_the_day_after_the_last_obligatory_measure_is_settled(session, cast, at, promised) -> None:
    case, item = promised
    until = case.due_on

    road_map_items.waive(
        session, item.id, "Комиссия уже работает по приказу прошлого года.", actor=cast.actor("marat"),
        at=datetime(2026, 11, 16, 9, 0, tzinfo=UTC), expected_version=item.version,
    )  # fmt: skip

    assert case.due_on < until
    assert stage_clock.clock_of(session, case, date(2026, 11, 16)).is_paused
    assert not stage_clock.clock_of(session, case, date(2026, 11, 17)).is_paused


def test_a_stage_that_does_not_end_with_the_road_map_waits_for_none(session, promised) -> None:
    case, _item = promised
    case.state = "observed"

    assert not stage_clock.clock_of(session, case, date(2026, 11, 20)).is_paused


def test_a_measure_without_a_day_stops_no_clock(session, promised) -> None:
    case, item = promised
    item.due_on = None
    session.flush()

    assert not stage_clock.clock_of(session, case, date(2026, 11, 20)).is_paused


@pytest.mark.parametrize(("begins", "ends", "days"), [(11, 12, 0), (2, 3, 2)], ids=["while it waits", "after it"])
def test_a_changed_calendar_knows_of_the_wait(begins, ends, days, session, cast, promised) -> None:
    case, _item = promised
    month = 11 if days == 0 else 12
    before = world_of(session)

    place = cast.municipality.id
    make.make_days(session, place, starts_on=date(2026, month, begins), ends_on=date(2026, month, ends))
    moved = [row for row in recalculation.preview(session, before, world_of(session)) if row.subject_id == case.id]

    later = russia().add_working_days(case.due_on, days)
    assert [(row.old_on, row.new_on) for row in moved] == ([(case.due_on, later)] if days else [])
