"""Columns of a table of people: how each is known, what stands in it, what the template says of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from app import datafiles
from app.errors import Misconfigured

NAMES = (
    "name",
    "school",
    "organisation",
    "title",
    "kind",
    "since",
    "duties",
    "subjects",
    "grades",
    "languages",
    "email",
    "load_limit",
    "programme",
    "hours",
    "certificate",
    "issued_on",
    "valid_until",
)


@dataclass(frozen=True)
class Column:
    """One column; the first of `headings` (small letters) is the template's."""

    name: str
    headings: tuple[str, ...]
    example: str
    help_ru: str
    help_en: str

    @property
    def heading(self) -> str:
        """Heading as people write it: «ФИО», «Номер школы»."""
        first = self.headings[0]
        return first.upper() if self.name == "name" else first[:1].upper() + first[1:]


@cache
def load_columns() -> tuple[Column, ...]:
    """Columns of ``app/data/people_table.toml``, in the order of the template.

    Raises
    ------
    Misconfigured
        A column is missing, unknown or told twice, or one heading stands at two columns.
    """
    path = datafiles.DATA_DIR / "people_table.toml"
    found: list[Column] = []
    for row in datafiles.load(path, keys={"column"}).body["column"]:
        where = f"{path.name} [[column]] {row.get('name', '')}"
        datafiles.require_keys(row, {"name", "headings", "example", "help"}, where=where)
        datafiles.require_keys(row["help"], {"ru", "en"}, where=f"{where} help")
        columns = tuple(plain(word) for word in row["headings"])
        found.append(Column(row["name"], columns, row["example"], row["help"]["ru"], row["help"]["en"]))
    if sorted(column.name for column in found) != sorted(NAMES):
        raise Misconfigured(f"{path.name}: столбцы должны быть: {', '.join(NAMES)}")
    words = [word for column in found for word in column.headings]
    if twice := next((word for word in words if words.count(word) > 1), None):
        raise Misconfigured(f"{path.name}: заголовок «{twice}» стоит у двух столбцов")
    return tuple(found)


@cache
def by_heading() -> dict[str, str]:
    """Heading in small letters → name of its column."""
    return {word: column.name for column in load_columns() for word in column.headings}


def plain(text: str) -> str:
    """Text as it is compared: small letters, single spaces."""
    return " ".join(text.split()).casefold()
