"""Each kind of conflict bites where it should and nowhere else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.conflicts import (
    Absent,
    Certificate,
    Employment,
    Entry,
    PersonFacts,
    Tie,
    bars,
    conflicts,
    load_rules,
    mentor_conflicts,
    training_state,
    unfitness,
    years_before,
)
from app.datafiles import DATA_DIR
from app.errors import Misconfigured
from app.terms import DECLARED_KINDS, AbsenceReason, ConflictKind, Duty, Helper, PostKind, TrainingState

RULES = load_rules()
SCHOOL, OTHER = 7, 8
ON = date(2026, 11, 23)
days = st.dates(date(2015, 1, 1), date(2035, 12, 31))
duties = st.sampled_from(list(Duty))


def person(**changes) -> PersonFacts:
    """A methodist entered for everything, trained, present and free."""
    begin = date(2010, 1, 1)
    facts = PersonFacts(
        person_id=1,
        user_id=1,
        name="Анна",
        account_duties=frozenset(Duty),
        entries=tuple(Entry(duty, begin) for duty in Duty),
        employments=(Employment(PostKind.METHODIST, None, "методический центр", since=begin),),
        certificates=(Certificate(None, begin, None),),
    )
    return replace(facts, **changes)


def codes(facts: PersonFacts, duty: Duty, on: date = ON, paper=None, school_id: int = SCHOOL) -> list[str]:
    return [reason.code for reason in conflicts(facts, school_id, duty, on, RULES, paper)]


def at_school(school_id: int, since: date | None = None, until: date | None = None) -> Employment:
    return Employment(PostKind.TEACHER, school_id, f"СОШ № {school_id}", since=since, until=until)


@given(duties, days)
def test_a_free_person_meets_no_objection(duty: Duty, on: date) -> None:
    assert conflicts(person(), SCHOOL, duty, on, RULES) == []
    assert unfitness(person(), duty, on, RULES) == []


@given(duties, days, st.none() | days, st.none() | days)
def test_work_at_the_school_bites_while_it_lasts_and_three_years_after(duty, on, since, until) -> None:
    assume(since is None or until is None or since <= until)
    facts = person(employments=(at_school(SCHOOL, since, until),))

    found = codes(facts, duty, on)

    if (since is None or since <= on) and (until is None or on <= until):
        assert found == ["own_school"]
    elif until is not None and until < on and until >= years_before(on, RULES.employment_years):
        assert found == ["former_school"]
    else:
        assert found == []
    assert codes(facts, duty, on, school_id=OTHER) == []


def test_the_last_day_of_the_third_year_still_counts_and_the_next_does_not() -> None:
    left = date(2023, 11, 23)

    assert codes(person(employments=(at_school(SCHOOL, None, left),)), Duty.EXPERT) == ["former_school"]
    assert codes(person(employments=(at_school(SCHOOL, None, left - timedelta(1)),)), Duty.EXPERT) == []


def test_one_who_left_and_came_back_works_there() -> None:
    posts = (at_school(SCHOOL, None, date(2025, 6, 1)), at_school(SCHOOL, date(2026, 9, 1)))

    assert codes(person(employments=posts), Duty.OBSERVER) == ["own_school"]


@given(duties)
def test_the_account_of_a_school_belongs_to_it(duty: Duty) -> None:
    assert codes(person(account_school_id=SCHOOL), duty) == ["own_school"]
    assert codes(person(account_school_id=OTHER), duty) == []


@given(st.sampled_from(DECLARED_KINDS), duties, days, st.none() | days)
def test_a_declared_tie_bites_for_the_duties_of_its_rule_until_its_last_day(kind, duty, on, until) -> None:
    facts = person(ties=(Tie(kind, SCHOOL, until),))

    found = codes(facts, duty, on)

    is_in_force = until is None or on <= until
    assert found == ([kind.value] if is_in_force and RULES.stops(kind, duty) else [])
    assert codes(facts, duty, on, school_id=OTHER) == []


@given(st.sampled_from(DECLARED_KINDS), days, st.none() | days)
def test_a_mentor_is_stopped_by_the_ties_of_its_rule_and_needs_no_account(kind, on, until) -> None:
    facts = person(user_id=None, account_duties=frozenset(), entries=(), ties=(Tie(kind, SCHOOL, until),))

    found = [reason.code for reason in mentor_conflicts(facts, SCHOOL, on, RULES)]

    is_in_force = until is None or on <= until
    assert found == ([kind.value] if is_in_force and RULES.stops(kind, Helper.MENTOR) else [])
    assert mentor_conflicts(facts, OTHER, on, RULES) == []


def test_a_mentor_comes_from_an_objective_place_and_is_in_the_register() -> None:
    def told(**changes) -> list[str]:
        return [reason.code for reason in mentor_conflicts(person(**changes), SCHOOL, ON, RULES)]

    assert told(employments=(at_school(OTHER),)) == ["school_not_objective"]
    assert told(employments=(replace(at_school(OTHER), is_objective=True),)) == []
    assert told(employments=(replace(at_school(OTHER, until=ON - timedelta(1)), is_objective=True),)) == [
        "school_not_objective"
    ]
    assert told(is_active=False) == ["not_in_register"]
    assert told(employments=(replace(at_school(SCHOOL), is_objective=True),)) == ["own_school"]
    assert told(curated_by=frozenset({SCHOOL})) == ["mutual_curation"]


def test_own_marking_of_one_paper_stops_the_recheck_of_that_paper_alone() -> None:
    facts = person(ties=(Tie(ConflictKind.OWN_MARKING, SCHOOL, paper=(2026, "ma", 5)),))

    assert codes(facts, Duty.EXPERT, paper=(2026, "ma", 5)) == ["own_marking"]
    assert codes(facts, Duty.EXPERT, paper=(2026, "ru", 5)) == []
    assert codes(facts, Duty.EXPERT) == []
    assert codes(facts, Duty.OBSERVER, paper=(2026, "ma", 5)) == []


def test_own_marking_of_the_school_stops_every_recheck_there() -> None:
    facts = person(ties=(Tie(ConflictKind.OWN_MARKING, SCHOOL),))

    assert codes(facts, Duty.EXPERT, paper=(2026, "ru", 5)) == ["own_marking"]


def test_mutual_curation_stops_a_curator_and_nobody_else() -> None:
    facts = person(curated_by=frozenset({SCHOOL}))

    assert codes(facts, Duty.CURATOR) == ["mutual_curation"]
    assert codes(facts, Duty.OBSERVER) == codes(facts, Duty.EXPERT) == []


@given(st.sampled_from(list(ConflictKind)), days)
def test_a_tie_keeps_from_deciding_by_its_rule_and_at_that_school_alone(kind: ConflictKind, on: date) -> None:
    facts = person(ties=(Tie(kind, SCHOOL, until=on),))

    found = bars(facts, SCHOOL, on, RULES)

    assert [reason.code for reason in found] == ([kind.value] if kind in RULES.bars else [])
    assert all(reason.href is None for reason in found)
    assert bars(facts, OTHER, on, RULES) == bars(facts, SCHOOL, on + timedelta(1), RULES) == []


def test_whoever_led_the_school_lately_does_not_decide_about_it() -> None:
    facts = person(employments=(Employment(PostKind.HEAD, SCHOOL, until=date(2025, 8, 31)),))

    (reason,) = bars(facts, SCHOOL, ON, RULES)

    assert "31.08.2025" in reason.ru
    assert "2025-08-31" in reason.en


def test_own_marking_and_mutual_curation_do_not_keep_from_deciding() -> None:
    assert {ConflictKind.OWN_MARKING, ConflictKind.MUTUAL_CURATION} == set(ConflictKind) - RULES.bars


def test_every_conflict_is_told_at_once_and_names_the_person() -> None:
    facts = person(
        employments=(at_school(SCHOOL),),
        curated_by=frozenset({SCHOOL}),
        ties=(Tie(ConflictKind.OWN_CHILD, SCHOOL), Tie(ConflictKind.OWN_CHILD, SCHOOL)),
    )

    reasons = conflicts(facts, SCHOOL, Duty.CURATOR, ON, RULES)

    assert [reason.code for reason in reasons] == ["own_school", "mutual_curation", "own_child"]
    assert all("Анна" in reason.ru and "Анна" in reason.en for reason in reasons)


@pytest.mark.parametrize(
    ("changes", "duty", "code"),
    [
        ({"is_active": False}, Duty.OBSERVER, "not_an_observer"),
        ({"account_duties": frozenset()}, Duty.EXPERT, "not_an_expert"),
        ({"entries": ()}, Duty.CURATOR, "not_a_curator"),
        ({"entries": (Entry(Duty.CURATOR, date(2020, 1, 1), date(2026, 11, 22)),)}, Duty.CURATOR, "not_a_curator"),
        ({"employments": (at_school(OTHER),)}, Duty.CURATOR, "school_not_objective"),
        ({"certificates": ()}, Duty.OBSERVER, "training_expired"),
        ({"certificates": (Certificate(Duty.EXPERT, ON, None),)}, Duty.OBSERVER, "training_expired"),
        ({"certificates": (Certificate(None, ON, ON - timedelta(1)),)}, Duty.OBSERVER, "training_expired"),
        ({"absences": (Absent(ON, ON, AbsenceReason.SICK),)}, Duty.OBSERVER, "absent"),
        ({"load": 3, "load_limit": 3}, Duty.CURATOR, "load_full"),
    ],
)
def test_what_a_duty_needs_is_missed(changes, duty: Duty, code: str) -> None:
    assert [reason.code for reason in unfitness(person(**changes), duty, ON, RULES)] == [code]


@pytest.mark.parametrize(
    ("changes", "duty"),
    [
        ({"employments": (replace(at_school(OTHER), is_objective=True),)}, Duty.CURATOR),
        ({"employments": (at_school(OTHER),)}, Duty.OBSERVER),
        ({"certificates": (Certificate(Duty.OBSERVER, ON, ON),)}, Duty.OBSERVER),
        ({"certificates": ()}, Duty.EXPERT),
        ({"absences": (Absent(ON, ON, AbsenceReason.SICK),)}, Duty.CURATOR),
        ({"absences": (Absent(ON + timedelta(1), ON + timedelta(9), AbsenceReason.TRIP),)}, Duty.OBSERVER),
        ({"load": 2, "load_limit": 3}, Duty.CURATOR),
    ],
)
def test_what_a_duty_does_not_need_is_not_asked(changes, duty: Duty) -> None:
    assert unfitness(person(**changes), duty, ON, RULES) == []


def test_a_standing_appointment_is_not_undone_by_absence_or_load() -> None:
    facts = person(absences=(Absent(ON, ON, AbsenceReason.SICK),), load=9, load_limit=1)

    assert unfitness(facts, Duty.OBSERVER, ON, RULES, is_new=False) == []
    assert [r.code for r in unfitness(facts, Duty.OBSERVER, ON, RULES, is_counted=False)] == ["absent"]


@given(st.none() | days, days)
def test_the_state_of_a_training_follows_its_last_day(until: date | None, on: date) -> None:
    facts = person(certificates=(Certificate(Duty.OBSERVER, date(2010, 1, 1), until),))

    state = training_state(facts, Duty.OBSERVER, on, RULES)

    left = 10**6 if until is None else (until - on).days
    expected = (
        TrainingState.EXPIRED
        if left < 0
        else TrainingState.EXPIRING
        if left <= RULES.expiry_days
        else TrainingState.VALID
    )
    assert state is expected
    assert training_state(replace(facts, certificates=()), Duty.OBSERVER, on, RULES) is TrainingState.NONE


@given(st.dates(date(1904, 1, 1), date(2100, 12, 31)), st.integers(1, 4))
def test_some_years_before_is_the_same_day_or_the_last_of_february(on: date, years: int) -> None:
    before = years_before(on, years)

    assert before.year == on.year - years
    assert (before.month, before.day) == ((on.month, on.day) if (on.month, on.day) != (2, 29) else (2, before.day))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("employment_years = 3", "employment_years = 0", "employment_years"),
        ("employment_years = 3", "emploiment_years = 3", "employment_years"),
        ('manual = ["curator", "observer", "expert", "mentor", "decider"]', 'manual = ["teacher"]', "manual"),
        ('training = ["observer"]', 'training = ["mentor"]', "training"),
        ('training = ["observer"]', 'training = ["decider"]', "training"),
        ("grades = [4]", "grades = [14]", "grades"),
        ("school_required = true", "school_required = 1", "school_required"),
        ("[needs]", "[wants]", "needs"),
    ],
)
def test_rules_that_make_no_sense_name_the_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "conflicts.toml"
    shutil.copy(DATA_DIR / "conflicts.toml", path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(Misconfigured, match=told):
        load_rules(path)
