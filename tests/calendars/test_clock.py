"""The clock of a stage: budgets of working days, pauses that stop it, and what it shows on a day."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.calendars import Layer, Pause, russia, stage_clock
from app.calendars.clock import due_on

DAYS = st.dates(date(2019, 1, 1), date(2027, 6, 30))
BUDGETS = st.integers(0, 60)


@st.composite
def pauses(draw, open_ones=False):
    start = draw(DAYS)
    length = draw(st.integers(0, 90))
    end = start + timedelta(days=length)
    return Pause(start, None, end) if open_ones and draw(st.booleans()) else Pause(start, end)


@given(DAYS, BUDGETS)
def test_without_pauses_the_due_day_is_the_budget_in_working_days(entered, budget):
    assert due_on(entered, budget, russia()) == russia().add_working_days(entered, budget)


@given(DAYS, BUDGETS, st.lists(pauses(open_ones=True), max_size=4))
def test_the_running_days_up_to_the_due_day_are_exactly_the_budget(entered, budget, ledger):
    calendar = russia()
    standing = {
        p.started_on + timedelta(days=n)
        for p in ledger
        for n in range(((p.ended_on or p.until_on) - p.started_on).days)
    }

    due = due_on(entered, budget, calendar, ledger)

    walked = [entered + timedelta(days=n) for n in range(1, (due - entered).days + 1)]
    running = [day for day in walked if calendar.is_working(day) and day not in standing]
    assert calendar.is_working(due)
    assert len(running) == budget or (budget == 0 and len(running) <= 1)


@given(DAYS, BUDGETS, st.lists(pauses(), max_size=3), pauses())
def test_one_more_pause_never_brings_the_day_nearer(entered, budget, ledger, more):
    assert due_on(entered, budget, russia(), [*ledger, more]) >= due_on(entered, budget, russia(), ledger)


@given(DAYS, BUDGETS, st.lists(pauses(), max_size=3))
def test_the_same_pause_twice_stops_the_clock_once(entered, budget, ledger):
    assert due_on(entered, budget, russia(), ledger * 2) == due_on(entered, budget, russia(), ledger)


@given(DAYS, st.integers(1, 60), st.lists(pauses(), max_size=3), DAYS)
def test_the_clock_is_overdue_after_its_due_day_and_never_before(entered, budget, ledger, today):
    clock = stage_clock(entered, budget, russia(), ledger, today)

    assert clock.spent + clock.left == budget
    if today <= clock.due_on:
        assert not clock.is_overdue
    if clock.is_overdue:
        assert today > clock.due_on


def test_a_hold_of_a_week_moves_the_day_by_its_working_days():
    entered, hold = date(2026, 11, 2), Pause(date(2026, 11, 5), date(2026, 11, 12))

    clock = stage_clock(entered, 7, russia(), [hold], date(2026, 11, 13))

    assert due_on(entered, 7, russia()) == date(2026, 11, 12)
    assert (clock.due_on, clock.paused, clock.spent, clock.is_paused) == (date(2026, 11, 19), 5, 3, False)


def test_an_open_pause_without_an_end_has_no_due_day():
    clock = stage_clock(date(2026, 11, 2), 7, russia(), [Pause(date(2026, 11, 5))], date(2026, 12, 1))

    assert (clock.due_on, clock.is_paused, clock.spent) == (None, True, 1)


def test_a_hold_until_a_day_counts_to_that_day():
    hold = Pause(date(2026, 11, 5), None, date(2026, 11, 12))

    clock = stage_clock(date(2026, 11, 2), 7, russia(), [hold], date(2026, 11, 6))

    assert (clock.due_on, clock.is_paused) == (date(2026, 11, 19), True)


def test_a_local_day_off_is_not_counted():
    layered = russia().with_layers(Layer(days_off=((date(2026, 11, 9), "Местный праздник"),)))

    assert due_on(date(2026, 11, 2), 7, layered) == date(2026, 11, 13)
