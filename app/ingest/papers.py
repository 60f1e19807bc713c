"""Which paper a file of works holds: year, subject and grade, settled from the content or refused.

Evidence, strongest first: what the export itself declares (``vpr2020.ma4`` among the groups, ``ma4.8`` before a
textbook); the largest points in the headers; the number of items against the catalogue of scales; the first digit of
participants' codes; the words of the textbooks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from app.ingest.formats import Words
from app.ingest.reading import Paper
from app.ingest.refusals import refuse
from app.ingest.scales import Scales
from app.terms import Subject

_DECLARED = re.compile(r"\bvpr(20\d\d)\.([a-z]{2})(\d{1,2})\b", re.IGNORECASE)
_CODED = re.compile(r"^\s*([a-z]{2})(\d{1,2})\.\d")
_MAJORITY = 0.8
_MINORITY = 0.2

T = TypeVar("T")


@dataclass
class Evidence:
    """What a file says about its paper.

    `pupil_grades` counts first digits of five-digit codes; `subjects` counts textbooks by subject; `coded` counts
    (subject, grade) of textbook codes; `declared` counts papers named by the export; `years` are years of upload dates.
    """

    layout_year: int
    pupil_ahead: tuple[int, ...]
    n_items: int
    header_max: tuple[int, ...] | None
    declared: Counter[Paper]
    coded: Counter[tuple[str, int]]
    years: Counter[int]
    pupil_grades: Counter[int]
    subjects: Counter[str]

    def pupil_grade(self) -> int | None:
        """Grade most pupils are in, by their codes."""
        return _major(self.pupil_grades)


def declared_paper(groups: str, words: Words) -> Paper | None:
    """Paper named among the groups of an export of 2020."""
    found = _DECLARED.search(groups)
    subject = words.subject_codes.get(found[2].lower()) if found else None
    return Paper(int(found[1]), subject, int(found[3])) if found and subject else None


def coded_paper(textbook: str, words: Words) -> tuple[str, int] | None:
    """Subject and grade of a textbook's code such as ``ma4.8 | …``."""
    found = _CODED.match(textbook.lower())
    subject = words.subject_codes.get(found[1]) if found else None
    return (subject, int(found[2])) if found and subject else None


def textbook_subject(textbook: str, words: Words) -> str | None:
    """Subject a textbook's title names, or None where it names none or several."""
    lowered = textbook.lower()
    found = [s for s, keys in words.textbook_words.items() if any(k in lowered for k in keys)]
    return found[0] if len(found) == 1 else None


def _major(counts: Counter[T], share: float = _MAJORITY) -> T | None:
    if not counts:
        return None
    value, count = counts.most_common(1)[0]
    return value if count >= share * counts.total() else None


def settle(evidence: Evidence, given: Paper | None, scales: Scales) -> Paper:
    """The one paper a file holds.

    Raises
    ------
    WrongFormat
        `paper_unknown`: several papers fit and none is given; `paper_contradicts`: the given one does not fit the
        content; `mixed_papers`: the export declares more than one.
    """
    _refuse_mixed(evidence)
    if given is not None:
        reasons = contradictions(given, evidence, scales)
        if reasons:
            raise refuse("paper_contradicts", given=given.title(), what="; ".join(reasons))
        return given
    if declared := _major(evidence.declared, 0.5):
        return declared
    year = evidence.layout_year or _major(evidence.years)
    if not year:
        raise refuse("paper_unknown", what="год не указан ни в раскладке, ни в датах загрузки")
    if coded := _major(evidence.coded, 0.5):
        return Paper(year, *coded)
    fitting = [p for p in _catalogue(year, scales) if not contradictions(p, evidence, scales)]
    if evidence.header_max is None and any(_same_count(p, evidence, scales) for p in fitting):
        # A paper whose item count is known to match outweighs those whose count nobody knows, but only with
        # a textbook's word.
        known = [p for p in fitting if _same_count(p, evidence, scales)]
        fitting = known if _major(evidence.subjects) or len(known) == len(fitting) else fitting
    if len(fitting) != 1:
        raise refuse("paper_unknown", what=_candidates(fitting, evidence))
    return fitting[0]


def contradictions(paper: Paper, evidence: Evidence, scales: Scales) -> list[str]:
    """What in the content speaks against a paper; empty where nothing does."""
    reasons = []
    if evidence.layout_year and paper.year != evidence.layout_year:
        reasons.append(f"раскладка файла {evidence.layout_year} года")
    year = _major(evidence.years)
    if not evidence.layout_year and year and year != paper.year:
        reasons.append(f"даты загрузки {year} года")
    declared = _major(evidence.declared, 0.5)
    if declared and declared != paper:
        reasons.append(f"в файле записана работа «{declared.title()}»")
    coded = _major(evidence.coded, 0.5)
    if coded and coded != (paper.subject, paper.grade):
        reasons.append(f"учебники относятся к работе «{Paper(paper.year, *coded).title()}»")
    pupil_grade = evidence.pupil_grade()
    if pupil_grade and pupil_grade - paper.grade not in evidence.pupil_ahead:
        reasons.append(f"коды участников начинаются с {pupil_grade}")
    subject = _major(evidence.subjects)
    if subject and subject != paper.subject:
        reasons.append(f"учебники по предмету «{Subject(subject).ru}»")
    scale = scales.get(paper.year, paper.subject, paper.grade)
    if scale and evidence.header_max:
        if scale.item_max and scale.item_max != evidence.header_max:
            reasons.append("наибольшие баллы в заголовках другие")
        elif scale.max_score and scale.max_score != sum(evidence.header_max):
            reasons.append(f"сумма наибольших баллов {sum(evidence.header_max)}, а у работы {scale.max_score}")
    elif scale and scale.n_items and scale.n_items != evidence.n_items:
        reasons.append(f"столбцов заданий {evidence.n_items}, а в работе их {scale.n_items}")
    return reasons


def _catalogue(year: int, scales: Scales) -> list[Paper]:
    """Papers of a year; where a year has none of its own, the papers of every year, since structures rarely change."""
    own = scales.of_year(year)
    return [Paper(year, s.subject, s.grade) for s in own]


def _same_count(paper: Paper, evidence: Evidence, scales: Scales) -> bool:
    scale = scales.get(paper.year, paper.subject, paper.grade)
    return bool(scale and scale.n_items == evidence.n_items)


def _candidates(papers: Iterable[Paper], evidence: Evidence) -> str:
    titles = [p.title() for p in papers][:4]
    if titles:
        return "подходят: " + "; ".join(titles)
    return f"ни одна известная работа не подходит: столбцов заданий {evidence.n_items}"


def _refuse_mixed(evidence: Evidence) -> None:
    counts: dict[object, int] = dict(evidence.declared or evidence.coded)  # type: ignore[arg-type]
    total = sum(counts.values())
    large = [key for key, count in counts.items() if count >= _MINORITY * total]
    if len(large) > 1:
        titles = [p.title() if isinstance(p, Paper) else str(p) for p in large]
        raise refuse("mixed_papers", what="; ".join(titles))
