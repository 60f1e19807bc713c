"""Where a deadline goes when its event moves."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.calendars import Anchor, Layer, academic_year, follow, occurrences, parse_rule, russia
from app.terms import EventKind

YEAR = academic_year(date(2026, 10, 1))
TEN_DAYS = parse_rule({"kind": "offset", "event": "publication", "days": 10, "unit": "working", "direction": "after"})


def published(*days):
    return [Anchor(EventKind.PUBLICATION, day, key=str(n)) for n, day in enumerate(days, start=1)]


def dues(rule, anchors, calendar=None):
    return occurrences(rule, anchors, calendar or russia(), YEAR)


@given(st.dates(date(2026, 9, 1), date(2027, 7, 1)), st.integers(-60, 60))
def test_a_deadline_follows_its_own_event_and_not_the_other(day, shift):
    day = max(day, date(2026, 11, 10))
    other, moved = date(2026, 10, 1), min(max(day + timedelta(days=shift), date(2026, 9, 1)), date(2027, 7, 1))
    before, after = dues(TEN_DAYS, published(other, day)), dues(TEN_DAYS, published(other, moved))
    mine = next(due for due in before if due.key == "event:2")

    found, is_gone = follow(mine.key, mine.due_on, before, after)

    assert not is_gone
    assert found.due_on == russia().add_working_days(moved, 10)


def test_a_deadline_whose_occurrence_nobody_noted_is_found_by_its_day():
    before = dues(TEN_DAYS, published(date(2026, 11, 2)))

    found, _ = follow(None, before[0].due_on, before, dues(TEN_DAYS, published(date(2026, 11, 9))))

    assert found.due_on == date(2026, 11, 23)


def test_a_day_that_no_rule_gives_stays():
    before = dues(TEN_DAYS, published(date(2026, 11, 2)))

    assert follow(None, date(2026, 12, 24), before, before) == (None, False)


def test_of_two_events_on_one_day_an_unnoted_deadline_follows_neither():
    before = dues(TEN_DAYS, published(date(2026, 11, 2), date(2026, 11, 2)))

    assert follow(None, before[0].due_on, before, dues(TEN_DAYS, published(date(2026, 11, 9)))) == (None, False)


def test_a_removed_event_is_told_apart_from_one_unknown():
    before = dues(TEN_DAYS, published(date(2026, 11, 2)))

    assert follow("event:1", before[0].due_on, before, []) == (None, True)
    assert follow("event:9", before[0].due_on, before, []) == (None, False)


def test_a_monthly_report_keeps_its_month_when_a_day_off_moves_it():
    rule = parse_rule({"kind": "monthly", "day": 25})
    local = russia().with_layers(Layer(days_off=((date(2026, 11, 25), "Местный праздник"),)))
    november = next(due for due in dues(rule, []) if due.due_on == date(2026, 11, 25))

    found, _ = follow(november.key, november.due_on, dues(rule, []), dues(rule, [], local))

    assert found.due_on == date(2026, 11, 26)


def test_the_end_of_the_academic_year_is_one_occurrence_however_it_moves():
    rule = parse_rule({"kind": "year_end"})
    end = [Anchor(EventKind.ACADEMIC_YEAR_END, date(2027, 5, 26), key="4")]
    (before,), (after,) = dues(rule, []), dues(rule, end)

    assert before.key == after.key
    assert follow(before.key, before.due_on, [before], [after])[0].due_on == date(2027, 5, 26)
