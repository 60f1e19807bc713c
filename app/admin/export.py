"""Tables for Excel: semicolon CSV with a byte-order mark, or a workbook; text never starts a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from flask import Response

MIMETYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")

Row = Sequence[Any]


def cell(value: Any) -> str:
    """A value as CSV text that no spreadsheet takes for a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, int | float):
        return str(value).replace(".", ",")
    if isinstance(value, datetime):
        return f"{value:%d.%m.%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}"
    text = str(value).replace("\x00", "")
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def as_csv(titles: Row, rows: Iterable[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow([cell(title) for title in titles])
    writer.writerows([cell(value) for value in row] for row in rows)
    return ("\ufeff" + out.getvalue()).encode("utf-8")


def as_xlsx(titles: Row, rows: Iterable[Row], sheet: str, note: str) -> bytes:
    """A workbook whose text cells are strings whatever they begin with; `note` says who exported it and when."""
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font

    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("".join(c for c in sheet if c not in r"[]:*?/\\")[:31] or "Лист")
    page.freeze_panes = "A2"

    def typed(value: Any, *, is_bold: bool = False) -> WriteOnlyCell:
        if isinstance(value, datetime):
            value = value.replace(tzinfo=None)
        elif not isinstance(value, int | float | date) and value is not None:
            value = ILLEGAL_CHARACTERS_RE.sub("", str(value))[:32000]
        made = WriteOnlyCell(page, value=value)
        if isinstance(value, str):
            made.data_type = "s"  # after the value: openpyxl takes a leading «=» for a formula
        if is_bold:
            made.font = Font(bold=True)
        return made

    page.append([typed(title, is_bold=True) for title in titles])
    for row in rows:
        page.append([typed(value) for value in row])
    page.append([])
    page.append([typed(note)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def attachment(content: bytes, name: str, mimetype: str) -> Response:
    """A file to be saved, never shown: its name may be Cyrillic, its content can do nothing in the browser."""
    response = Response(content, mimetype=None, content_type=mimetype)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name).strip("_") or "file"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
