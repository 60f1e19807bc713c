"""Numbers of cases: two that are opened at the same instant get two numbers, and the ten-thousandth is not the last."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from app.context import AppContext
from app.database import acting
from app.models import Case, Flag, School
from app.policy import SYSTEM
from app.terms import CaseKind
from app.workflows.case import new_case, open_case
from tests import factories
from tests.people import make_cast

ROUNDS = 6


def test_cases_opened_at_the_same_instant_get_numbers_of_their_own(context: AppContext, at) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast, run = make_cast(session), factories.make_run(session)
        flags = []
        for number in range(2 * ROUNDS):
            school = School(code=f"66{number:04d}", name=f"Школа {number}", municipality_id=cast.municipality.id)
            session.add(school)
            session.flush()
            flags.append(factories.make_flag(session, school, run).id)
    start = threading.Barrier(2)

    def run_through(mine: list[int]) -> None:
        for flag_id in mine:
            start.wait(60)
            with acting(context.sessions, SYSTEM) as session:
                open_case(session, session.get(Flag, flag_id), actor=SYSTEM, at=at)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run_through, (flags[::2], flags[1::2])))

    with acting(context.sessions, SYSTEM) as session:
        numbers = sorted(session.scalars(select(Case.number)))
    assert numbers == [f"2026-{n:04d}" for n in range(1, 2 * ROUNDS + 1)]


def test_numbers_go_on_past_9999(context: AppContext, at) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        factories.make_case(session, cast.school, number="2026-9999")
        factories.make_case(session, cast.neighbour, number="2026-10000")
        school = cast.objective

        made = new_case(session, school.id, school.municipality_id, CaseKind.OBJECTIVITY, 2026, at=at)

        assert made.number == "2026-10001"
