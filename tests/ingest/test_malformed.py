"""Spoilt files: each is refused with a reason or read with counts that add up; nothing else ever happens."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections import Counter

import pytest

from app.errors import WrongFormat
from app.ingest import read_file, read_guarded
from tests.ingest.files import as_text, context_form, federal_list, raw_2020, raw_2021, raw_2022, workbook

SEED = 20261123


def spoil_bytes(content: bytes, dice: random.Random) -> bytes:
    """Cut, flip, insert, repeat or drop bytes of the archive itself."""
    data = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data))
        match dice.randrange(5):
            case 0:
                del data[at:]
            case 1:
                data[at] ^= 1 << dice.randrange(8)
            case 2:
                data[at:at] = dice.randbytes(dice.randint(1, 64))
            case 3:
                data[at : at + 32] = data[max(0, at - 64) : at]
            case 4:
                del data[at : at + dice.randint(1, 200)]
        if len(data) < 8:
            break
    return bytes(data)


def spoil_parts(content: bytes, dice: random.Random) -> bytes:
    """Spoil the XML inside and pack it again, so that sizes and checksums are right."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as spoilt:
        names = archive.namelist()
        victim = dice.choice([n for n in names if n.endswith((".xml", ".rels"))])
        for name in names:
            part = archive.read(name)
            if name == victim:
                if dice.random() < 0.1:
                    continue
                part = spoil_xml(part, dice)
            spoilt.writestr(name, part)
    return out.getvalue()


def spoil_xml(part: bytes, dice: random.Random) -> bytes:
    text = part.decode("utf-8", errors="replace")
    tags = [m.span() for m in re.finditer(r"<[^>]+>", text)] or [(0, 1)]
    a, b = dice.choice(tags)
    match dice.randrange(8):
        case 0:
            return (text[:a] + text[b:]).encode()
        case 1:
            return (text[:b] + text[a:b] + text[b:]).encode()
        case 2:
            return text[:a].encode()
        case 3:
            return re.sub(
                r'r="[A-Z]+(\d+)"', lambda m: f'r="{dice.choice(["A", "ZZ", "?", "A0", ""])}{m[1]}"', text, count=5
            ).encode()
        case 4:
            return re.sub(
                r"<v>[^<]*</v>",
                lambda m: f"<v>{dice.choice(['', '1e999', 'NaN', '-7', '&#0;', '99999999'])}</v>",
                text,
                count=9,
            ).encode()
        case 5:
            return text.replace('t="s"', dice.choice(['t="b"', 't="e"', 't="d"', 't="n"', 't="zz"'])).encode()
        case 6:
            return dice.randbytes(dice.randint(0, 300))
        case _:
            return text.replace("sheetData", dice.choice(["sheetDara", "a:sheetData"]), 1).encode("utf-16")


def spoil_cells(rows: list[list[object]], dice: random.Random) -> list[list[object]]:
    """Values nobody expects, dropped, swapped and repeated cells and columns."""
    odd = [
        "",
        None,
        "  ",
        "=1+1",
        "#REF!",
        "\u202eабв",
        "😀",
        "x" * 500,
        "нет",
        -1,
        1e15,
        0.5,
        True,
        "0x10",
        "١",
        "²",
        "1_0",
        "\t",
    ]
    rows = [list(row) for row in rows]
    for _ in range(dice.randint(1, 40)):
        row = dice.choice(rows)
        if not row:
            continue
        at = dice.randrange(len(row))
        match dice.randrange(5):
            case 0 | 1:
                row[at] = dice.choice(odd)
            case 2:
                del row[at]
            case 3:
                row.insert(at, dice.choice(odd))
            case 4:
                rows.append(list(dice.choice(rows)))
    return rows


def corpus():
    """Name and bytes of every spoilt file."""
    dice = random.Random(SEED)
    made = [raw_2020(), raw_2021(), raw_2022(), context_form(), federal_list()]

    def packed(sheets) -> bytes:
        out = io.BytesIO()
        workbook(out, sheets)  # type: ignore[arg-type]
        return out.getvalue()

    whole = [packed(sheets) for sheets in made]
    for i in range(90):
        yield f"bytes-{i}", spoil_bytes(whole[i % 5], dice)
    for i in range(90):
        yield f"parts-{i}", spoil_parts(whole[i % 5], dice)
    for i in range(60):
        sheets = made[i % 5]
        if isinstance(sheets, dict):
            yield f"cells-{i}", packed({name: spoil_cells(rows, dice) for name, rows in sheets.items()})
        elif i % 2:
            yield f"cells-{i}", packed(spoil_cells(sheets, dice))
        else:
            text = as_text(spoil_cells(sheets, dice), dice.choice(";,\t"))
            yield f"text-{i}", text.encode(dice.choice(["utf-8", "cp1251"]), errors="replace")


def outcome(path, name: str) -> str:
    """How reading ended; anything but the two promised ends fails the test by the file's name."""
    try:
        reading = read_file(path)
    except WrongFormat as refused:
        return "refused" if all(reason.ru for reason in refused.reasons) else "refused without a reason"
    except BaseException as fault:
        # A panic of the compiled parser passes every `except Exception`: only the guarded reader can refuse it.
        if type(fault).__name__ != "PanicException":
            raise AssertionError(name) from fault
        with pytest.raises(WrongFormat):
            read_guarded(path)
        return "panicked"
    assert reading.rows_read == reading.rows_accepted + reading.rows_rejected + reading.absent, name
    assert len(reading.frame) == reading.rows_accepted, name
    rejected = {(p.sheet, p.row) for p in reading.problems if p.severity == "rejected"}
    assert len(rejected) == reading.rows_rejected, name
    return "read"


def test_every_spoilt_file_is_refused_or_read_with_counts_that_add_up(tmp_path):
    path = tmp_path / "spoilt"
    outcomes: Counter[str] = Counter()
    for name, content in corpus():
        path.write_bytes(content)
        outcomes[outcome(path, name)] += 1
    assert outcomes.total() == 240
    assert set(outcomes) <= {"refused", "read", "panicked"}
    assert outcomes["refused"] >= 120
    assert outcomes["read"] >= 30


def test_guarded_reader_refuses_the_same_files(tmp_path):
    """A handful through the child as well: the answer does not depend on where the file is read."""
    path = tmp_path / "spoilt"
    for name, content in list(corpus())[::48]:
        path.write_bytes(content)
        answers = []
        for read in (read_file, read_guarded):
            try:
                answers.append(read(path).summary())
            except WrongFormat as refused:
                answers.append({"refused": refused.reasons[0].code})
        assert answers[0] == answers[1], name
