"""What every detector is made of: papers, registry rows, results."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from app.detectors.judged import Judged
from app.terms import Family, FindingLevel


@dataclass(frozen=True)
class PaperSpec:
    """A paper: which items it has and where its marks begin.

    Attributes
    ----------
    year : int or None
        Calendar year of the procedure; None fits works of every year.
    subject : str
        Code of the subject, as in `app.terms.Subject`.
    grade : int
        Grade of the paper (in autumn sittings one below the pupils').
    item_max : tuple of int
        Maximum of each item, in points, in the order of ``item_1 … item_k``.
    mark_from : tuple of three int, or None
        Lowest scores that earn a "3", a "4" and a "5"; None where no official scale is known.
    """

    year: int | None
    subject: str
    grade: int
    item_max: tuple[int, ...]
    mark_from: tuple[int, int, int] | None

    @property
    def max_score(self) -> int:
        return sum(self.item_max)


@dataclass(frozen=True)
class Detector:
    """A registry row.

    Attributes
    ----------
    name, version : str
        A finding carries both; the version grows when a number could change.
    family : Family
    title_ru, title_en, question_ru : str
    requires : tuple of str
        Inputs without which the detector answers "not assessed".
    smallest_n : int
        Works of a school below which no p-value is given.
    """

    name: str
    version: str
    family: Family
    title_ru: str
    title_en: str
    question_ru: str
    requires: tuple[str, ...]
    smallest_n: int

    def title(self, locale: str = "ru") -> str:
        return self.title_en if locale == "en" else self.title_ru


@dataclass
class Screening:
    """Everything one screening found.

    Attributes
    ----------
    findings, papers, schools : DataFrame
        Columns of `app.frames.FINDINGS`, `PAPER_SUMMARY` and `SCHOOL_SUMMARY`.
    evidence : dict
        (school, year, subject, grade, detector) → figures of the finding's chart, ready for JSON.
    reference : dict
        Against whom the schools were compared: pool, sizes, fallbacks, heaping of the region itself.
    params : dict
        Parameters as used, with the version of their file.
    versions : dict
        Detector → version.
    judged : list of Judged
        One a year: what the tiers were decided on, to decide them anew at other limits.
    """

    findings: pd.DataFrame
    papers: pd.DataFrame
    schools: pd.DataFrame
    evidence: dict[tuple[str, int, str, int, str], dict] = field(default_factory=dict)
    reference: dict = field(default_factory=dict)
    params: dict = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    judged: list[Judged] = field(default_factory=list)


def level_of(n: int) -> FindingLevel:
    """How far `n` works carry a finding: under 10, 10–19, 20–49, 50 and more (federal guidance of 2026)."""
    if n < 10:
        return FindingLevel.NONE
    if n < 20:
        return FindingLevel.INDICATIVE
    return FindingLevel.APPROXIMATE if n < 50 else FindingLevel.FULL
