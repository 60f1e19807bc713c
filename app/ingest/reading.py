"""What reading a file gives: counts that add up, problems, frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.ingest.problems import Problem
from app.terms import FileKind, Procedure, Subject

if TYPE_CHECKING:
    import pandas as pd


SHARED_CODE = ""
"""Stands for the school where several schools have one code in an examination."""


@dataclass(frozen=True)
class Paper:
    """A paper: the year it was sat, the subject's code and the grade it was written for (not the pupil's grade).

    `procedure` tells ВПР from a regional work (КДР, РДР), which has no official scale.
    """

    year: int
    subject: str
    grade: int
    procedure: Procedure = Procedure.VPR

    def title(self) -> str:
        names = {s.value: s.ru for s in Subject}
        return f"{names.get(self.subject, self.subject)}, {self.grade} класс, {self.year} год"


@dataclass
class Reading:
    """One file, read.

    ``rows_read == rows_accepted + rows_rejected + absent`` always holds. `rows_read` counts the rows with any value
    below the header of the sheets that hold the main records: works on «Протокол» or its like, schools on the first
    sheet of the context form, lines of the federal list. Rows of side sheets («Классы», the second sheet of the context
    form) are not counted; what is wrong there is among `problems`. `absent` counts pupils marked as absent: no work, no
    row in `frame`.

    Attributes
    ----------
    frame : pandas.DataFrame
        Works as `app.frames.WORKS` plus ``item_1 … item_k`` (points; null: not attempted, not taught or unreadable) and
        ``file_total`` (the file's own total where it differs from `score`, else null), sorted by municipality, school,
        class and participant; for other kinds, one row a school (context) or a line (federal list).
    schools : pandas.DataFrame
        ``school, name, municipality, municipality_name, kind`` and, for the context form, its numbers. ``municipality``
        is a code such as ``reg99_m037`` or null where the file gives only a name. For works also what the file tells
        about each school's upload (`app.ingest.uploads.UPLOAD_COLUMNS`).
    grade, pupil_grade : int or None
        Grade of the paper, and the grade most of its pupils are in (autumn papers were written a grade later).
    """

    kind: FileKind
    layout: str
    year: int | None
    subject: str | None
    grade: int | None
    pupil_grade: int | None
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    absent: int
    problems: list[Problem]
    frame: pd.DataFrame
    schools: pd.DataFrame
    scale_version: str | None
    format_version: str

    def summary(self) -> dict[str, Any]:
        """Everything but the frames and the problems, as JSON values."""
        return {
            "kind": self.kind.value,
            "layout": self.layout,
            "year": self.year,
            "subject": self.subject,
            "grade": self.grade,
            "pupil_grade": self.pupil_grade,
            "rows_read": self.rows_read,
            "rows_accepted": self.rows_accepted,
            "rows_rejected": self.rows_rejected,
            "absent": self.absent,
            "scale_version": self.scale_version,
            "format_version": self.format_version,
        }

    def to_json(self, file_name: str) -> dict[str, Any]:
        """What the command line prints for a file."""
        keys = ("kind", "year", "subject", "grade", "rows_read", "rows_accepted", "rows_rejected", "absent")
        summary = self.summary()
        return {
            "file": file_name,
            **{key: summary[key] for key in keys},
            "problems": [p.to_json() for p in self.problems],
        }
