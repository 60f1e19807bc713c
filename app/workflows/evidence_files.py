"""Files that prove a thing was done: told by their bytes, refused unless a document or a picture, kept by hash."""

from __future__ import annotations

import io
import re
import zipfile

from app.errors import Reason, WrongFormat
from app.storage import ObjectStore

_STARTS = (
    (b"%PDF-", "pdf", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
)
_OFFICE = {
    "word/document.xml": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xl/workbook.xml": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ppt/presentation.xml": ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
}
_MOST_PARTS = 2000


def keep(store: ObjectStore, name: str, content: bytes) -> tuple[str, str]:
    """Keep a file; return its SHA-256 and a name whose ending says what it really is.

    Raises
    ------
    WrongFormat
        The bytes are empty, or neither a PDF, a picture nor an office document, or the document carries macros.
    """
    ending, _mimetype = kind_of(content)
    stem = re.sub(r"[\x00-\x1f/\\:*?\"<>|]", " ", name.rpartition(".")[0] or name)
    stem = " ".join(stem.split())[:200] or "файл"
    return store.put(content), f"{stem}.{ending}"


def kind_of(content: bytes) -> tuple[str, str]:
    """Ending and media type of a file, told from its bytes."""
    if not content.strip(b"\x00 \t\r\n"):
        raise WrongFormat(Reason("empty_file", "Файл пуст. Выберите другой.", "The file is empty. Choose another."))
    for start, ending, mimetype in _STARTS:
        if content.startswith(start):
            return ending, mimetype
    if content.startswith(b"PK"):
        return _office(content)
    raise _unknown()


def _office(content: bytes) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise _unknown() from error
    if len(parts) > _MOST_PARTS or any(part.lower().endswith("vbaproject.bin") for part in parts):
        raise WrongFormat(
            Reason(
                "macros",
                "В документе есть макросы или слишком много частей. Сохраните его в PDF и приложите PDF.",
                "The document carries macros or too many parts. Save it as PDF and attach that.",
            )
        )
    for part, known in _OFFICE.items():
        if part in parts:
            return known
    raise _unknown()


def _unknown() -> WrongFormat:
    return WrongFormat(
        Reason(
            "evidence_kind",
            "Приложить можно PDF, картинку PNG или JPEG, документ docx, xlsx или pptx. Сохраните файл в одном из них.",
            "Attach a PDF, a PNG or JPEG picture, or a docx, xlsx or pptx document.",
        )
    )
