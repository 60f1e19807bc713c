"""What goes into a plan and what comes out: plain frozen values.

A *need* asks for one or more people for a case (curator), a visit (observers) or a recheck (experts); each wanted
person is a *seat*. A need with a day is served by all its people on one day of its window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.errors import Reason
from app.planning.rules import PlanningRules
from app.terms import Duty


@dataclass(frozen=True)
class Candidate:
    """A person. `subjects`, `grades` and `languages` are None where the person may take any.

    `load_now` is in the unit of `Need.weight`; `load_limit` None takes the rules' own. `area` is the neighbourhood the
    person starts from, `place` its latitude and longitude in degrees.
    """

    id: int
    name: str
    duties: frozenset[Duty]
    municipality: str
    home_school_id: int | None = None
    area: str = ""
    place: tuple[float, float] | None = None
    subjects: frozenset[str] | None = None
    grades: frozenset[int] | None = None
    languages: frozenset[str] | None = None
    trained_until: date | None = None
    absences: tuple[tuple[date, date], ...] = ()
    busy_on: frozenset[date] = frozenset()
    load_now: float = 0.0
    load_limit: float | None = None


@dataclass(frozen=True)
class Need:
    """Somebody wanted at a school. `days` are the working days it may be on, in order; a curator has no day."""

    id: str
    duty: Duty
    school_id: int
    school: str
    municipality: str
    days: tuple[date, ...]
    seats: int = 1
    area: str = ""
    place: tuple[float, float] | None = None
    subject: str | None = None
    grade: int | None = None
    language: str | None = None
    weight: float = 1.0

    @property
    def is_dated(self) -> bool:
        return self.duty is not Duty.CURATOR

    @property
    def is_sitting(self) -> bool:
        """Takes a morning: an observer cannot sit in two schools on a day."""
        return self.duty is Duty.OBSERVER


@dataclass(frozen=True)
class Pin:
    """A pair that a person has chosen: kept, and the rest is solved around it. `day` None leaves the day open."""

    need_id: str
    person_id: int
    day: date | None = None


@dataclass(frozen=True)
class Problem:
    """Everything a plan depends on.

    `blocked` holds pairs (person, need) that a rule outside forbids, with its reason; `unfit` the days on which one
    forbids a person a duty; `travel` minutes from a person to an area where they are known; `past_pairs` how often two
    observers (ids in order) have been together before.
    """

    candidates: tuple[Candidate, ...]
    needs: tuple[Need, ...]
    rules: PlanningRules
    blocked: Mapping[tuple[int, str], Reason] = field(default_factory=dict)
    pins: tuple[Pin, ...] = ()
    travel: Mapping[tuple[int, str], float] = field(default_factory=dict)
    past_pairs: Mapping[tuple[int, int], int] = field(default_factory=dict)
    unfit: Mapping[tuple[int, Duty, date], Reason] = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    """Who serves a need, and on which day. Fewer people than seats leave it partly unserved."""

    need_id: str
    people: tuple[int, ...]
    day: date | None


@dataclass(frozen=True)
class CostParts:
    """What a plan costs, in minutes of travel."""

    load: float = 0.0
    travel: float = 0.0
    late: float = 0.0
    repeat: float = 0.0

    @property
    def total(self) -> float:
        return self.load + self.travel + self.late + self.repeat


@dataclass(frozen=True)
class NextBest:
    """Who would come next for a seat if the rest of the plan stayed, and how many minutes more that would cost.

    `difference` is negative when a pin keeps a dearer pair.
    """

    person_id: int
    day: date | None
    difference: float


@dataclass(frozen=True)
class Pair:
    """One seat of the plan with its reason: the minutes it costs, the load before and after, how many others could."""

    need_id: str
    person_id: int
    day: date | None
    is_pinned: bool
    parts: CostParts
    load_before: float
    load_after: float
    n_possible: int
    reason: Reason
    next_best: NextBest | None


@dataclass(frozen=True)
class Shortage:
    """Why there is no full plan: how many people of one kind to add, for which needs and weeks.

    With `people` more of them, free in these weeks and with nothing against them, every need is served.
    """

    duty: Duty
    subject: str | None
    municipality: str
    weeks: tuple[date, ...]
    people: int
    need_ids: tuple[str, ...]
    n_possible: int
    against: tuple[tuple[str, int], ...]
    reason: Reason


@dataclass(frozen=True)
class Times:
    """Seconds that the parts of an answer took."""

    build: float = 0.0
    solve: float = 0.0
    explain: float = 0.0
    shortage: float = 0.0

    @property
    def total(self) -> float:
        return self.build + self.solve + self.explain + self.shortage


@dataclass(frozen=True)
class Plan:
    """A plan with its proof: no plan can cost less than `lower_bound`."""

    visits: tuple[Visit, ...]
    pairs: tuple[Pair, ...]
    unserved: Mapping[str, int]
    shortages: tuple[Shortage, ...]
    cost: CostParts
    lower_bound: float
    is_pruning_proved: bool
    is_shortage_minimal: bool
    max_load: float
    times: Times
    n_columns: int
    n_full_columns: int

    @property
    def gap(self) -> float:
        """How far the cost may be from the best one, as a share of the cost."""
        total = self.cost.total
        return max(0.0, (total - self.lower_bound) / total) if total > 1e-9 else 0.0
