"""A plan in the making: who goes where, what one more visit would cost, what the whole costs, what it breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np

from app.planning.index import NO_DAY, Index
from app.planning.problem import CostParts, Visit

_NOWHERE = -1


class Ledger:
    """Assignments with the running counts that make a single change cheap to price.

    `members` maps a need to its people and their day's number (NO_DAY for a curator).
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        n_people, n_days = len(index.people), max(len(index.days), 1)
        self.members: dict[int, dict[int, int]] = {}
        self.load = index.load_now.copy()
        self.sittings = np.zeros((n_people, n_days), dtype=int)
        self.visits = np.zeros((n_people, n_days), dtype=int)
        self.area = np.full((n_people, n_days), _NOWHERE)
        self.together: dict[int, Counter[int]] = {}
        for (a, b), times in index.problem.past_pairs.items():
            if a in index.person_of and b in index.person_of:
                self._meet(index.person_of[a], index.person_of[b], times)

    def people_of(self, need: int) -> list[int]:
        return sorted(self.members.get(need, ()))

    def n_empty(self) -> int:
        """Seats that nobody has."""
        return int(self.index.seats.sum()) - sum(len(people) for people in self.members.values())

    def put(self, need: int, person: int, day: int) -> None:
        self._count(need, person, day, 1)
        self.members.setdefault(need, {})[person] = day

    def take(self, need: int, person: int) -> int:
        """Remove a person from a need; returns the day."""
        day = self.members[need].pop(person)
        self._count(need, person, day, -1)
        return day

    def _meet(self, person: int, other: int, times: int) -> None:
        self.together.setdefault(person, Counter())[other] += times
        self.together.setdefault(other, Counter())[person] += times

    def _count(self, need: int, person: int, day: int, step: int) -> None:
        index = self.index
        self.load[person] += step * index.weight[need]
        if index.needs[need].is_sitting:
            for other in self.people_of(need):
                if other != person:
                    self._meet(person, other, step)
        if day == NO_DAY:
            return
        self.sittings[person, day] += step * index.needs[need].is_sitting
        self.visits[person, day] += step
        self.area[person, day] = index.areas[need] if self.visits[person, day] else _NOWHERE

    def prices(self, need: int, position: int) -> np.ndarray:
        """Minutes that one more seat of `need` on the day at `position` of its window adds, for each person.

        Infinite where a hard rule forbids it.
        """
        index, rules = self.index, self.index.rules
        day, area, weight = int(index.need_days[need][position]), index.areas[need], index.weight[need]
        price = index.load_cost(self.load + weight) - index.load_cost(self.load)
        travel = rules.travel_weight * index.travel[:, area]
        is_open = index.free[need][:, position] & (self.load + weight <= index.limit + 1e-9)
        if day == NO_DAY:
            price = price + travel
        else:
            is_here = self.area[:, day] == area
            is_open &= is_here | (self.area[:, day] == _NOWHERE)
            is_open &= self.visits[:, day] < rules.visits_a_day
            if index.needs[need].is_sitting:
                is_open &= self.sittings[:, day] == 0
            price = price + np.where(is_here, 0.0, travel) + rules.late_weight * position / index.seats[need]
        present = self.people_of(need)
        for other in present:
            is_open[other] = False
            if index.needs[need].is_sitting and rules.repeat_weight:
                for met, times in self.together.get(other, {}).items():
                    price[met] += rules.repeat_weight * (times > 0)
        for rival in index.rivals.get(need, ()):
            home = index.staff.get(index.needs[rival].school_id, frozenset())
            own = index.staff.get(index.needs[need].school_id, frozenset())
            if home and own and own.intersection(self.people_of(rival)):
                is_open[list(home)] = False
        return np.where(is_open, price, np.inf)

    def positions(self, need: int) -> Iterator[int]:
        """Positions in the need's window that are still open: the day of its people, else every day."""
        days = set(self.members.get(need, {}).values())
        pinned = {pin.day for pin in self.index.pins.get(need, ()) if pin.day is not None}
        for position, day in enumerate(self.index.need_days[need]):
            if days and int(day) not in days:
                continue
            if pinned and day != NO_DAY and self.index.days[day] not in pinned:
                continue
            yield position

    def visits_made(self) -> tuple[Visit, ...]:
        """The visits so far, in the order of needs."""
        index = self.index
        found = []
        for need, people in sorted(self.members.items()):
            if people:
                day = next(iter(people.values()))
                found.append(
                    Visit(
                        index.needs[need].id,
                        tuple(index.people[c].id for c in sorted(people)),
                        None if day == NO_DAY else index.days[day],
                    )
                )
        return tuple(found)


def ledger_of(index: Index, visits: Iterable[Visit]) -> Ledger:
    """The ledger of given visits, whether or not they keep the rules."""
    ledger = Ledger(index)
    day_of = {day: i for i, day in enumerate(index.days)}
    for visit in visits:
        for person in visit.people:
            day = NO_DAY if visit.day is None else day_of[visit.day]
            ledger.put(index.need_of[visit.need_id], index.person_of[person], day)
    return ledger


def cost(index: Index, visits: Iterable[Visit]) -> CostParts:
    """What the visits cost together, by the definition itself.

    Load is the convex cost of all loads after less before; travel is paid once a person, day and area (a curator's once
    a case); lateness once a need, in shares by seats served; a pair of observers pays for each joint visit past the
    first ever.
    """
    rules = index.rules
    load = index.load_now.copy()
    trips: set[tuple[int, int, int]] = set()
    joint: Counter[tuple[int, int]] = Counter()
    travel = late = 0.0
    for visit in visits:
        n = index.need_of[visit.need_id]
        need, people = index.needs[n], [index.person_of[p] for p in visit.people]
        for c in people:
            load[c] += need.weight
            if visit.day is None:
                travel += index.travel[c, index.areas[n]]
            else:
                trips.add((c, index.days.index(visit.day), int(index.areas[n])))
        if visit.day is not None:
            late += need.days.index(visit.day) * len(people) / need.seats
        if need.is_sitting:
            joint.update(_ordered(a, b) for a, b in combinations(people, 2))
    travel += sum(index.travel[c, a] for c, _d, a in trips)
    past = {
        _ordered(index.person_of[a], index.person_of[b]): times
        for (a, b), times in index.problem.past_pairs.items()
        if a in index.person_of and b in index.person_of
    }
    repeats = sum(
        max(0, times + past.get(pair, 0) - 1) - max(0, past.get(pair, 0) - 1) for pair, times in joint.items()
    )
    return CostParts(
        load=float(np.sum(index.load_cost(load) - index.load_cost(index.load_now))),
        travel=rules.travel_weight * float(travel),
        late=rules.late_weight * float(late),
        repeat=rules.repeat_weight * float(repeats),
    )


def breaches(index: Index, visits: Iterable[Visit]) -> list[str]:
    """Hard rules that the visits break; an empty list means none."""
    found: list[str] = []
    visits = tuple(visits)
    load = index.load_now.copy()
    n_sittings: Counter[tuple[int, object]] = Counter()
    n_visits: Counter[tuple[int, object]] = Counter()
    day_areas: dict[tuple[int, object], set[int]] = {}
    for visit in visits:
        n = index.need_of[visit.need_id]
        need = index.needs[n]
        if len(set(visit.people)) != len(visit.people) or len(visit.people) > need.seats:
            found.append(f"{need.id}: people {visit.people}")
        for person in visit.people:
            c = index.person_of[person]
            position = 0 if visit.day is None else need.days.index(visit.day)
            if not index.free[n][c, position]:
                found.append(f"{need.id}: {person} may not")
            load[c] += need.weight
            if visit.day is not None:
                n_sittings[c, visit.day] += need.is_sitting
                n_visits[c, visit.day] += 1
                day_areas.setdefault((c, visit.day), set()).add(int(index.areas[n]))
    found += [f"two sittings {key}" for key, times in n_sittings.items() if times > 1]
    found += [f"too many visits {key}" for key, times in n_visits.items() if times > index.rules.visits_a_day]
    found += [f"two areas {key}" for key, areas in day_areas.items() if len(areas) > 1]
    found += [f"over limit {index.people[c].id}" for c in np.flatnonzero(load > index.limit + 1e-6)]
    placed = [(index.need_of[v.need_id], index.person_of[p]) for v in visits for p in v.people]
    members: dict[int, list[int]] = {}
    for n, c in placed:
        members.setdefault(n, []).append(c)
    for n, c in placed:
        for rival in index.rivals.get(n, ()):
            found += [f"mutual {n} {rival}" for other in members.get(rival, ()) if index.is_rival(n, c, rival, other)]
    for n, pins in index.pins.items():
        served = next((v for v in visits if v.need_id == index.needs[n].id), None)
        for pin in pins:
            if served is None or pin.person_id not in served.people or (pin.day or served.day) != served.day:
                found.append(f"pin {pin} is not kept")
    return found


def _ordered(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)
