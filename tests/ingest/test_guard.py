"""What is not a readable table is refused before any parser, quickly and with a sentence that helps."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.errors import WrongFormat
from app.ingest import read_file, read_guarded
from app.ingest.guard import Caps, classify
from tests.ingest.files import raw_2021, workbook

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def refusal(path: Path, read=read_file) -> str:
    with pytest.raises(WrongFormat) as caught:
        read(path)
    return caught.value.reasons[0].code


def bare_workbook(path: Path, sheet: str, prologue: str = '<?xml version="1.0"?>', filler: bytes = b"") -> Path:
    """The least a parser takes for a workbook, around the XML of one sheet."""
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{RELS}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELS}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{RELS}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(f'{prologue}<worksheet xmlns="{MAIN}"><sheetData>{sheet}'.encode())
            if filler:
                for _ in range(2048):
                    part.write(filler)
            part.write(b"</sheetData></worksheet>")
    return path


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"  \r\n\t", "empty_file"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "html_named_table"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "html_named_table"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>', "html_named_table"),
        (b"%PDF-1.7 ...", "not_a_table"),
        (b"\x89PNG\r\n\x1a\n", "not_a_table"),
        (b"Rar!\x1a\x07", "not_a_table"),
        (bytes(range(256)) * 8, "not_a_table"),
        (OLE + b"\x00" * 500 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 500, "encrypted"),
        (OLE + b"\x00" * 500 + "Workbook".encode("utf-16-le") + b"\x00" * 500, "old_xls"),
        (OLE + b"\x00" * 500 + "WordDocument".encode("utf-16-le"), "not_a_table"),
        (OLE, "damaged"),
        (b"PK\x03\x04", "damaged"),
        (b"PK\x03\x04" + b"\x00" * 5000, "damaged"),
        ("просто текст".encode(), "unknown_layout"),
        ("просто текст".encode("cp1251"), "encoding"),
    ],
)
def test_what_is_not_a_table_is_refused_by_its_bytes(tmp_path, content, code):
    path = tmp_path / "выгрузка.xlsx"
    path.write_bytes(content)
    assert refusal(path) == code


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("word/document.xml", "other_office_file"),
        ("ppt/presentation.xml", "other_office_file"),
        ("xl/workbook.bin", "other_office_file"),
        ("readme.txt", "not_a_table"),
    ],
)
def test_other_zip_documents_are_named(tmp_path, part, code):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, "x")
    assert refusal(path) == code


def test_truncated_workbook_is_refused_at_every_length(tmp_path):
    whole = workbook(tmp_path / "a.xlsx", raw_2021()).read_bytes()
    path = tmp_path / "b.xlsx"
    for length in range(10, len(whole) - 1, 97):
        path.write_bytes(whole[:length])
        assert refusal(path) == "damaged"


def test_encrypted_zip_is_asked_without_its_password(tmp_path):
    content = bytearray(workbook(tmp_path / "a.xlsx", raw_2021()).read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 8] |= 1
    (tmp_path / "b.xlsx").write_bytes(content)
    assert refusal(tmp_path / "b.xlsx") == "encrypted"


def test_three_hundred_sheets_are_refused_with_the_count(tmp_path):
    path = workbook(tmp_path / "a.xlsx", {f"Лист {i}": [["x"]] for i in range(300)})
    with pytest.raises(WrongFormat, match="300 листов, допускается 50"):
        read_file(path)


def test_too_many_parts_are_refused(tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for i in range(1001):
            archive.writestr(f"xl/media/{i}", "")
    assert refusal(path) == "too_many_parts"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_declared_entities_are_refused(tmp_path, encoding):
    prologue = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;&b;">]>'
    path = bare_workbook(tmp_path / "a.xlsx", "<row r='1'/>", prologue)
    if encoding == "utf-16":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("xl/theme.xml", f"{prologue}<a>&d;</a>".encode("utf-16"))
    assert refusal(path) == "doctype"


def test_wide_and_long_sheets_are_refused(tmp_path):
    wide = workbook(tmp_path / "a.xlsx", [[f"столбец {i}" for i in range(250)]])
    assert refusal(wide) == "too_many_columns"
    rows = raw_2021(200)
    long = workbook(tmp_path / "b.xlsx", rows)
    with pytest.raises(WrongFormat, match="допускается 100"):
        read_file(long, caps=Caps(rows=100))


def lying(path: Path, size: int) -> Path:
    """Make the directory and the header of the sheet claim another inflated size."""
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.index(b"xl/worksheets/sheet1.xml")
        at = content.rindex(
            signature, 0, at if signature == b"PK\x03\x04" else content.rindex(b"xl/worksheets/sheet1.xml")
        )
        content[at + offset : at + offset + 4] = struct.pack("<I", size)
    path.write_bytes(content)
    return path


def test_part_that_lies_about_its_size_is_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", raw_2021())
    assert refusal(lying(path, 100)) == "damaged"


@pytest.fixture
def bombs(tmp_path) -> dict[str, Path]:
    """Small files that ask for much: half a gigabyte of zeros, the last cell of a sheet, two far corners, a long
    text."""
    inflating = bare_workbook(tmp_path / "inflating.xlsx", "", filler=b"<!--" + b" " * (2**18 - 7) + b"-->")
    corner = bare_workbook(tmp_path / "corner.xlsx", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    corners = bare_workbook(
        tmp_path / "corners.xlsx",
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    )
    tall = bare_workbook(
        tmp_path / "tall.xlsx",
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="CV1048576"><v>1</v></c></row>',
    )
    nested = tmp_path / "nested.csv"
    nested.write_bytes(b'"' * 5_000_000)
    return {"inflating": inflating, "corner": corner, "corners": corners, "tall": tall, "nested": nested}


def test_bombs_are_refused_within_time_and_memory(bombs):
    """Run apart, so that the peak measured is the children's alone."""
    script = (
        "import json, resource, sys, time\n"
        "from pathlib import Path\n"
        "from app.errors import WrongFormat\n"
        "from app.ingest import read_guarded\n"
        "result = {}\n"
        "for name in sys.argv[1:]:\n"
        "    start = time.monotonic()\n"
        "    try:\n"
        "        read_guarded(Path(name), memory_mb=1024)\n"
        "        code = 'read'\n"
        "    except WrongFormat as refused:\n"
        "        code = refused.reasons[0].code\n"
        "    result[Path(name).stem] = [code, time.monotonic() - start]\n"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024\n"
        "print(json.dumps({'result': result, 'peak': peak}))\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, bombs.values())], capture_output=True, text=True, cwd=root, timeout=120
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    codes = {name: code for name, (code, _) in told["result"].items()}
    assert codes["inflating"] == "too_large_inside"
    assert codes["corner"] in {"too_many_rows", "too_many_columns", "unknown_layout"}
    assert codes["corners"] in {"out_of_memory", "too_many_columns", "too_many_rows"}
    assert codes["tall"] in {"out_of_memory", "too_many_rows"}
    assert codes["nested"] in {"unknown_layout", "encoding", "cell_too_long"}
    assert max(seconds for _, seconds in told["result"].values()) < 20
    assert told["peak"] < 900


def test_inflating_workbook_is_refused_before_anything_heavy_is_loaded(bombs):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from app.errors import WrongFormat\n"
        "from app.ingest.guard import Caps, classify\n"
        "try:\n"
        "    classify(Path(sys.argv[1]), Caps())\n"
        "except WrongFormat as refused:\n"
        "    status = Path('/proc/self/status').read_text()\n"
        "    peak = int(status.split('VmHWM:')[1].split()[0]) // 1024\n"
        "    print(refused.reasons[0].code, peak, 'pandas' in sys.modules)\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, str(bombs["inflating"])], capture_output=True, text=True, cwd=root, timeout=60
    )
    code, peak, loaded = done.stdout.split()
    assert (code, loaded) == ("too_large_inside", "False")
    assert int(peak) < 150


def test_guarded_reading_equals_plain_reading(tmp_path):
    path = workbook(tmp_path / "a.xlsx", raw_2021(300))
    plain, guarded = read_file(path), read_guarded(path)
    assert guarded.frame.equals(plain.frame)
    assert guarded.schools.equals(plain.schools)
    assert guarded.frame.dtypes.equals(plain.frame.dtypes)
    assert (guarded.problems, guarded.summary()) == (plain.problems, plain.summary())


def test_guarded_refusal_carries_the_reason(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"")
    assert refusal(path, read_guarded) == "empty_file"


def test_reading_that_outlasts_its_time_is_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", raw_2021())
    with pytest.raises(WrongFormat) as caught:
        read_guarded(path, timeout=0.01)
    assert caught.value.reasons[0].code == "timed_out"


def test_reading_that_outgrows_its_memory_is_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", raw_2021())
    with pytest.raises(WrongFormat) as caught:
        read_guarded(path, memory_mb=120)
    assert caught.value.reasons[0].code in {"out_of_memory", "unreadable"}


def test_guard_leaves_the_file_untouched(tmp_path):
    path = workbook(tmp_path / "a.xlsx", raw_2021())
    before = path.read_bytes()
    assert classify(path, Caps()) == "xlsx"
    assert path.read_bytes() == before
    assert zipfile.is_zipfile(io.BytesIO(before))
