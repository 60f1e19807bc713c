"""The demo region: made once, gone on with when cut short, never mixed with a real region."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select

from app import demo, demo_files
from app.context import AppContext
from app.database import acting
from app.detectors.simulate import RegionOptions, simulate_region
from app.errors import Refused
from app.models import Case, ScreeningRun, Upload, User
from app.policy import SYSTEM
from app.workflows import intake


def test_a_demo_cut_short_is_finished_on_the_next_start(sqlite_context: AppContext, at: datetime) -> None:
    options = RegionOptions(schools=110, year=demo_files.YEAR, share=0.26, strength=0.9, heaping=0.15)
    schools = simulate_region(demo.SEED, options).schools
    with acting(sqlite_context.sessions, SYSTEM) as session:
        intake.receive_upload(
            session,
            sqlite_context.store,
            content=demo_files.context_file(schools),
            file_name=f"{demo_files.MARK}Контекстные данные школ.csv",
            actor=SYSTEM,
            at=at,
        )
    assert demo.is_new(sqlite_context)

    demo.create_demo(sqlite_context, at=at)

    with acting(sqlite_context.sessions, SYSTEM) as session:
        counts = [session.scalar(select(func.count()).select_from(model)) for model in (Upload, ScreeningRun, User)]
        states = set(session.scalars(select(Case.state)))
    assert counts == [6, 1, len(demo.PEOPLE)]
    assert {"flagged", "observed", "closed"} <= states
    assert not demo.is_new(sqlite_context)


def test_a_demo_is_never_mixed_with_a_real_region(sqlite_context: AppContext, at: datetime) -> None:
    with acting(sqlite_context.sessions, SYSTEM) as session:
        intake.receive_upload(
            session, sqlite_context.store, content=b"a;b", file_name="region.csv", actor=SYSTEM, at=at
        )

    with pytest.raises(Refused, match="люди или файлы"):
        demo.create_demo(sqlite_context, at=at)
