"""What the documents of programmes and road maps say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class PlanRow:
    """One measure: number, what, when in words, who, what comes of it, by what it is proved."""

    number: str
    what: str
    when: str
    who: str
    result: str
    evidence: str


@dataclass(frozen=True)
class PlanSection:
    title: str
    rows: tuple[PlanRow, ...]


@dataclass(frozen=True)
class ProgrammePaper:
    """An approved programme; `left_out` are pairs of measure and reason."""

    title: str
    number: str
    place: str
    year: str
    agreed_by: str
    agreed_on: date
    approved_by: str
    approved_on: date
    source: str
    sections: tuple[PlanSection, ...]
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SectionProgress:
    title: str
    n: int
    n_done: int
    n_waived: int
    n_overdue: int
    share: str


@dataclass(frozen=True)
class TaskLine:
    """One task in a report: number and measure, its day, what is told of it."""

    number: str
    what: str
    due: str
    told: str


@dataclass(frozen=True)
class ProgrammeReport:
    """How far a programme is on a day."""

    title: str
    number: str
    place: str
    year: str
    on: date
    n: int
    n_done: int
    n_waived: int
    n_overdue: int
    share: str
    sections: tuple[SectionProgress, ...]
    done: tuple[TaskLine, ...]
    overdue: tuple[TaskLine, ...]
    waived: tuple[TaskLine, ...]
    moved: tuple[TaskLine, ...]


@dataclass(frozen=True)
class Advice:
    """One recommendation: the cause, why it is thought of, what is advised."""

    title: str
    because: str
    text: str


@dataclass(frozen=True)
class Recommendations:
    """Addressed recommendations to a school (domain facts, M13)."""

    number: str
    issued_on: date
    department: str
    school_name: str
    school_code: str
    case_number: str
    advice: tuple[Advice, ...]
    measures: tuple[PlanRow, ...]
    version: str


@dataclass(frozen=True)
class SchoolRoadMap:
    """A school's road map as it was accepted."""

    number: str
    school_name: str
    school_code: str
    case_number: str
    department: str
    proposed_by: str
    agreed_by: str
    accepted_by: str
    accepted_on: date
    sections: tuple[PlanSection, ...]
    version: str
