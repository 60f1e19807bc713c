"""A workbook like a regional export, written by hand in seconds, and the least that anybody must do to read it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.parsers import expat

import numpy as np

from app.bench.big_region import PAPERS

_HEAD = (
    "логин школы", "регион", "номер обучающегося", "код обучающегося", "отметка за предыдущую четверть/триместр", "пол",
    "класс", "вариант", "всего баллов",
)  # fmt: skip
_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.worksheet+xml"/>'
        '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sharedStrings+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        '<sheet name="Протокол" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/><Relationship Id="rId2" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" '
        'Target="sharedStrings.xml"/></Relationships>'
    ),
}
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def write_workbook(path: Path, rows: int, *, seed: int) -> Path:
    """Write works of the mathematics paper of grade 4 in the layout of the exports of 2021, all cells text."""
    rng = np.random.default_rng(seed)
    item_max = np.array(PAPERS[0].item_max)
    points = (rng.random((rows, len(item_max))) * (item_max + 1)).astype(np.int64)
    school = np.sort(rng.integers(0, max(1, rows // 60), rows))
    number = np.arange(rows) - np.searchsorted(school, school)
    columns = [
        [f"sch{990000 + code}" for code in school.tolist()],
        [f"Район {code // 40}" for code in school.tolist()],
        [str(n + 1) for n in number.tolist()],
        [str(40001 + n) for n in number.tolist()],
        [str(mark) for mark in rng.integers(3, 6, rows).tolist()],
        [""] * rows,
        ["абв"[n // 27 % 3] for n in number.tolist()],
        [str(v) for v in rng.integers(1, 3, rows).tolist()],
        [str(total) for total in points.sum(axis=1).tolist()],
        *([str(value) for value in own] for own in points.T.tolist()),
    ]
    head = [*_HEAD, *(f"балл за {k + 1}" for k in range(len(item_max)))]
    shared: dict[str, int] = {}
    letters = [_letter(k) for k in range(len(head))]
    lines = []
    for at, cells in enumerate(zip(*([name, *own] for name, own in zip(head, columns, strict=True)), strict=True), 1):
        told = "".join(
            f'<c r="{letter}{at}" t="s"><v>{shared.setdefault(word, len(shared))}</v></c>'
            for letter, word in zip(letters, cells, strict=True)
            if word
        )
        lines.append(f'<row r="{at}">{told}</row>')
    words = "".join(f"<si><t>{word}</t></si>" for word in shared)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
        archive.writestr("xl/sharedStrings.xml", f"<sst {_MAIN}>{words}</sst>")
        archive.writestr(
            "xl/worksheets/sheet1.xml", f"<worksheet {_MAIN}><sheetData>{''.join(lines)}</sheetData></worksheet>"
        )
    return path


def _letter(column: int) -> str:
    return chr(65 + column) if column < 26 else chr(64 + column // 26) + chr(65 + column % 26)


def tokenise(path: Path) -> None:
    """Inflate the sheet and its words and let expat split them into tokens, doing nothing with any."""
    with zipfile.ZipFile(path) as archive:
        for name in ("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"):
            parser = expat.ParserCreate()
            with archive.open(name) as stream:
                parser.ParseFile(stream)
