"""A trial run raises nothing by itself; its flags are raised once, with limits somebody chose and gave a reason for."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import func, select

from app.context import AppContext
from app.database import acting
from app.detectors.contamination import contaminate
from app.detectors.judged import Judged
from app.detectors.simulate import RegionOptions, simulate_region
from app.errors import NotFound, NotPermitted, Refused
from app.jobs import run_pending
from app.models import Case, Finding, Flag, JournalEntry, Municipality, School, ScreeningRun
from app.policy import SYSTEM, Actor
from app.statistics import judged_runs
from app.terms import RunStatus, Tier
from app.workflows.raising import raise_flags
from app.workflows.screening import request_screening
from tests import factories
from tests.judged import make_judged, make_judged_run
from tests.people import Cast, make_cast

WHY = "Пороги согласованы на совещании в октябре."


@pytest.fixture
def cast(context: AppContext) -> Cast:
    with acting(context.sessions, SYSTEM) as session:
        return make_cast(session)


def keep(context: AppContext, **changes) -> int:
    """A trial run whose figures are kept: of the cast's schools № 1 is severe, № 2 a case, № 900 to watch."""
    judged = make_judged(
        {"990001": "severe", "990002": "case", "990900": "watch", **{f"99{i:04d}": "nothing" for i in range(100, 200)}}
    )
    with acting(context.sessions, SYSTEM) as session:
        return make_judged_run(session, context.store, judged, **changes).id


def lift(context: AppContext, run_id: int, at: datetime, actor: Actor, moved=None, reason: str = WHY) -> ScreeningRun:
    with acting(context.sessions, actor) as session:
        return raise_flags(session, context.store, run_id, moved or {}, reason=reason, actor=actor, at=at)


def flags_of(context: AppContext, run_id: int) -> dict[str, Flag]:
    with acting(context.sessions, SYSTEM) as session:
        found = session.scalars(select(Flag).where(Flag.run_id == run_id)).all()
        return {session.get(School, flag.school_id).code: flag for flag in found}


def count(context: AppContext, model) -> int:
    with acting(context.sessions, SYSTEM) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_flags_are_raised_with_cases_notices_and_a_journal_entry(context: AppContext, cast: Cast, at: datetime) -> None:
    run_id = keep(context)

    run = lift(context, run_id, at, cast.actor("anna"))

    assert {code: flag.tier for code, flag in flags_of(context, run_id).items()} == {
        "990001": Tier.SEVERE,
        "990002": Tier.CASE,
        "990900": Tier.WATCH,
    }
    assert (run.n_flags, run.n_cases, run.raised_by_name, run.raised_at) == (3, 2, "Anna", at)
    assert run.tiers == {"severe": 1, "case": 1, "watch": 1, "none": 100}
    assert count(context, Case) == 2
    with acting(context.sessions, SYSTEM) as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "screening:raise")).one()
        opened = session.scalars(select(JournalEntry).where(JournalEntry.action == "case:open")).all()
    assert (entry.actor_name, entry.reason) == ("Anna", WHY)
    assert (entry.facts["flags"], entry.facts["cases"], entry.facts["moved"]) == (3, 2, {})
    assert {line.actor_name for line in opened} == {"Anna"}


def test_moved_limits_decide_and_are_kept_with_run_and_flags(context: AppContext, cast: Cast, at: datetime) -> None:
    run_id = keep(context)

    # q of the case is 0.0004 × 103 / 2 = 0.0206.
    run = lift(context, run_id, at, cast.actor("rita"), {"case_q": 0.01})

    flags = flags_of(context, run_id)
    assert flags["990001"].tier is Tier.SEVERE
    assert "990002" not in flags
    assert run.limits["case_q"] == 0.01
    assert run.parameters["tiers"]["case_q"] == 0.05
    frozen = flags["990001"].frozen
    assert frozen["parameters"]["tiers"]["case_q"] == 0.01
    assert frozen["parameters_version"] == f"{run.parameters['version']} (case_q 0.01)"
    assert frozen["school"] == {"kind": None, "settlement": None, "context": {}}
    tiers = judged_runs.tiers_of(context.store, run)
    assert {code for code, (tier, _n) in tiers.items() if tier is Tier.SEVERE} == {"990001"}


def test_flags_are_raised_once(context: AppContext, cast: Cast, at: datetime) -> None:
    run_id = keep(context)
    lift(context, run_id, at, cast.actor("anna"))

    with pytest.raises(Refused, match="уже подняты"):
        lift(context, run_id, at + timedelta(minutes=1), cast.actor("rita"), {"case_q": 0.2})

    assert len(flags_of(context, run_id)) == 3


def test_of_two_people_at_once_exactly_one_raises(context: AppContext, cast: Cast, at: datetime) -> None:
    run_id = keep(context)
    gate, answers = threading.Barrier(2), []

    def go(name: str) -> None:
        gate.wait()
        try:
            lift(context, run_id, at, cast.actor(name))
            answers.append("raised")
        except Refused as refused:
            answers.append(refused.reasons[0].code)

    threads = [threading.Thread(target=go, args=(name,)) for name in ("anna", "rita")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(answers) == ["already_raised", "raised"]
    assert (len(flags_of(context, run_id)), count(context, Case)) == (3, 2)


@pytest.mark.parametrize("name", ["marat", "kira", "ivan", "sveta", "root"])
def test_whoever_has_no_right_is_refused(name: str, sqlite_context: AppContext, at: datetime) -> None:
    with acting(sqlite_context.sessions, SYSTEM) as session:
        cast = make_cast(session)
    run_id = keep(sqlite_context)

    with pytest.raises(NotPermitted):
        lift(sqlite_context, run_id, at, cast.actor(name))


def test_a_municipal_analyst_does_not_see_the_run_of_the_region(sqlite_context: AppContext, at: datetime) -> None:
    with acting(sqlite_context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        anna = cast["anna"]
        anna.municipality_id = cast.municipality.id
    run_id = keep(sqlite_context)

    with pytest.raises(NotFound):
        lift(sqlite_context, run_id, at, Actor.for_user(anna))


@pytest.mark.parametrize(
    ("changes", "moved", "reason", "told"),
    [
        ({"is_trial": False}, {}, WHY, "законченной пробной"),
        ({"status": RunStatus.RUNNING}, {}, WHY, "законченной пробной"),
        ({"judged_sha256": None}, {}, WHY, "не сохранены показатели"),
        ({}, {"case_q": 0.0}, WHY, "нельзя принять"),
        ({}, {"alone_families": 0.5}, WHY, "нельзя принять"),
        ({}, {}, "потому", "хотя бы одним предложением"),
    ],
)
def test_what_cannot_be_raised_is_refused_with_a_sentence(
    sqlite_context: AppContext, at: datetime, changes: dict, moved: dict, reason: str, told: str
) -> None:
    with acting(sqlite_context.sessions, SYSTEM) as session:
        cast = make_cast(session)
    run_id = keep(sqlite_context, **changes)

    with pytest.raises(Refused, match=told):
        lift(sqlite_context, run_id, at, cast.actor("anna"), moved, reason)

    assert count(sqlite_context, Flag) == 0


@pytest.fixture
def screened(sqlite_context: AppContext, at: datetime) -> tuple[AppContext, int, int]:
    """One region, screened twice: as a trial and as ever. Its largest school lifts every work under a cut."""
    region = simulate_region(1, RegionOptions(schools=40, year=2021, papers=(("ma", 4), ("ma", 5)), size=(24, 60)))
    largest = region.works.groupby("school").size().idxmax()
    rng = np.random.default_rng(1)
    with acting(sqlite_context.sessions, SYSTEM) as session:
        places = {}
        for row in region.schools.itertuples():
            if row.municipality not in places:
                places[row.municipality] = Municipality(code=row.municipality, name=row.municipality_name)
                session.add(places[row.municipality])
                session.flush()
            session.add(School(code=row.school, name=row.name, municipality_id=places[row.municipality].id))
        for paper in region.papers:
            own = region.works[region.works["grade"] == paper.grade].reset_index(drop=True)
            own = contaminate(rng, own, paper, "bump", 1.0, (own["school"] == largest).to_numpy())
            path = sqlite_context.settings.home / f"works{paper.grade}.parquet"
            own.to_parquet(path, index=False)
            sha256 = sqlite_context.store.put_file(path)
            factories.make_dataset(session, year=2021, grade=paper.grade, sha256=sha256)
    runs = []
    for is_trial in (True, False):
        with acting(sqlite_context.sessions, SYSTEM) as session:
            runs.append(request_screening(session, 2021, actor=SYSTEM, at=at, is_trial=is_trial).id)
        if is_trial:
            run_pending(sqlite_context)
            assert count(sqlite_context, Flag) == count(sqlite_context, Case) == 0
    run_pending(sqlite_context)
    return sqlite_context, runs[0], runs[1]


def test_a_trial_raised_with_the_same_limits_gives_the_flags_that_an_ordinary_run_gives(screened, at: datetime) -> None:
    context, trial, ordinary = screened
    with acting(context.sessions, SYSTEM) as session:
        kept = {run.id: run for run in session.scalars(select(ScreeningRun))}
        findings = {run: session.query(Finding).filter_by(run_id=run).count() for run in kept}
    assert kept[trial].n_findings == kept[ordinary].n_findings == findings[trial] == findings[ordinary]
    assert kept[trial].tiers == kept[ordinary].tiers
    assert kept[trial].judged_sha256 == kept[ordinary].judged_sha256
    assert (kept[trial].raised_at, kept[trial].limits) == (None, {})

    lift(context, trial, at, SYSTEM)

    def told(run: int) -> dict:
        return {
            code: (
                flag.tier,
                flag.evidence,
                flag.p_combined,
                flag.q,
                flag.families,
                flag.frozen["findings"],
                flag.frozen["summary"],
            )
            for code, flag in flags_of(context, run).items()
        }

    assert told(ordinary)
    assert told(trial) == told(ordinary)


def test_the_kept_figures_are_a_file_of_the_store(screened) -> None:
    context, trial, _ordinary = screened
    with acting(context.sessions, SYSTEM) as session:
        sha256 = session.get(ScreeningRun, trial).judged_sha256

    judged = Judged.from_bytes(context.store.read(sha256))

    assert (judged.year, len(judged.schools)) == (2021, 40)
