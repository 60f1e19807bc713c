"""Days are days of the region: by night in UTC it is already tomorrow in Moscow and noon in Kamchatka."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import days
from app.errors import Refused
from app.models import CasePause
from app.workflows import interview, pauses
from tests import factories
from tests.workflows.test_case_work import FORM

ZONES = ("Europe/Kaliningrad", "Europe/Moscow", "Asia/Yekaterinburg", "Asia/Vladivostok", "Asia/Kamchatka")
MOMENTS = st.datetimes(datetime(2019, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.fixture
def case(session, cast):
    case = factories.make_case(session, cast.school)
    session.commit()
    return case


@given(MOMENTS, st.sampled_from(ZONES))
def test_a_moment_lies_in_its_day(moment: datetime, name: str) -> None:
    try:
        days.use_zone(name)
        day = days.day_of(moment)
        assert days.first_moment(day) <= moment < days.first_moment(day + timedelta(days=1))
        assert days.local(moment) == moment
    finally:
        days.use_zone("Europe/Moscow")


@pytest.mark.parametrize(
    ("zone", "moment", "today"),
    [
        ("Europe/Moscow", datetime(2026, 11, 26, 21, 5, tzinfo=UTC), date(2026, 11, 27)),
        ("Asia/Kamchatka", datetime(2026, 11, 26, 12, 30, tzinfo=UTC), date(2026, 11, 27)),
        ("Europe/Kaliningrad", datetime(2026, 11, 26, 21, 5, tzinfo=UTC), date(2026, 11, 26)),
    ],
)
def test_todays_paper_is_taken_and_tomorrows_is_not(
    zone: str, moment: datetime, today: date, zone_of_the_region: Callable[[str], None], session, cast, case
) -> None:
    zone_of_the_region(zone)
    actor, tomorrow = cast.actor("marat"), today + timedelta(days=1)

    with pytest.raises(Refused, match="ещё не наступила"):
        interview.record_interview(session, case.id, replace(FORM, held_on=tomorrow), actor=actor, at=moment)
    held = interview.record_interview(session, case.id, replace(FORM, held_on=today), actor=actor, at=moment)

    assert held.held_on == today


def test_a_hold_may_begin_tomorrow_by_the_clock_of_the_region(zone_of_the_region, session, cast, case) -> None:
    """At 21:05 in UTC the twenty-seventh has begun in Moscow: a hold until it would end before it starts."""
    moment, why = datetime(2026, 11, 26, 21, 5, tzinfo=UTC), "Школа закрыта на карантин до пятницы."

    with pytest.raises(Refused):
        pauses.hold(session, case.id, date(2026, 11, 27), why, actor=cast.actor("marat"), at=moment)
    pauses.hold(session, case.id, date(2026, 11, 28), why, actor=cast.actor("marat"), at=moment)

    assert pauses.wake_due(session, at=datetime(2026, 11, 27, 20, 59, tzinfo=UTC)) == 0
    assert pauses.wake_due(session, at=datetime(2026, 11, 27, 21, 0, tzinfo=UTC)) == 1
    assert days.day_of(session.scalars(select(CasePause.ended_at)).one()) == date(2026, 11, 28)
