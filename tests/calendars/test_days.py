"""Counting in working days: against an independent package, against the law's norms, and by its own laws."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendars import Layer, Span, Vacation, WorkingCalendar, academic_year, load_years, russia
from app.calendars.years import by_law_alone, read_year
from app.datafiles import DATA_DIR
from app.errors import Misconfigured, Refused
from app.terms import DayKind, DayOffPolicy

REFERENCE = json.loads((Path(__file__).parent / "reference" / "days_off.json").read_text())["years"]
# Norms of the five-day week as published for each year.
NORMS = {2019: 247, 2020: 248, 2021: 247, 2022: 247, 2023: 247, 2024: 248, 2025: 247, 2026: 247, 2027: 247}
DAYS = st.dates(date(2018, 1, 1), date(2030, 12, 31))
COUNTS = st.integers(1, 600)


def year_span(year: int) -> Span:
    return Span(date(year, 1, 1), date(year, 12, 31))


@pytest.mark.parametrize("year", sorted(NORMS))
def test_every_year_has_the_published_number_of_working_days(year):
    assert russia().working_days_in(year_span(year)) == NORMS[year] == REFERENCE[str(year)]["working_days"]


@pytest.mark.parametrize("year", sorted(NORMS))
def test_days_off_are_those_an_independent_package_knows(year):
    calendar, days = russia(), list(year_span(year).days())

    weekdays_off = [day.isoformat() for day in days if day.weekday() < 5 and not calendar.is_working(day)]
    weekends_worked = [day.isoformat() for day in days if day.weekday() > 4 and calendar.is_working(day)]

    assert weekdays_off == REFERENCE[str(year)]["weekdays_off"]
    assert weekends_worked == REFERENCE[str(year)]["weekends_worked"]


@pytest.mark.parametrize("year", sorted(NORMS))
def test_a_working_day_right_before_a_holiday_is_short(year):
    known = load_years()[year]
    eves = {day - timedelta(days=1) for day in known.holidays} | {date(year, 12, 31)}

    assert {day for day in eves if day.year == year and not known.is_day_off(day)} <= known.shortened


def test_only_the_year_without_a_decree_is_called_expected():
    assert [year for year, it in sorted(load_years().items()) if not it.is_decreed] == [2027]
    assert 2027 not in russia().known_years


def test_the_law_alone_gives_the_decreed_year_but_for_the_days_the_government_moved():
    for year, known in load_years().items():
        law = by_law_alone(year)

        assert law.holidays.keys() == known.holidays.keys()
        assert set(law.transferred) - set(known.transferred) <= {
            day for day, origin in law.transferred.items() if origin in known.transferred.values()
        }


@given(DAYS, COUNTS)
def test_counting_undoes_adding(day, count):
    calendar = russia()

    assert calendar.working_days_between(day, calendar.add_working_days(day, count)) == count


@given(DAYS, COUNTS)
def test_going_back_undoes_going_forth_from_a_working_day(day, count):
    calendar = russia()
    day = calendar.next_working(day)

    assert calendar.add_working_days(calendar.add_working_days(day, count), -count) == day


@given(DAYS, DAYS, COUNTS)
def test_a_later_start_never_ends_earlier(one, other, count):
    calendar, (first, second) = russia(), sorted((one, other))

    assert calendar.add_working_days(first, count) <= calendar.add_working_days(second, count)
    assert calendar.add_working_days(first, count) < calendar.add_working_days(first, count + 1)


@given(DAYS, DAYS, DAYS)
def test_counts_add_up(a, b, c):
    calendar = russia()

    assert calendar.working_days_between(a, b) + calendar.working_days_between(b, c) == (
        calendar.working_days_between(a, c)
    )
    assert calendar.working_days_between(a, b) == -calendar.working_days_between(b, a)


@given(DAYS, st.integers(1, 40))
def test_adding_equals_walking_day_by_day(day, count):
    calendar, walked, left = russia(), day, count
    while left:
        walked += timedelta(days=1)
        left -= calendar.is_working(walked)

    assert calendar.add_working_days(day, count) == walked


@given(DAYS, st.sampled_from(list(DayOffPolicy)))
def test_a_settled_day_works_and_lies_on_the_side_the_policy_names(day, policy):
    calendar = russia()
    settled = calendar.settle(day, policy)

    if policy is DayOffPolicy.KEEP:
        assert settled == day
    else:
        assert calendar.is_working(settled)
        assert settled >= day if policy is DayOffPolicy.NEXT else settled <= day
        assert calendar.settle(settled, policy) == settled


@given(st.sets(DAYS, max_size=12), DAYS, COUNTS)
def test_more_days_off_never_bring_a_deadline_nearer(days_off, day, count):
    layered = russia().with_layers(Layer(tuple((off, "местный праздник") for off in days_off)))

    assert layered.add_working_days(day, count) >= russia().add_working_days(day, count)


def test_a_municipal_day_off_and_a_vacation_lie_over_the_country():
    radonitsa, autumn = date(2026, 4, 21), Span(date(2026, 10, 24), date(2026, 11, 1))
    calendar = russia().with_layers(
        Layer(days_off=((radonitsa, "Радоница"),)), Layer(vacations=(Vacation("Осенние каникулы", autumn),))
    )

    assert calendar.kind(radonitsa) is DayKind.EXTRA
    assert calendar.note(radonitsa) == "Радоница"
    assert calendar.add_working_days(date(2026, 4, 20), 1) == date(2026, 4, 22)
    assert calendar.is_working(date(2026, 10, 26))
    assert calendar.settle(date(2026, 10, 26), DayOffPolicy.NEXT, avoid_vacations=True) == date(2026, 11, 2)
    assert calendar.settle(date(2026, 10, 26), DayOffPolicy.PREVIOUS, avoid_vacations=True) == date(2026, 10, 23)


def test_a_working_day_of_the_municipality_outweighs_the_regions_day_off():
    day = date(2026, 4, 21)
    calendar = russia().with_layers(Layer(days_off=((day, "Радоница"),)), Layer(working=(day,)))

    assert calendar.is_working(day)
    assert calendar.kind(day) is DayKind.WORKING


def test_kinds_of_days_are_told_apart():
    calendar = russia()

    assert calendar.kind(date(2024, 12, 28)) is DayKind.WORKING_WEEKEND
    assert calendar.kind(date(2024, 12, 30)) is DayKind.TRANSFERRED
    assert calendar.note(date(2024, 12, 30)) == "перенесён с 28.12"
    assert calendar.kind(date(2024, 5, 8)) is DayKind.SHORTENED
    assert calendar.kind(date(2024, 5, 9)) is DayKind.HOLIDAY
    assert calendar.note(date(2024, 5, 9), "en") == "Victory Day"
    assert calendar.kind(date(2024, 5, 12)) is DayKind.WEEKEND


def test_days_declared_non_working_keep_counting_and_are_named():
    calendar = russia()

    assert calendar.is_working(date(2020, 4, 15))
    assert "№ 239" in calendar.note(date(2020, 4, 15))


def test_a_year_out_of_reach_is_refused_with_the_years_known():
    with pytest.raises(Refused, match="с 2010 по 2050"):
        russia().add_working_days(date(2206, 1, 1), 1)


def test_a_year_whose_norm_does_not_add_up_is_refused(tmp_path):
    wrong = (DATA_DIR / "calendar" / "2026.toml").read_text().replace("working_days = 247", "working_days = 248")
    (tmp_path / "2026.toml").write_text(wrong)

    with pytest.raises(Misconfigured, match="рабочих дней 247, а норма года 248"):
        read_year(tmp_path / "2026.toml")


def test_a_shortened_day_off_is_refused(tmp_path):
    wrong = (DATA_DIR / "calendar" / "2026.toml").read_text().replace("2026-11-03]", "2026-11-04]")
    (tmp_path / "2026.toml").write_text(wrong)

    with pytest.raises(Misconfigured, match="сокращённый день 2026-11-04 не рабочий"):
        read_year(tmp_path / "2026.toml")


@given(DAYS)
def test_every_day_has_one_academic_year_from_september_to_august(day):
    span = academic_year(day)

    assert day in span
    assert (span.starts_on.month, span.starts_on.day, span.ends_on.month, span.ends_on.day) == (9, 1, 8, 31)


def test_a_calendar_without_years_follows_the_law():
    assert WorkingCalendar([]).kind(date(2026, 6, 12)) is DayKind.HOLIDAY
