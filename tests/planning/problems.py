"""Tiny problems, drawn by hypothesis: few people, few needs, few days, every rule in play."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from app.errors import Reason
from app.planning import Candidate, Need, Problem, load_rules
from app.terms import Duty

MONDAY = date(2026, 11, 23)
DAYS = tuple(MONDAY + timedelta(days=i) for i in range(3))
EXACT = replace(load_rules(), gap=0.0, seconds=20.0)
MUNICIPALITIES = ("Район 1", "Район 2")


def person(id: int, *duties: Duty, **changes: object) -> Candidate:
    values = {"municipality": "Район 1", "trained_until": date(2028, 1, 1), **changes}
    return Candidate(id, f"Человек {id}", frozenset(duties), **values)  # type: ignore[arg-type]


def need(id: str, duty: Duty, school: int, **changes: object) -> Need:
    values = {"municipality": "Район 1", "days": DAYS[:1], "grade": 5, **changes}
    return Need(id, duty, school, f"СОШ № {school}", **values)  # type: ignore[arg-type]


@st.composite
def people(draw: st.DrawFn) -> tuple[Candidate, ...]:
    found = []
    for id in range(1, draw(st.integers(1, 4)) + 1):
        duties = draw(st.sampled_from([(Duty.CURATOR,), (Duty.OBSERVER, Duty.EXPERT), (Duty.OBSERVER,)]))
        away = draw(st.none() | st.sampled_from(DAYS))
        found.append(
            person(
                id,
                *duties,
                municipality=draw(st.sampled_from(MUNICIPALITIES)),
                home_school_id=draw(st.none() | st.integers(1, 3)),
                trained_until=draw(st.sampled_from([None, DAYS[0], DAYS[1], date(2028, 1, 1)])),
                absences=((away, away),) if away else (),
                subjects=draw(st.none() | st.just(frozenset({"ma"}))),
                load_now=draw(st.sampled_from([0.0, 1.0])),
                load_limit=draw(st.sampled_from([None, 2.0, 3.0])),
            )
        )
    return tuple(found)


@st.composite
def needs(draw: st.DrawFn) -> tuple[Need, ...]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        duty = draw(st.sampled_from(list(Duty)))
        first = draw(st.integers(0, 2))
        days = DAYS[first : first + draw(st.integers(1, 2))]
        municipality = draw(st.sampled_from(MUNICIPALITIES))
        found.append(
            need(
                f"{duty.value}-{number}",
                duty,
                draw(st.integers(1, 3)),
                municipality=municipality,
                days=days,
                seats=draw(st.integers(1, 2)) if duty is Duty.OBSERVER else 1,
                subject=draw(st.sampled_from([None, "ma", "ru"])) if duty is Duty.EXPERT else None,
                grade=draw(st.sampled_from([4, 5])),
                area=f"{municipality}-{draw(st.integers(0, 1))}",
            )
        )
    return tuple(found)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    who, what = draw(people()), draw(needs())
    blocked = {
        (draw(st.sampled_from(who)).id, draw(st.sampled_from(what)).id): Reason("declared", "Заявлено.", "Declared.")
        for _one in range(draw(st.integers(0, 1)))
    }
    past = {}
    if len(who) > 1 and draw(st.booleans()):
        past = {(who[0].id, who[1].id): draw(st.integers(1, 2))}
    return Problem(who, what, EXACT, blocked=blocked, past_pairs=past)
