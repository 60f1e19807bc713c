"""What a screening takes from works besides the tables of papers: who sat them, where schools are, what was odd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from app.detectors import cohorts, context, protocol
from app.detectors.base import PaperSpec
from app.detectors.checks import CheckedWorks
from app.detectors.plain_columns import PlainWorks
from app.detectors.selective_absence import GradePupils, pupils_of
from app.detectors.tables import PaperTable, find_spec
from app.detectors.work_codes import among_distinct, blank_items

Key = tuple[int, str, int]
ByPaper = dict[Key, dict[str, int]]


@dataclass
class WorksRead:
    """Gathered from all works of a screening.

    Attributes
    ----------
    pupils : callable
        Papers of one grade and year → their pupils, see `selective_absence.pupils_of`.
    places : dict
        First municipality named of each school, which may be none; see `context.places_of`.
    warnings : tuple of str
        Russian sentences.
    repeated : dict or None
        Works whose participant's code was already met, by paper and school; None where participants have no codes.
    mismatched : dict
        Works whose file says another total, by paper and school.
    missing : dict
        Items left out, by paper and school.
    grades : dict
        Grade of the pupils by paper, see `cohorts.pupil_grades`.
    """

    pupils: Callable[[Sequence[PaperTable]], GradePupils | None]
    places: dict[str, object]
    warnings: tuple[str, ...] = ()
    repeated: ByPaper | None = None
    mismatched: ByPaper = field(default_factory=dict)
    missing: ByPaper = field(default_factory=dict)
    grades: dict[Key, int] = field(default_factory=dict)


def read_of_frame(checked: CheckedWorks, papers: Sequence[PaperSpec]) -> WorksRead:
    """Gather it from works in memory."""
    works = checked.works
    repeated: ByPaper | None = None
    if "participant" in works and works["participant"].notna().any():
        repeated = {}
        if checked.repeated:
            keys = ["year", "subject", "grade", "school", "participant"]
            again = works["participant"].notna().to_numpy() & works.duplicated(keys).to_numpy()
            repeated = protocol.counts_of(works, again)
    mismatched: ByPaper = {}
    if "file_total" in works:
        mismatched = protocol.counts_of(works, works["file_total"].notna().to_numpy())
    return WorksRead(
        lambda tables: pupils_of(works, tables),
        context.places_of(works),
        checked.warnings,
        repeated,
        mismatched,
        _left_out(works, papers),
        cohorts.pupil_grades(works),
    )


def _left_out(works: pd.DataFrame, papers: Sequence[PaperSpec]) -> ByPaper:
    """Items that are blank in the works, as far as each paper goes."""
    own = works[["year", "subject", "grade", "school"]]
    limit = np.zeros(len(works), dtype=np.int64)
    for year, subject, grade in own[["year", "subject", "grade"]].drop_duplicates().itertuples(index=False):
        spec = find_spec(papers, int(year), str(subject), int(grade))
        rows = (own["year"] == year) & (own["subject"] == subject) & (own["grade"] == grade)
        limit[rows.to_numpy()] = 0 if spec is None else len(spec.item_max)
    count = blank_items(works, limit)
    found: ByPaper = {}
    chosen = count > 0
    columns = ["year", "subject", "grade", "school"]
    sums = own[chosen].assign(count=count[chosen]).groupby(columns, observed=True)["count"].sum()
    for (year, subject, grade, school), total in sums.items():
        found.setdefault((int(year), str(subject), int(grade)), {})[str(school)] = int(total)
    return found


@dataclass(frozen=True)
class Sitters:
    """Who wrote one paper, and what score: codes of schools and participants among their sorted names, −1 for none.

    `journal` is the journal mark beside each work; another number than 2 … 5, or NaN, is none.
    """

    school_names: np.ndarray
    school: np.ndarray
    participant_names: np.ndarray
    participant: np.ndarray
    score: np.ndarray
    journal: np.ndarray | None = None
    is_plain: bool = False  # read as it stands, see `plain_columns`


def sitters_of_plain(plain: PlainWorks, spec: PaperSpec) -> Sitters | None:
    """Who wrote one paper, from columns as they stand; None where nobody has a code."""
    if plain.participant is None:
        return None
    own = plain.columns
    score = own.score.astype(np.int16 if spec.max_score < 2**15 else np.int64)
    journal = None if own.journal is None else own.journal.astype(np.int8)
    return Sitters(own.names, own.school, plain.participant_names, plain.participant, score, journal, is_plain=True)


def places_of_plain(plain: PlainWorks) -> dict[str, object]:
    """First municipality of each school, see `context.places_of`."""
    if plain.municipality is None:
        return {}
    present, first = np.unique(plain.columns.school, return_index=True)
    code, words = plain.municipality
    own = np.array([*words.tolist(), None], dtype=object)[code[first]]
    return dict(zip(plain.columns.names[present].tolist(), own.tolist(), strict=True))


def pupils_of_sitters(sitters: Sequence[Sitters | None]) -> GradePupils | None:
    """Put the works of each pupil side by side, see `selective_absence.pupils_of`; None stands for a paper without."""
    present = [own for own in sitters if own is not None and (own.participant >= 0).any()]
    if len(sitters) < 2 or not present:
        return None
    schools = np.unique(np.concatenate([own.school_names for own in present]))
    codes = np.unique(np.concatenate([own.participant_names for own in present]))
    pupil: list[np.ndarray] = []
    score: list[np.ndarray] = []
    mark: list[np.ndarray | None] = []
    for own in sitters:
        known = np.zeros(0, dtype=bool) if own is None else own.participant >= 0
        if own is None or not known.any():
            pupil.append(np.zeros(0, dtype=np.int32))
            score.append(np.zeros(0))
            mark.append(None)
            continue
        kind: type[Any] = np.int32 if len(schools) * len(codes) < 2**31 else np.int64
        at_school = np.searchsorted(schools, own.school_names).astype(kind).take(own.school[known])
        at_school *= len(codes)
        at_school += np.searchsorted(codes, own.participant_names).astype(kind).take(own.participant[known])
        pupil.append(at_school)
        score.append(own.score[known])
        mark.append(None if own.journal is None else own.journal[known])
    together = np.concatenate(pupil)
    del pupil
    numbers, row = among_distinct(together)
    del together
    # Whole numbers: single precision holds them, and they are the widest table of a grade.
    scores = np.full((len(numbers), len(sitters)), np.nan, dtype=np.float32)
    edges = np.cumsum([0, *(len(own) for own in score)])
    journal = None if all(own is None for own in mark) else np.full(scores.shape, np.nan, dtype=np.float32)
    for column, (own_score, own_mark) in enumerate(zip(score, mark, strict=True)):
        rows = row[edges[column] : edges[column + 1]]
        scores[rows, column] = own_score
        if journal is not None and own_mark is not None:
            journal[rows, column] = own_mark
    return GradePupils(schools, numbers // len(codes), scores, journal)


def no_pupils(tables: Sequence[PaperTable]) -> GradePupils | None:
    """For works of single papers: nobody sits beside himself."""
    return None


class Gathering:
    """Adds up what single papers say, for works that are read a paper at a time in any order."""

    def __init__(self) -> None:
        self._reads: list[tuple[Key, WorksRead]] = []

    def add(self, key: Key, read: WorksRead) -> None:
        """Take what a paper says; places that another paper named before are kept once."""
        for _, other in self._reads[-1:]:
            if other.places == read.places:
                read = replace(read, places=other.places)
        self._reads.append((key, replace(read, pupils=no_pupils)))

    def whole(self, pupils: Callable[[Sequence[PaperTable]], GradePupils | None]) -> WorksRead:
        """All together, in the order of papers: a school is where the first one that names its municipality has it."""
        found = WorksRead(pupils, {})
        warnings: list[str] = []
        for _, read in sorted(self._reads, key=itemgetter(0)):
            warnings += read.warnings
            found.places = read.places | found.places
            if read.repeated is not None:
                found.repeated = (found.repeated or {}) | read.repeated
            found.mismatched |= read.mismatched
            found.missing |= read.missing
            found.grades |= read.grades
        found.warnings = tuple(dict.fromkeys(warnings))
        return found
