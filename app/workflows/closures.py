"""What the next procedure says of closed cases: it confirms the closure, or its flag opens a linked episode.

A closed case is never changed: what follows stands in rows of its own that point at it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from app.days import day_of, first_moment
from app.dynamics.rule import years_later
from app.models import Case, CaseEpisode, ClosureCheck, Finding, Flag, ScreeningRun
from app.policy import Actor
from app.terms import ClosureCheckOutcome, EpisodeOrigin, FindingOutcome, Tier
from app.workflows import journal
from app.workflows.side_rules import load_rules


def is_latest() -> ColumnElement[bool]:
    """Criterion of the cases that no later episode goes on with."""
    later = aliased(Case)
    return ~select(later.id).where(later.episode_of_id == Case.id).exists()


def follow_up(session: Session, case_id: int) -> Case | None:
    """The episode that goes on with a closed case, when there is one."""
    return session.scalars(select(Case).where(Case.episode_of_id == case_id)).first()


def former(session: Session, case: Case, *, at: datetime) -> Case | None:
    """The school's newest case of the same kind that was closed lately and that nothing goes on with yet."""
    return session.scalars(
        select(Case)
        .where(
            Case.school_id == case.school_id,
            Case.kind == case.kind,
            Case.id != case.id,
            Case.closed_at >= _since(at),
            is_latest(),
        )
        .order_by(Case.closed_at.desc(), Case.id.desc())
        .limit(1)
    ).first()


def link(
    session: Session,
    case: Case,
    closed: Case,
    origin: EpisodeOrigin,
    reason: str,
    carried: dict[str, Any],
    *,
    actor: Actor,
    at: datetime,
) -> CaseEpisode:
    """Make `case` the episode that goes on with `closed`."""
    case.episode_of_id = closed.id
    episode = CaseEpisode(
        case_id=case.id,
        episode_of_id=closed.id,
        origin=origin,
        reason=reason.strip(),
        carried=carried,
        opened_by_id=actor.user_id,
        opened_by_name=actor.name,
        opened_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(episode)
    session.flush()
    return episode


def chain(session: Session, case: Case) -> list[Case]:
    """All episodes of a case, the first one first; a case without any stands alone."""
    before: list[Case] = []
    at = case
    while at.episode_of_id is not None:
        earlier = session.get(Case, at.episode_of_id)
        if earlier is None:
            break  # out of sight of this person
        before.append(earlier)
        at = earlier
    found = [*reversed(before), case]
    while (later := follow_up(session, found[-1].id)) is not None:
        found.append(later)
    return found


def settle(session: Session, run: ScreeningRun, flags: Iterable[Flag], *, actor: Actor, at: datetime) -> int:
    """Say of each lately closed case what this run's year shows; return how many were judged.

    Only a run of a later year judges, and silence counts only where the school was assessed: a school without enough
    works is neither confirmed nor reopened.
    """
    later = aliased(Case)
    # What somebody has gone on with before this run waits for no procedure any more.
    gone_on = select(later.id).where(later.episode_of_id == Case.id, later.opened_at < at).exists()
    cases = session.scalars(
        select(Case).where(Case.closed_at >= _since(at), Case.year < run.year, Case.school_id.is_not(None), ~gone_on)
    ).all()
    judged = set(session.scalars(select(ClosureCheck.case_id).where(ClosureCheck.run_id == run.id)))
    # The newest case of a school and kind answers for it; an episode opened by this run is not closed.
    newest = {(case.school_id, case.kind): case for case in sorted(cases, key=lambda case: (case.closed_at, case.id))}
    tiers = {flag.school_id: flag.tier for flag in flags}
    assessed = _assessed(session, run, [case.school_id for case in newest.values() if case.school_id is not None])
    n = 0
    for case in sorted(newest.values(), key=lambda case: case.id):
        outcome = _outcome(tiers.get(case.school_id), case.school_id in assessed)
        if outcome is None or case.id in judged:
            continue
        check = ClosureCheck(case_id=case.id, run_id=run.id, year=run.year, outcome=outcome, at=at)
        check.municipality_id, check.school_id = case.municipality_id, case.school_id
        session.add(check)
        journal.append(
            session,
            actor=actor,
            at=at,
            action=f"closure:{outcome.value}",
            subject="case",
            subject_id=case.id,
            facts={"run_id": run.id, "year": run.year},
            municipality_id=case.municipality_id,
            school_id=case.school_id,
        )
        n += 1
    session.flush()
    return n


def checks_of(session: Session, case_id: int) -> list[ClosureCheck]:
    """What later screenings have said of a closed case, the newest first."""
    return list(
        session.scalars(select(ClosureCheck).where(ClosureCheck.case_id == case_id).order_by(ClosureCheck.id.desc()))
    )


def _outcome(tier: Tier | None, is_assessed: bool) -> ClosureCheckOutcome | None:
    if tier in (Tier.CASE, Tier.SEVERE):
        return ClosureCheckOutcome.REOPENED
    if tier is Tier.WATCH:
        return ClosureCheckOutcome.WATCHED
    return ClosureCheckOutcome.CONFIRMED if is_assessed else None


def _assessed(session: Session, run: ScreeningRun, school_ids: list[int]) -> set[int | None]:
    """Schools with a paper of enough works that the run could assess."""
    found: set[int | None] = set()
    smallest = load_rules().closure_smallest_n
    for begin in range(0, len(school_ids), 500):
        found |= set(
            session.scalars(
                select(Finding.school_id)
                .where(
                    Finding.run_id == run.id,
                    Finding.school_id.in_(school_ids[begin : begin + 500]),
                    Finding.outcome == FindingOutcome.ASSESSED,
                )
                .group_by(Finding.school_id)
                .having(func.max(Finding.n) >= smallest)
            )
        )
    return found


def _since(at: datetime) -> datetime:
    return first_moment(years_later(day_of(at), -load_rules().closure_years))
