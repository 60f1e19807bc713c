"""Figures about cases, within the actor's territory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from scipy.stats import binomtest

from app.context import AppContext
from app.database import acting
from app.models import CaseEvent
from app.policy import SYSTEM, Actor
from app.statistics import cases
from app.terms import CaseKind, Verdict
from app.workflows.definitions import known_states
from tests import factories
from tests.people import make_cast

KIND = CaseKind.OBJECTIVITY


@pytest.fixture
def marat(context: AppContext, at: datetime) -> Actor:
    """Two cases of Район 1, one of them closed after 20 days, and one of Район 2 that Marat may not count."""
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        opened = at - timedelta(days=30)
        closed = factories.make_case(
            session, cast.school, state="closed", opened_at=opened, entered_at=opened + timedelta(days=20),
            closed_at=opened + timedelta(days=20), verdict=Verdict.CONFIRMED, version=2,
        )  # fmt: skip
        for seq, (source, dest, days) in enumerate([("flagged", "interview", 5), ("interview", "closed", 20)], start=1):
            session.add(
                CaseEvent(
                    case_id=closed.id, seq=seq, request_id=f"r{seq}", trigger="x", from_state=source, to_state=dest,
                    actor_name="x", at=opened + timedelta(days=days), **factories.place(cast.school),
                )
            )  # fmt: skip
        factories.make_case(
            session, cast.neighbour, opened_at=at - timedelta(days=4), entered_at=at - timedelta(days=4)
        )
        factories.make_case(session, cast.foreign)
        return cast.actor("marat")


def test_states_are_counted_with_the_days_cases_have_stood_there(context, marat, at) -> None:
    with acting(context.sessions, marat) as session:
        rows = {
            row.state.code: (row.n, row.median_days)
            for row in cases.by_state(session, known_states(session, KIND), kind=KIND, at=at)
        }

    assert rows["flagged"] == (1, 4.0)
    assert rows["closed"] == (1, 10.0)
    assert rows["observed"] == (0, None)


def test_days_are_counted_by_the_calendar_of_the_region(zone_of_the_region) -> None:
    late, early = datetime(2026, 3, 1, 20, 30, tzinfo=UTC), datetime(2026, 3, 2, 3, 0, tzinfo=UTC)

    assert cases.calendar_days(late, early) == 1
    zone_of_the_region("Asia/Tashkent")
    assert cases.calendar_days(late, early) == 0
    assert cases.calendar_days(early, late) == 0


def test_closures_carry_their_interval(context, marat) -> None:
    with acting(context.sessions, marat) as session:
        rows = {row.verdict: row for row in cases.closures(session)}

    reference = binomtest(1, 1).proportion_ci(0.95, method="wilson")
    assert (rows[Verdict.CONFIRMED].n, rows[Verdict.CONFIRMED].share) == (1, 1.0)
    assert rows[Verdict.CONFIRMED].low == pytest.approx(reference.low)
    assert rows[Verdict.DISMISSED].n == 0


def test_stages_are_timed_by_completed_stays_and_waiting_ones_are_counted_apart(context, marat) -> None:
    with acting(context.sessions, marat) as session:
        rows = {row.state.code: row for row in cases.time_in_state(session, known_states(session, KIND), kind=KIND)}

    assert (rows["flagged"].n_left, rows["flagged"].median_days) == (1, 5.0)
    assert rows["flagged"].n_waiting == 1
    assert rows["interview"].median_days == 15.0


def test_a_department_counts_its_own_municipality_alone(context, marat) -> None:
    with acting(context.sessions, marat) as session:
        rows = cases.by_municipality(session)

    assert [(row.name, row.n_open, row.n_closed, row.median_days_to_close) for row in rows] == [("Район 1", 1, 1, 20.0)]


def test_an_empty_installation_has_no_shares_to_invent(sqlite_context, at) -> None:
    with acting(sqlite_context.sessions, SYSTEM) as session:
        assert all(row.n == 0 and (row.low, row.high) == (0.0, 1.0) for row in cases.closures(session))
        assert all(
            row.median_days is None for row in cases.by_state(session, known_states(session, KIND), kind=KIND, at=at)
        )
