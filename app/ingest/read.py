"""One file → one `Reading`, in the caller's process. The product reads through `app.ingest.guarded`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.collecting import nothing_collected
from app.ingest.context import read_context
from app.ingest.exams import read_exams
from app.ingest.federal import read_federal_list
from app.ingest.formats import Formats, load_formats
from app.ingest.guard import Caps, classify
from app.ingest.problems import problem
from app.ingest.reading import Paper, Reading
from app.ingest.recognise import recognise
from app.ingest.reports import read_report
from app.ingest.scales import Scales, load_scales
from app.ingest.sheets import read_text, read_xlsx
from app.ingest.works import read_works


def read_file(
    path: Path,
    *,
    paper: Paper | None = None,
    caps: Caps | None = None,
    formats: Formats | None = None,
    scales: Scales | None = None,
    exam_codes: Mapping[str, Mapping[str, str]] | None = None,
) -> Reading:
    """Read a file recognised by its content.

    Parameters
    ----------
    path : Path
        Workbook (.xlsx) or separated text, under any name.
    paper : Paper, optional
        The paper, where the content alone does not settle it; checked against the content.
    caps : Caps, optional
        Largest sizes allowed.
    formats, scales : optional
        Catalogues; the product's own by default.
    exam_codes : mapping, optional
        Schools by their codes in ОГЭ and ЕГЭ, see `app.ingest.exams.read_exams`.

    Returns
    -------
    Reading
        Counts that add up, problems and frames.

    Raises
    ------
    WrongFormat
        The file as a whole cannot be taken; its `Reason` says what to do.
    """
    path, caps = Path(path), caps or Caps()
    sort = classify(path, caps)
    return read_classified(path, sort, paper, caps, formats or load_formats(), scales or load_scales(), exam_codes)


def read_classified(
    path: Path,
    sort: str,
    paper: Paper | None,
    caps: Caps,
    formats: Formats,
    scales: Scales,
    exam_codes: Mapping[str, Mapping[str, str]] | None = None,
) -> Reading:
    """Read a file that `app.ingest.guard.classify` has let through as `sort`; raises as `read_file` does."""
    with nothing_collected():
        return _read(path, sort, paper, caps, formats, scales, exam_codes or {})


def _read(
    path: Path,
    sort: str,
    paper: Paper | None,
    caps: Caps,
    formats: Formats,
    scales: Scales,
    exam_codes: Mapping[str, Mapping[str, str]],
) -> Reading:
    sheets = read_xlsx(path, caps) if sort == "xlsx" else read_text(path, formats, caps)
    recognised = recognise(sheets, formats)
    if recognised.kind == "works":
        reading = read_works(recognised, formats, scales, paper)
    elif recognised.kind == "context":
        reading = read_context(recognised, formats)
    elif recognised.kind == "report":
        reading = read_report(recognised, formats, scales, paper)
    elif recognised.kind == "exams":
        reading = read_exams(recognised, formats, exam_codes)
    else:
        reading = read_federal_list(recognised, formats)
    reading.problems += [problem("sheet_ignored", sheet=sheet.name[:60]) for sheet in recognised.ignored]
    return reading
