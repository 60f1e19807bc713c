"""People of the register who could be appointed, with what speaks for and against each; nobody is invited by asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conflicts import Paper, PersonFacts, is_registered, load_rules, training_state
from app.errors import Reason
from app.models import Person
from app.terms import Duty, TrainingState
from app.workflows import independence


@dataclass(frozen=True)
class Checked:
    """A person asked about a school: possible when `reasons` is empty."""

    person: PersonFacts
    reasons: tuple[Reason, ...]
    training: TrainingState


def candidates(session: Session, duty: Duty, on: date) -> list[PersonFacts]:
    """Everybody in sight who is entered for `duty` on a day and has an account for it, by name.

    The facts hold what a planner weighs: subjects, grades, languages, trainings, absences, load and its limit, home
    school, municipality; `independence.objections_to` answers for each school.
    """
    ids = session.scalars(select(Person.id)).all()
    found = independence.facts_of(session, on, person_ids=ids).values()
    return sorted((p for p in found if is_registered(p, duty, on)), key=lambda p: (p.name, p.person_id))


def check(session: Session, school_id: int, duty: Duty, on: date, *, paper: Paper | None = None) -> list[Checked]:
    """Everybody entered for `duty`, the possible ones first, the least loaded first among them."""
    rules = load_rules()
    ids = session.scalars(select(Person.id)).all()
    people = independence.facts_of(session, on, person_ids=ids).values()
    found = [
        Checked(
            person,
            tuple(independence.objections_to(person, school_id, duty, on, paper=paper)),
            training_state(person, duty, on, rules),
        )
        for person in people
        if any(entry.duty is duty and entry.covers(on) for entry in person.entries)
    ]
    return sorted(found, key=lambda c: (bool(c.reasons), c.person.load, c.person.name))


@dataclass(frozen=True)
class Need:
    """A person whose training for a duty has run out, runs out soon or is missing."""

    person: PersonFacts
    duty: Duty
    state: TrainingState
    until: date | None
    workplace: str


@dataclass(frozen=True)
class PlaceNeeds:
    """The needs of one workplace for one duty."""

    workplace: str
    duty: Duty
    n_entered: int
    needs: tuple[Need, ...]


def training_needs(session: Session, on: date, duties: Sequence[Duty] = tuple(Duty)) -> list[PlaceNeeds]:
    """Who of the people in sight needs a training, by workplace and duty; the most wanting places first.

    Whoever has none needs one only for the duties whose rules ask for it.
    """
    rules = load_rules()
    ids = session.scalars(select(Person.id)).all()
    entered: dict[tuple[str, Duty], int] = {}
    wanting: dict[tuple[str, Duty], list[Need]] = {}
    for person in sorted(independence.facts_of(session, on, person_ids=ids).values(), key=lambda p: p.name):
        for duty in duties:
            if not person.is_active or not any(e.duty is duty and e.covers(on) for e in person.entries):
                continue
            key = (person.workplace(on), duty)
            entered[key] = entered.get(key, 0) + 1
            state = training_state(person, duty, on, rules)
            is_missed = state is not TrainingState.NONE or duty in rules.training
            if state is not TrainingState.VALID and is_missed:
                need = Need(person, duty, state, person.trained_until(duty), key[0])
                wanting.setdefault(key, []).append(need)
    found = [PlaceNeeds(key[0], key[1], entered[key], tuple(needs)) for key, needs in wanting.items()]
    return sorted(found, key=lambda place: (-len(place.needs), place.workplace, place.duty.value))
