"""What each document says: one frozen dataclass per kind, complete enough to print the page again years later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Distribution:
    """Primary scores of one school in one paper, beside what a school with the same mean would show.

    Parameters
    ----------
    scores : tuple of int
        Primary scores in points, ascending, without gaps.
    observed : tuple of int
        Works at each score; same length as `scores`.
    expected : tuple of float or None
        Works expected at each score from the reference; same length as `scores`.
    cuts : tuple of int
        Lowest score of «3», «4» and «5», in points, ascending.
    window : int
        Width of the strip at and above a cut that is drawn as standing out, in points.

    Raises
    ------
    ValueError
        The lengths differ or nothing is to be drawn.
    """

    scores: tuple[int, ...]
    observed: tuple[int, ...]
    expected: tuple[float, ...] | None
    cuts: tuple[int, ...]
    window: int = 2

    def __post_init__(self) -> None:
        if not self.scores:
            raise ValueError("распределение пусто: нет ни одного балла")
        if len(self.observed) != len(self.scores):
            raise ValueError(f"баллов {len(self.scores)}, а наблюдаемых чисел {len(self.observed)}")
        if self.expected is not None and len(self.expected) != len(self.scores):
            raise ValueError(f"баллов {len(self.scores)}, а ожидаемых чисел {len(self.expected)}")

    def at_cut(self, score: int) -> bool:
        """Whether `score` lies in the strip at and above one of the cuts."""
        return any(cut <= score < cut + self.window for cut in self.cuts)


@dataclass(frozen=True)
class Sign:
    """One sign as the school reads it: a sentence with numbers, the paper, the reference and the innocent causes."""

    title: str
    sentence: str
    paper: str
    n: int
    reference: str
    explains_away: str
    chart: Distribution | None = None


@dataclass(frozen=True)
class SignsNotice:
    """Notice of signs to the school (domain facts, section 6, row 1)."""

    number: str
    issued_on: date
    department: str
    signatory: str
    signatory_post: str
    school_name: str
    school_code: str
    head: str | None
    year: int
    tier_title: str
    signs: tuple[Sign, ...]
    history: str
    reply_until: date | None
    calculation: str
    case_number: str


@dataclass(frozen=True)
class Agreed:
    """One agreed action: what, by which day (None: not fixed), by whom."""

    action: str
    due_on: date | None
    responsible: str


@dataclass(frozen=True)
class Decisions:
    """What the interview decided is needed next."""

    curator: bool
    observers: bool
    recheck: bool


@dataclass(frozen=True)
class InterviewProtocol:
    """Protocol of the interview with the school (domain facts, section 6, row 2).

    `present` and `signatories` are pairs of name and post.
    """

    number: str
    held_on: date
    place: str
    form: str
    case_number: str
    school_name: str
    school_code: str
    present: tuple[tuple[str, str], ...]
    signs: tuple[str, ...]
    explanation: str
    reasons: tuple[str, ...]
    documents_shown: tuple[str, ...]
    agreed: tuple[Agreed, ...]
    decisions: Decisions
    signatories: tuple[tuple[str, str], ...]
    department: str = ""


@dataclass(frozen=True)
class KeepWorks:
    """Letter to the school that asks to keep the works of a case."""

    number: str
    issued_on: date
    department: str
    signatory: str
    signatory_post: str
    school_name: str
    school_code: str
    year: int
    keep_until: date
    kept_before: date
    is_confirmed: bool
    case_number: str
