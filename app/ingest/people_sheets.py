"""Sheets of a file with people, every cell as text; called in the guarded child process."""

from __future__ import annotations

from pathlib import Path

from app.ingest.guard import Caps
from app.ingest.people_columns import by_heading, plain
from app.ingest.people_table import cell_text
from app.ingest.refusals import refuse
from app.ingest.sheets import ENCODINGS, Sheet, read_xlsx, separated_rows


def read_sheets(path: Path, sort: str, caps: Caps) -> list[Sheet]:
    """Sheets of a file that `guard.classify` has called `sort`: "xlsx" or "text".

    Separated text is taken in the first encoding that shows a heading of names; in another one Russian headings are
    other letters.

    Raises
    ------
    WrongFormat
        The workbook cannot be read, or the text shows no heading of names in any encoding.
    """
    if sort == "xlsx":
        sheets = read_xlsx(path, caps)
        return [Sheet(s.name, [[cell_text(cell) for cell in row] for row in s.rows], s.first_row) for s in sheets]
    raw = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeError:
            continue
        for line in text.splitlines()[:20]:
            for delimiter in ";\t,":
                if any(by_heading().get(plain(cell.strip('" '))) == "name" for cell in line.split(delimiter)):
                    return [Sheet("", separated_rows(text, delimiter, caps))]
    raise refuse("people_no_names")
