"""The plan is the best there is, keeps every hard rule and every pin, and says truthfully what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.errors import Refused
from app.planning import Pin, Problem, Shortage, day_objection, objection
from app.planning.fitness import Fitness
from app.planning.greedy import greedy
from app.planning.index import kilometres, make_index
from app.planning.ledger import breaches, cost
from app.planning.plan import make_plan
from app.planning.problem import Candidate
from app.planning.shortage import imagine, kind_of
from app.planning.simulate import simulate
from app.terms import Duty
from tests.planning import brute
from tests.planning.problems import DAYS, EXACT, need, person, problems

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(problems())
def test_no_other_plan_serves_more_or_costs_less(problem: Problem):
    served, least = brute.best(problem)

    plan = make_plan(problem)

    assert sum(len(visit.people) for visit in plan.visits) == served
    assert plan.cost.total == pytest.approx(least, abs=1e-4)
    assert plan.lower_bound <= least + 1e-4


@given(problems())
def test_the_rules_asked_at_once_say_what_they_say_one_by_one(problem: Problem):
    fitness = Fitness(problem, problem.candidates, DAYS)

    for wanted in problem.needs:
        who = [objection(problem, one, wanted) is None for one in problem.candidates]
        when = [[day_objection(problem, one, wanted, day) is None for day in wanted.days] for one in problem.candidates]
        assert fitness.possible(wanted).tolist() == who
        assert fitness.on_days(wanted).tolist() == when


@SLOW
@given(problems())
def test_no_hard_rule_is_ever_broken_by_plan_or_baseline(problem: Problem):
    index = make_index(problem)

    plan = make_plan(problem)

    assert breaches(index, plan.visits) == []
    assert breaches(index, greedy(index).visits_made()) == []


@SLOW
@given(problems(), st.data())
def test_a_pinned_pair_stays_and_the_rest_is_the_best_around_it(problem: Problem, data: st.DataObject):
    plan = make_plan(problem)
    pairs = [
        (need.id, person.id)
        for need in problem.needs
        for person in problem.candidates
        if objection(problem, person, need) is None
    ]
    assume(pairs and not plan.unserved)
    pinned = replace(problem, pins=(Pin(*data.draw(st.sampled_from(pairs))),))
    served, least = brute.best(pinned)
    assume(served >= 0)

    again = make_plan(pinned)

    assert breaches(make_index(pinned), again.visits) == []
    assert sum(len(visit.people) for visit in again.visits) == served
    assert again.cost.total == pytest.approx(least, abs=1e-4)
    assert [pair for pair in again.pairs if pair.is_pinned]


@SLOW
@given(problems())
def test_adding_the_people_said_to_be_missing_serves_every_need(problem: Problem):
    plan = make_plan(problem)
    assume(plan.unserved)

    richer = replace(problem, candidates=(*problem.candidates, *_missing(plan.shortages)))

    assert plan.shortages
    assert make_plan(richer).unserved == {}


@SLOW
@given(problems())
def test_one_person_fewer_than_said_is_not_enough(problem: Problem):
    plan = make_plan(problem)
    assume(plan.unserved and plan.is_shortage_minimal)
    people = list(_missing(plan.shortages))

    for left_out in range(len(people)):
        rest = (*people[:left_out], *people[left_out + 1 :])
        assert make_plan(replace(problem, candidates=(*problem.candidates, *rest))).unserved


@SLOW
@given(problems())
def test_the_order_of_the_input_changes_nothing(problem: Problem):
    turned = replace(problem, candidates=problem.candidates[::-1], needs=problem.needs[::-1])

    assert make_plan(turned).visits == make_plan(problem).visits


@SLOW
@given(problems())
def test_the_next_best_differs_by_what_the_cost_itself_says(problem: Problem):
    index, plan = make_index(problem), make_plan(problem)
    base = cost(index, plan.visits).total

    for pair in plan.pairs:
        if pair.next_best is None:
            continue
        other = tuple(
            replace(
                visit,
                people=tuple(sorted({*visit.people} - {pair.person_id} | {pair.next_best.person_id})),
                day=pair.next_best.day,
            )
            if visit.need_id == pair.need_id
            else visit
            for visit in plan.visits
        )
        assert cost(index, other).total - base == pytest.approx(pair.next_best.difference, abs=1e-6)
        assert pair.next_best.difference >= -1e-4


def test_two_missing_maths_experts_are_named_with_the_week():
    days = DAYS[:1]
    needs = tuple(need(f"expert-{i}", Duty.EXPERT, i, subject="ma", days=days, area=f"a{i}") for i in range(3))
    problem = Problem((person(1, Duty.EXPERT), person(2, Duty.EXPERT, subjects=frozenset({"ru"}))), needs, EXACT)

    (shortage,) = make_plan(problem).shortages

    assert (shortage.people, shortage.subject, shortage.weeks) == (2, "ma", (date(2026, 11, 23),))
    assert shortage.reason.ru.startswith("Не хватает 2 экспертов по математике на неделе 23 ноября. Без них")
    assert shortage.reason.en.startswith("2 experts in mathematics are missing in the week of 23 November. ")
    assert "другой предмет — 1" in shortage.reason.ru


def test_of_equals_the_lowest_id_gets_the_seat():
    people = tuple(person(i, Duty.CURATOR) for i in (9, 4, 7))
    needs = (need("curator-1", Duty.CURATOR, 1), need("curator-2", Duty.CURATOR, 2))

    plan = make_plan(Problem(people, needs, EXACT))

    assert sorted(visit.people for visit in plan.visits) == [(4,), (7,)]


def test_a_need_that_nobody_may_take_is_a_proved_shortage_in_a_large_region_too():
    problem = simulate(60, 30, seed=2026)
    index = make_index(problem)
    helpless = {index.needs[n].id for n in np.flatnonzero(~index.possible.any(axis=1))}

    plan = make_plan(problem, seconds=4)

    assert helpless
    assert set(plan.unserved) == helpless
    assert {id for shortage in plan.shortages for id in shortage.need_ids} == helpless
    assert plan.is_shortage_minimal


def test_the_whole_answer_keeps_its_time():
    plan = make_plan(simulate(150, 60, seed=5), seconds=3)

    assert plan.times.total < 3 + 3  # a busy machine may be late, but not by another answer
    assert plan.times.build + plan.times.explain < plan.times.total / 2


def test_two_observers_are_not_sent_together_twice_if_it_can_be_avoided():
    people = tuple(person(i, Duty.OBSERVER) for i in range(1, 5))
    needs = tuple(need(f"observer-{i}", Duty.OBSERVER, i, seats=2, days=(DAYS[i],)) for i in range(2))

    plan = make_plan(Problem(people, needs, EXACT, past_pairs={(1, 2): 1, (3, 4): 1}))

    pairs = [visit.people for visit in plan.visits]
    assert (1, 2) not in pairs
    assert (3, 4) not in pairs
    assert pairs[0] != pairs[1]
    assert plan.cost.repeat == 0


def test_in_grade_four_schools_do_not_watch_each_other():
    people = (person(1, Duty.OBSERVER, home_school_id=1), person(2, Duty.OBSERVER, home_school_id=2))
    watched = [need(f"observer-{i}", Duty.OBSERVER, i, grade=4, subject="ma") for i in (1, 2)]

    fourth = make_plan(Problem(people, tuple(watched), EXACT))
    fifth = make_plan(Problem(people, tuple(replace(n, grade=5) for n in watched), EXACT))

    assert sum(fourth.unserved.values()) == 1
    assert fifth.unserved == {}


def test_neighbouring_rechecks_are_bundled_into_one_day():
    days = DAYS
    needs = tuple(need(f"expert-{i}", Duty.EXPERT, i, days=days, area="Центр") for i in range(3))
    people = (person(1, Duty.EXPERT, area="Дальний"), person(2, Duty.EXPERT, municipality="Район 9"))
    cheap_load = replace(EXACT, load_weight=0.1)

    plan = make_plan(Problem(people, needs, cheap_load))

    assert {visit.day for visit in plan.visits} == {days[0]}
    assert {visit.people for visit in plan.visits} == {(1,)}
    assert plan.cost.travel == EXACT.same_municipality


def test_a_pin_against_a_hard_rule_is_refused_with_its_reason():
    problem = Problem((person(1, Duty.CURATOR, home_school_id=7),), (need("curator-7", Duty.CURATOR, 7),), EXACT)

    with pytest.raises(Refused, match="работает в этой школе"):
        make_plan(replace(problem, pins=(Pin("curator-7", 1),)))


def test_a_large_plan_states_its_gap_and_beats_the_baseline():
    problem = simulate(120, 60, seed=3)
    index = make_index(problem)

    plan = make_plan(problem, seconds=8)

    base = greedy(index).visits_made()
    assert breaches(index, plan.visits) == []
    assert sum(plan.unserved.values()) <= greedy(index).n_empty()
    assert plan.lower_bound <= plan.cost.total
    assert plan.gap < 0.1
    if sum(len(visit.people) for visit in base) == int(index.seats.sum()):
        assert plan.cost.total <= cost(index, base).total + 1e-6


def test_distance_between_two_places_is_the_great_circle():
    moscow, petersburg = np.array([55.7558, 37.6173]), np.array([59.9343, 30.3351])

    assert kilometres(moscow, petersburg) == pytest.approx(634, rel=0.01)


def _missing(shortages: tuple[Shortage, ...]) -> Iterator[Candidate]:
    id = 1000
    for shortage in shortages:
        for _one in range(shortage.people):
            id += 1
            yield imagine((shortage.duty, shortage.subject, shortage.municipality), id)


def test_kinds_of_needs_part_experts_by_subject_only():
    assert kind_of(need("a", Duty.OBSERVER, 1, subject="ma")) == (Duty.OBSERVER, None, "Район 1")
    assert kind_of(need("b", Duty.EXPERT, 1, subject="ma")) == (Duty.EXPERT, "ma", "Район 1")


def test_a_plan_of_nothing_is_empty_and_proved() -> None:
    """Where every need is hindered, nothing is left to solve."""
    problem = Problem((person(1, Duty.EXPERT), person(2, Duty.OBSERVER)), (), EXACT)

    plan = make_plan(problem)

    assert plan.pairs == ()
    assert plan.shortages == ()
    assert plan.gap == 0.0
