"""Ready reports: rows of the whole sample, the region, municipalities and schools, with numbers that add up.

The rules, in the order they are applied to a row: a school's login that is malformed, or a row without values, is
rejected; so are participants or values that are not numbers, and shares that sum neither to a hundred per cent nor to
the participants. The same school twice is kept once, and both rows are named.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from app.ingest.columns import Log, gather
from app.ingest.formats import Formats, Words
from app.ingest.reading import Paper, Reading
from app.ingest.recognise import Recognised
from app.ingest.report_head import largest_score, settle_report
from app.ingest.report_rows import JournalRows, LevelRows, RecutRows, Row, RowReader
from app.ingest.report_sides import read_skills
from app.ingest.scales import Scales
from app.terms import FileKind

_KINDS = {
    "marks": FileKind.REPORT_MARKS,
    "scores": FileKind.REPORT_SCORES,
    "items": FileKind.REPORT_ITEMS,
    "journal": FileKind.REPORT_JOURNAL,
}
_READERS: dict[str, type[RowReader]] = {"journal_rows": JournalRows, "recut": RecutRows}


def read_report(recognised: Recognised, formats: Formats, scales: Scales, given: Paper | None) -> Reading:
    """Read a ready report or a regional table of one.

    Parameters
    ----------
    recognised : Recognised
    formats : Formats
    scales : Scales
    given : Paper or None
        The paper named by a person; checked against the head of the report.

    Returns
    -------
    Reading
        The frame has ``year, subject, grade, level, school, municipality, name, n_schools, n, max_score`` and the
        columns of the kind: ``2 … 5``, ``0 … M``, ``item_1 … item_k`` (per cent; a row of level ``max`` holds the
        items' maxima where the report tells them) or ``lowered, confirmed, raised`` (participants where given, else
        per cent).

    Raises
    ------
    WrongFormat
        The paper cannot be settled, or there are no rows.
    """
    layout = recognised.main[0].layout
    if layout.report in ("planned", "groups"):
        return read_skills(recognised, formats, settle_report(recognised.main, formats.words, given))
    data = gather(recognised.main)
    log = Log(data)
    paper = None if layout.report == "recut" else settle_report(recognised.main, formats.words, given)
    top = next((found for match in recognised.main if (found := largest_score(match)) is not None), None)
    reader = _READERS.get(layout.report, LevelRows)(data, log, formats.words, scales, paper, top)
    rows = reader.rows()
    papers = list(dict.fromkeys(row.paper for row in rows))
    for each in papers:
        scale = scales.get(each.year, each.subject, each.grade)
        if scale is None:
            log.file("scale_unknown", paper=each.title())
        elif scale.max_score and top and scale.max_score != top:
            log.file("report_max_differs", max=top, official=scale.max_score)
    one = papers[0] if len(papers) == 1 else paper
    return Reading(
        kind=_KINDS[reader.kind],
        layout=layout.id,
        year=papers[0].year if papers else (paper.year if paper else None),
        subject=one.subject if one else None,
        grade=one.grade if one else None,
        pupil_grade=None,
        rows_read=reader.counted,
        rows_accepted=reader.accepted,
        rows_rejected=reader.counted - reader.accepted,
        absent=0,
        problems=log.sorted(),
        frame=_frame(rows, reader, top),
        schools=_schools(rows, formats.words),
        scale_version=None,
        format_version=layout.version,
    )


def _frame(rows: Sequence[Row], reader: RowReader, top: int | None) -> pd.DataFrame:
    rows = [*rows]
    if reader.maxima is not None and rows:
        rows.insert(0, Row(rows[0].paper, "max", None, None, None, None, 0, reader.maxima))
    frame = {
        "year": pd.Series([row.paper.year for row in rows], dtype="int16"),
        "subject": pd.Series([row.paper.subject for row in rows], dtype="str"),
        "grade": pd.Series([row.paper.grade for row in rows], dtype="int8"),
        "level": pd.Series([row.level for row in rows], dtype="str"),
        "school": pd.Series([row.school for row in rows], dtype="str"),
        "municipality": pd.Series([row.municipality for row in rows], dtype="str"),
        "name": pd.Series([row.name for row in rows], dtype="str"),
        "n_schools": pd.Series([row.schools for row in rows], dtype="Int32"),
        "n": pd.Series([row.n for row in rows], dtype="int64"),
        "max_score": pd.Series([top] * len(rows), dtype="Int16"),
    }
    for at, name in enumerate(reader.names):
        frame[name] = pd.Series([row.values[at] for row in rows], dtype="float64")
    return pd.DataFrame(frame)


def _schools(rows: Sequence[Row], words: Words) -> pd.DataFrame:
    """One row a school, with the municipality whose row stood above it."""
    met = {row.school: row for row in reversed(rows) if row.school is not None}
    kept = [met[key] for key in sorted(met)]
    columns = {
        "school": [row.school for row in kept],
        "name": [row.name for row in kept],
        "municipality": [row.municipality for row in kept],
        "municipality_name": [row.municipality_name for row in kept],
        "kind": [words.school_kind(row.name) for row in kept],
    }
    return pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})
