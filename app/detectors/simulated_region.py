"""What a simulated region is, and what can be asked of one; both generators share these words."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from app.detectors.base import PaperSpec
from app.detectors.contamination import BY_SCORE

OWN_PAPERS = (
    ("ma", 4, (1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 2), (6, 10, 15)),
    ("ru", 4, (4, 3, 3, 1, 3, 2, 1, 2, 3, 2, 1, 1, 2, 1, 2, 1, 2, 1, 2, 1), (14, 24, 33)),
    ("ma", 5, (1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 2), (7, 11, 15)),
    ("ru", 5, (4, 3, 2, 3, 3, 3, 3, 2, 2, 1, 2, 2, 1, 2, 1, 2, 1, 2, 2, 2, 2), (18, 29, 39)),
)
"""Subject, grade, maxima of the items and first scores of the marks of the built-in papers."""
SCOPES = ("school", "paper", "class")


@dataclass(frozen=True)
class Region:
    """A simulated region of one year.

    Attributes
    ----------
    works : DataFrame
        Columns of `app.frames.WORKS` and ``item_1 … item_k``.
    schools : DataFrame
        ``school, name, municipality, municipality_name, settlement, settlement_size, type, pupils``.
    papers : tuple of PaperSpec
    truth : DataFrame
        One row a manipulated school × paper: ``school, year, subject, grade, manipulation, scope, strength, changed``,
        the last the number of works that are gone or have other points: none where there was nothing to bend. Several
        manipulations at once are joined by ``+``.
    exams : DataFrame
        ``school, exam, subject, n, mean_mark``: an outside examination of older pupils.
    traits : DataFrame
        One row an honest peculiarity: ``school, trait``; traits are the names of the fields of `Confounders`.
    """

    works: pd.DataFrame
    schools: pd.DataFrame
    papers: tuple[PaperSpec, ...]
    truth: pd.DataFrame
    exams: pd.DataFrame
    traits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"school": [], "trait": []}, dtype=object))


@dataclass(frozen=True)
class Confounders:
    """Honest peculiarities of single schools, beyond those that every simulated region has.

    All are off by default. Strengths are in the unit of ability, whose standard deviation over all pupils is about 0.9.

    Attributes
    ----------
    elite : float
        Strength added to every gymnasium and lyceum.
    streaming : float
        Share of schools with two classes and more that seat pupils into classes by attainment.
    odd_journals : float
        Share of schools whose journal is strict or lenient, half and half.
    odd_teachers : float
        Share of classes, in each paper, whose teacher's marks are strict or lenient, half and half.
    journal_shift : float
        How far a strict or lenient journal lies from the others.
    swings : float
        Share of school × grade whose cohort of this one year is stronger or weaker, half and half.
    swing_size : float
        By how much.
    skipping : float
        Share of school × paper where one or two of the paper's items on late topics were not taught: null in the works
        of the school, nothing in the score. On real works it is one school in seven in one paper of four.
    absence_slope : float
        By how much the log-odds of not being there grow with each unit of ability less. On real works of two papers of
        one grade it is about 0.3.
    absence_spread : float
        Standard deviation of the log-odds of not being there between schools; about 0.5 on the same works.
    autumn : bool
        The sitting is an autumn one: last year's paper written by pupils a grade up, a little stronger, whose journal
        mark comes from another quarter.
    """

    elite: float = 0.0
    streaming: float = 0.0
    odd_journals: float = 0.0
    odd_teachers: float = 0.0
    journal_shift: float = 0.6
    swings: float = 0.0
    swing_size: float = 0.4
    skipping: float = 0.0
    absence_slope: float = 0.0
    absence_spread: float = 0.0
    autumn: bool = False


ORDINARY = Confounders(
    elite=0.15,
    streaming=0.15,
    odd_journals=0.15,
    odd_teachers=0.08,
    swings=0.1,
    swing_size=0.35,
    skipping=0.05,
    absence_slope=0.3,
    absence_spread=0.5,
)
"""Peculiarities as often as a region has them; what the accuracy trials run on."""


@dataclass(frozen=True)
class RegionOptions:
    """What kind of region to draw.

    Attributes
    ----------
    schools : int
        Number of schools.
    year : int
    papers : tuple of (subject, grade)
        Which of the built-in papers are sat.
    heaping : float
        Probability with which *every* school lifts a work one or two points under the first cut: a region heaped as a
        whole.
    share : float
        Share of schools that manipulate.
    manipulations : tuple of str
        Kinds to draw from `contamination.MANIPULATIONS`; those that aim at a score by default. Dealt out in turn.
    strength : float
        Probability with which a work open to the manipulation is changed.
    scope : str
        ``school`` (all papers), ``paper`` (one of them) or ``class`` (one class of each paper).
    size : tuple of int or None
        Smallest and largest cohort; None draws sizes like those of a real region (22 % under 10 works, 30 % from 50).
    sigma_class, sigma_spread, sigma_journal, sigma_teacher : float
        Standard deviations of class effects, of the logarithm of a school's spread, and of a school's and a class's
        leniency in the journal.
    together : tuple of int
        Least and most manipulations that one school uses at once; the first is dealt out in turn, the others are drawn.
    manner : str
        ``own`` or ``other``: how the manipulations are carried out, see `contamination.contaminate`.
    confounders : Confounders
    """

    schools: int = 60
    year: int = 2026
    papers: tuple[tuple[str, int], ...] = tuple((subject, grade) for subject, grade, _, _ in OWN_PAPERS)
    heaping: float = 0.0
    share: float = 0.0
    manipulations: tuple[str, ...] = BY_SCORE
    strength: float = 0.6
    scope: str = "school"
    size: tuple[int, int] | None = None
    sigma_class: float = 0.12
    sigma_spread: float = 0.07
    sigma_journal: float = 0.25
    sigma_teacher: float = 0.15
    together: tuple[int, int] = (1, 1)
    manner: str = "own"
    confounders: Confounders = field(default_factory=Confounders)
