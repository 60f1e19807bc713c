"""What the rules ask about a person, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from app.terms import AbsenceReason, ConflictKind, Duty, PostKind

Paper = tuple[int, str, int]
"""Year, subject, grade."""


def _covers(since: date | None, until: date | None, on: date) -> bool:
    return (since is None or since <= on) and (until is None or on <= until)


def years_before(on: date, years: int) -> date:
    """The same day `years` earlier; 29 February becomes the 28th."""
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return on.replace(year=on.year - years, day=28)


@dataclass(frozen=True)
class Employment:
    """A post; `since` and `until` are its first and last day, None where unknown or still held."""

    kind: PostKind
    school_id: int | None = None
    workplace: str = ""
    is_objective: bool = False
    since: date | None = None
    until: date | None = None
    title: str = ""

    def covers(self, on: date) -> bool:
        return _covers(self.since, self.until, on)


@dataclass(frozen=True)
class Entry:
    """An entry of the register as curator, observer or expert."""

    duty: Duty
    since: date
    until: date | None = None

    def covers(self, on: date) -> bool:
        return _covers(self.since, self.until, on)


@dataclass(frozen=True)
class Certificate:
    """A training; without `duty` it counts for every duty, without `valid_until` for good."""

    duty: Duty | None
    issued_on: date
    valid_until: date | None


@dataclass(frozen=True)
class Absent:
    """Days of absence, both included."""

    since: date
    until: date
    reason: AbsenceReason

    def covers(self, on: date) -> bool:
        return _covers(self.since, self.until, on)


@dataclass(frozen=True)
class Tie:
    """A stated personal tie to a school, or to the works of one paper there."""

    kind: ConflictKind
    school_id: int
    until: date | None = None
    paper: Paper | None = None


@dataclass(frozen=True)
class PersonFacts:
    """A person as the rules see it.

    `account_duties` are what the person's account can act as (empty without a working account), `account_school_id`
    the school a school account answers for, `curated_by` the schools whose workers curate a school where this person
    works. `load` counts what is at hand, `helps` and `is_helped` count the mentoring pairs under way in which
    the person is the mentor or the one who is helped.
    """

    person_id: int
    user_id: int | None
    name: str
    is_active: bool = True
    account_duties: frozenset[Duty] = frozenset()
    account_school_id: int | None = None
    municipality_id: int | None = None
    entries: tuple[Entry, ...] = ()
    employments: tuple[Employment, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    absences: tuple[Absent, ...] = ()
    ties: tuple[Tie, ...] = ()
    curated_by: frozenset[int] = frozenset()
    load: int = 0
    load_limit: int | None = None
    helps: int = 0
    is_helped: int = 0
    subjects: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()

    @cached_property
    def near_schools(self) -> frozenset[int | None]:
        """Schools with which there may be a conflict at all: most of a region's are not among them."""
        return frozenset(
            {self.account_school_id}
            | {post.school_id for post in self.employments}
            | {tie.school_id for tie in self.ties}
            | self.curated_by
        )

    def posts_on(self, on: date) -> tuple[Employment, ...]:
        return tuple(post for post in self.employments if post.covers(on))

    def home_school_id(self, on: date) -> int | None:
        """The school where the person works on that day; the last entered one of several."""
        return next((post.school_id for post in reversed(self.posts_on(on)) if post.school_id is not None), None)

    def post_at(self, school_id: int | None, on: date) -> str:
        """What the person is on that day at a school, or at whatever place with None: the post in words."""
        held = [post for post in self.posts_on(on) if school_id is None or post.school_id == school_id]
        return next((post.title or post.kind.ru for post in reversed(held)), "")

    def is_methodist(self, on: date) -> bool:
        return any(post.kind is PostKind.METHODIST for post in self.posts_on(on))

    def workplace(self, on: date) -> str:
        """The school's name, or the words by which a methodical service goes in orders and acts."""
        posts = self.posts_on(on)
        school = next((post.workplace for post in reversed(posts) if post.school_id is not None), "")
        named = next((post.workplace for post in reversed(posts) if post.workplace), "")
        return school or ("методическая служба" if self.is_methodist(on) else named)

    def trained_until(self, duty: Duty) -> date | None:
        """The last day of the longest training that counts for `duty`; None without any; the far end for good."""
        ends = [c.valid_until or date.max for c in self.certificates if c.duty in (None, duty)]
        return max(ends, default=None)

    def absence_on(self, on: date) -> Absent | None:
        return next((absence for absence in self.absences if absence.covers(on)), None)
