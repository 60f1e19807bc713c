"""Going on with a closed case: linked episodes by decision and by the next procedure; closures it confirms."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import acting
from app.errors import NotPermitted, Refused
from app.models import Case, CaseEpisode, ClosureCheck, Finding, JournalEntry
from app.policy import SYSTEM
from app.terms import (
    ClosureCheckOutcome,
    EpisodeOrigin,
    Family,
    FindingLevel,
    FindingOutcome,
    Tier,
    Verdict,
)
from app.workflows import closures, episodes
from app.workflows.case import open_case
from app.workflows.raising import raise_flags
from tests import factories
from tests.judged import make_judged, make_judged_run
from tests.people import Cast, make_cast

WHY = "Родители сообщили о подсказках на новой работе."


def closed(session: Session, school, at: datetime, **changes) -> Case:
    values = {
        "state": "closed",
        "closed_at": at - timedelta(days=300),
        "verdict": Verdict.NOT_CONFIRMED,
        "version": 5,
        **changes,
    }
    return factories.make_case(session, school, **values)


def snapshot(case: Case) -> dict:
    return {column.key: getattr(case, column.key) for column in Case.__table__.columns}


def reopen(session, case, cast, at, who="marat", **changes) -> Case:
    values = {"with_signs": True, "with_curator": True, **changes}
    return episodes.reopen(session, case.id, WHY, actor=cast.actor(who), at=at, **values)


def codes(refusal) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def test_reopening_makes_a_linked_case_and_leaves_the_closed_one_as_it_was(session, cast: Cast, at) -> None:
    first = closed(session, cast.school, at, curator_id=cast["kira"].id, curator_name="Kira", tier=Tier.SEVERE)
    flag = factories.make_flag(session, cast.school, factories.make_run(session), case_id=first.id)
    before = snapshot(first)

    case = reopen(session, first, cast, at)

    session.refresh(first)
    assert snapshot(first) == before
    assert (case.state, case.version, case.episode_of_id) == ("flagged", 0, first.id)
    assert (case.tier, case.evidence, case.curator_name) == (first.tier, first.evidence, "Kira")
    episode = session.scalars(select(CaseEpisode)).one()
    assert (episode.origin, episode.reason) == (EpisodeOrigin.BY_HAND, WHY)
    assert episode.carried == {"flag_ids": [flag.id], "curator": "Kira"}
    assert [item.number for item in closures.chain(session, first)] == [first.number, case.number]
    assert closures.chain(session, case) == closures.chain(session, first)
    noted = session.execute(select(JournalEntry.action, JournalEntry.subject_id).order_by(JournalEntry.seq)).all()
    assert [tuple(row) for row in noted] == [("case:reopen", case.id), ("case:go_on", first.id)]


def test_nothing_is_carried_over_unasked(session, cast, at) -> None:
    case = reopen(
        session,
        closed(session, cast.school, at, curator_id=cast["kira"].id),
        cast,
        at,
        with_signs=False,
        with_curator=False,
    )

    assert (case.tier, case.evidence, case.curator_id) == (Tier.NONE, 0.0, None)


def test_a_case_is_gone_on_with_once(session, cast, at) -> None:
    first = closed(session, cast.school, at)
    case = reopen(session, first, cast, at)

    with pytest.raises(Refused) as refusal:
        reopen(session, first, cast, at, who="mira")

    assert codes(refusal) == ["gone_on"]
    assert refusal.value.reasons[0].href == f"/cases/{case.id}"


def test_beside_an_open_case_none_is_reopened(session, cast, at) -> None:
    first = closed(session, cast.school, at)
    standing = factories.make_case(session, cast.school, number="2026-7777")

    with pytest.raises(Refused) as refusal:
        reopen(session, first, cast, at)

    assert codes(refusal) == ["open_already"]
    assert refusal.value.reasons[0].href == f"/cases/{standing.id}"
    with pytest.raises(Refused) as refusal:
        reopen(session, standing, cast, at)
    assert codes(refusal) == ["not_closed"]


def test_a_curator_who_may_not_curate_any_more_is_not_carried_over(session, cast, at) -> None:
    first = closed(session, cast.school, at, curator_id=cast["kira"].id, curator_name="Kira")
    cast["kira"].is_active = False
    session.flush()

    with pytest.raises(Refused) as refusal:
        reopen(session, first, cast, at)

    assert codes(refusal)
    assert reopen(session, first, cast, at, with_curator=False).curator_id is None


@pytest.mark.parametrize("name", ["kira", "sveta", "anna", "ivan"])
def test_reopening_is_for_the_department_and_the_region(name, session, cast, at) -> None:
    with pytest.raises(NotPermitted):
        reopen(session, closed(session, cast.school, at), cast, at, who=name)


@pytest.mark.parametrize(("days", "is_linked"), [(700, True), (760, False)])
def test_a_flag_within_two_years_opens_a_linked_episode(days, is_linked, session, cast, at) -> None:
    first = closed(session, cast.school, at, closed_at=at - timedelta(days=days), year=2025)
    flag = factories.make_flag(session, cast.school, factories.make_run(session))

    case = open_case(session, flag, actor=SYSTEM, at=at)

    assert case.episode_of_id == (first.id if is_linked else None)
    assert (case.tier, case.evidence) == (flag.tier, flag.evidence)


# ---- the next procedure ----


@pytest.fixture
def people(context: AppContext) -> Cast:
    with acting(context.sessions, SYSTEM) as session:
        return make_cast(session)


def assessed(session: Session, run_id: int, school, n: int) -> None:
    session.add(
        Finding(
            run_id=run_id,
            year=2026,
            subject="ma",
            grade=5,
            detector="boundary_push",
            family=Family.BOUNDARY,
            n=n,
            level=FindingLevel.FULL,
            outcome=FindingOutcome.ASSESSED,
            **factories.place(school),
        )
    )


def test_the_next_procedure_confirms_or_reopens(context: AppContext, people: Cast, at) -> None:
    tiers = {"990001": "severe", "990900": "watch", **{f"99{i:04d}": "nothing" for i in range(100, 200)}}
    with acting(context.sessions, SYSTEM) as session:
        schools = (people.school, people.neighbour, people.objective, people.foreign)
        ids = [closed(session, school, at, year=2025).id for school in schools]
        run_id = make_judged_run(session, context.store, make_judged(tiers), year=2026).id
        assessed(session, run_id, people.neighbour, 60)
        assessed(session, run_id, people.objective, 6)  # too few works: silence says nothing
    with acting(context.sessions, people.actor("anna")) as session:
        raise_flags(session, context.store, run_id, {}, reason=WHY, actor=people.actor("anna"), at=at)

    with acting(context.sessions, SYSTEM) as session:
        found = {check.case_id: check.outcome for check in session.scalars(select(ClosureCheck))}
        assert found == {
            ids[0]: ClosureCheckOutcome.REOPENED,
            ids[1]: ClosureCheckOutcome.CONFIRMED,
            ids[3]: ClosureCheckOutcome.WATCHED,
        }
        follow = closures.follow_up(session, ids[0])
        assert follow is not None
        assert follow.state == "flagged"
        episode = session.scalars(select(CaseEpisode)).one()
        assert (episode.case_id, episode.origin) == (follow.id, EpisodeOrigin.NEXT_CYCLE)
        assert all(session.get(Case, case_id).state == "closed" for case_id in ids)
        assert [session.get(Case, case_id).version for case_id in ids] == [5, 5, 5, 5]


def test_a_run_of_the_same_year_confirms_nothing(context: AppContext, people: Cast, at) -> None:
    with acting(context.sessions, SYSTEM) as session:
        closed(session, people.neighbour, at, year=2026)
        run = factories.make_run(session, year=2026)
        assessed(session, run.id, people.neighbour, 60)

        assert closures.settle(session, run, [], actor=SYSTEM, at=at) == 0


def test_a_closure_is_judged_once_a_run(context: AppContext, people: Cast, at) -> None:
    with acting(context.sessions, SYSTEM) as session:
        closed(session, people.neighbour, at, year=2025)
        run = factories.make_run(session, year=2026)
        assessed(session, run.id, people.neighbour, 60)

        assert [closures.settle(session, run, [], actor=SYSTEM, at=at) for _ in range(2)] == [1, 0]
