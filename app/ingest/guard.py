"""What a file is and whether it is safe to parse, told from its bytes before any parser sees it.

Nothing heavy is imported here: the child process refuses a bomb before it loads pandas. A workbook is a zip archive:
its directory is checked first, then every part is inflated in small pieces against caps, so that a part lying about its
size is caught where the lie begins.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.ingest.refusals import refuse


@dataclass(frozen=True)
class Caps:
    """Largest sizes a file may have."""

    rows: int = 100_000
    columns: int = 200
    cell_chars: int = 32_768
    sheets: int = 50
    parts: int = 1_000
    inflated_bytes: int = 600 * 2**20
    ratio: int = 150
    ratio_from_bytes: int = 20 * 2**20


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "картинка PNG"),
    (b"\xff\xd8\xff", "картинка JPEG"),
    (b"GIF8", "картинка GIF"),
    (b"Rar!", "архив RAR"),
    (b"7z\xbc\xaf", "архив 7z"),
    (b"\x1f\x8b", "архив gzip"),
    (b"{\\rtf", "документ RTF"),
    (b"PAR1", "Parquet"),
    (b"SQLite format 3", "база SQLite"),
    (b"\x7fELF", "программа"),
    (b"MZ", "программа"),
)
_PIECE = 1 << 20
_SHEET_TAG = re.compile(rb"<(?:\w+:)?sheet[\s/>]")


def classify(path: Path, caps: Caps) -> str:
    """Tell "xlsx" from "text", or refuse.

    Parameters
    ----------
    path : Path
        The file, under any name.
    caps : Caps
        Largest sizes allowed; a workbook is checked against them.

    Returns
    -------
    str
        "xlsx" (checked and safe to parse) or "text".

    Raises
    ------
    WrongFormat
        The file is empty, encrypted, damaged, oversized or not a table.
    """
    with path.open("rb") as file:
        head = file.read(4096)
        if not head.strip(b"\x00 \t\r\n"):
            raise refuse("empty_file")
        if head.startswith(_OLE):
            raise _ole(head + file.read(4 * 2**20))
        if head.startswith(b"PK"):
            _check_zip(file, caps)
            return "xlsx"
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            raise refuse("not_a_table", what=what)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<", b"mime-version")):
        raise refuse("html_named_table")
    if b"\x00" in head and not _looks_utf16(head):
        raise refuse("not_a_table", what="двоичный файл")
    return "text"


def _looks_utf16(head: bytes) -> bool:
    """Text in UTF-16 has a mark at its start, or a zero (Latin) or 4 (Cyrillic) in every second byte."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    odd, even = head[1::2], head[::2]
    return any(len(half) > 8 and sum(b in (0, 4) for b in half) > 0.9 * len(half) for half in (odd, even))


def _ole(content: bytes) -> Exception:
    """Refusal for a compound document: encrypted workbooks and old .xls share the container."""

    def has(stream: str) -> bool:
        return stream.encode("utf-16-le") in content

    if has("EncryptedPackage") or has("EncryptionInfo"):
        return refuse("encrypted")
    if has("Workbook") or has("Book"):
        return refuse("old_xls")
    if has("WordDocument"):
        return refuse("not_a_table", what="документ Word")
    return refuse("old_xls") if len(content) > 4096 else refuse("damaged")


def _check_zip(file: BinaryIO, caps: Caps) -> None:
    try:
        archive = zipfile.ZipFile(file)
    except (
        zipfile.BadZipFile,
        struct.error,
        ValueError,
        OSError,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise refuse("damaged") from error
    parts = archive.infolist()
    if len(parts) > caps.parts:
        raise refuse("too_many_parts", count=len(parts), limit=caps.parts)
    names = [part.filename for part in parts]
    _check_names(set(names), archive)
    if len(set(names)) != len(names):
        raise refuse("damaged")
    if any(part.flag_bits & 0x1 for part in parts):
        raise refuse("encrypted")
    declared = sum(part.file_size for part in parts)
    if declared > caps.inflated_bytes:
        raise refuse("too_large_inside", what=f"{declared // 2**20} МБ")
    left = caps.inflated_bytes
    for part in parts:
        try:
            left -= _inflate(file, part, left, caps)
        except (OSError, ValueError, struct.error) as error:  # offsets that point outside the file
            raise refuse("damaged") from error


def _check_names(names: set[str], archive: zipfile.ZipFile) -> None:
    if "xl/workbook.xml" in names:
        return
    if "xl/workbook.bin" in names:
        raise refuse("other_office_file", what="двоичная книга .xlsb")
    if "mimetype" in names and "content.xml" in names:
        raise refuse("other_office_file", what="документ OpenDocument")
    if any(name.startswith("word/") for name in names):
        raise refuse("other_office_file", what="документ Word")
    if any(name.startswith("ppt/") for name in names):
        raise refuse("other_office_file", what="презентация")
    raise refuse("not_a_table", what="архив zip" if archive.namelist() else "пустой архив")


def _inflate(file: BinaryIO, part: zipfile.ZipInfo, left: int, caps: Caps) -> int:
    """Inflate one part in pieces, check its size, checksum and declarations; return its real size."""
    file.seek(part.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise refuse("damaged")
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    file.seek(part.header_offset + 30 + name_length + extra_length)
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refuse("damaged")
    stream = zlib.decompressobj(-15) if part.compress_type == zipfile.ZIP_DEFLATED else None
    is_xml = part.filename.endswith((".xml", ".rels", ".vml"))
    is_workbook = part.filename == "xl/workbook.xml"
    compressed, size, checksum, tail, sheets = part.compress_size, 0, 0, b"", 0
    ratio_cap = max(caps.ratio * part.compress_size, caps.ratio_from_bytes)
    limit = min(left, ratio_cap)
    while compressed > 0:
        raw = file.read(min(_PIECE // 4, compressed))
        if not raw:
            raise refuse("damaged")
        compressed -= len(raw)
        while raw:
            try:
                piece = stream.decompress(raw, _PIECE) if stream else raw
            except zlib.error as error:
                raise refuse("damaged") from error
            raw = stream.unconsumed_tail if stream else b""
            size += len(piece)
            if size > limit:
                raise refuse("too_large_inside", what=f"часть {part.filename[:60]} больше {limit // 2**20} МБ")
            checksum = zlib.crc32(piece, checksum)
            if is_xml:
                window = tail + piece
                if b"<!DOCTYPE" in window or b"<!ENTITY" in window or (size <= _PIECE and _is_utf16_doctype(window)):
                    raise refuse("doctype")
                if is_workbook:
                    sheets += len(_SHEET_TAG.findall(window)) - len(_SHEET_TAG.findall(tail))
                    if sheets > caps.sheets * 20:
                        break
                tail = window[-16:]
    if is_workbook and sheets > caps.sheets:
        raise refuse("too_many_sheets", count=sheets, limit=caps.sheets)
    if size != part.file_size or checksum != part.CRC:
        raise refuse("damaged")
    return size


def _is_utf16_doctype(window: bytes) -> bool:
    return window.startswith((b"\xff\xfe", b"\xfe\xff")) and b"D\x00O\x00C\x00T\x00Y\x00P\x00E" in window
