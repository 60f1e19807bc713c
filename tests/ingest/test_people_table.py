"""Both doors of the people's table, pasted text and workbook, are read by one parser that no input breaks."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from app.errors import WrongFormat
from app.ingest.guarded import read_sheets_guarded
from app.ingest.people_columns import load_columns
from app.ingest.people_line import Said, SaidTraining, read_line
from app.ingest.people_table import cell_text, column_letter, from_plain, from_sheets, from_text
from app.ingest.sheets import Sheet
from app.terms import Duty, PostKind, Subject

HEADINGS = [column.heading for column in load_columns()]
WORDS = st.text("абвгдеёжз АБВ-", min_size=1, max_size=20).map(lambda t: " ".join(t.split())).filter(
    lambda t: t.strip("- ")
)  # fmt: skip
DAYS = st.dates(date(2000, 1, 1), date(2060, 1, 1))


@st.composite
def people(draw: st.DrawFn) -> Said:
    training = SaidTraining(
        draw(WORDS),
        draw(st.none() | st.integers(1, 2000)),
        draw(st.just("") | WORDS),
        draw(DAYS),
        draw(st.none() | DAYS),
    )
    return Said(
        name=draw(WORDS),
        school=draw(st.just("") | st.integers(100000, 999999).map(str)),
        organisation=draw(st.just("") | WORDS),
        title=draw(st.just("") | WORDS),
        kind=draw(st.none() | st.sampled_from(PostKind)),
        since=draw(st.none() | DAYS),
        duties=tuple(draw(st.lists(st.sampled_from(Duty), unique=True))),
        subjects=tuple(draw(st.lists(st.sampled_from(Subject), unique=True, max_size=3))),
        grades=tuple(sorted(draw(st.sets(st.integers(1, 11), max_size=4)))),
        email=draw(st.sampled_from(("", "a@b.ru"))),
        load_limit=draw(st.none() | st.integers(0, 999)),
        training=draw(st.none() | st.just(training)),
    )


def typed(said: Said) -> list[object]:
    """The cells a person would type, in the order of the template; days and numbers as Excel keeps them."""
    training = said.training or SaidTraining("")
    return [
        said.name, f"sch{said.school}" if said.school else "", said.organisation, said.title,
        said.kind.ru if said.kind else None, said.since, ", ".join(d.ru for d in said.duties),
        "; ".join(s.ru for s in said.subjects), ", ".join(map(str, said.grades)), ", ".join(said.languages), said.email,
        said.load_limit, training.programme, training.hours, training.certificate, training.issued_on,
        training.valid_until,
    ]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(said=st.lists(people(), min_size=1, max_size=4))
def test_what_is_typed_is_what_is_understood_in_a_workbook_and_pasted_alike(said: list[Said]) -> None:
    rows = [HEADINGS, *map(typed, said)]

    of_book = from_sheets([Sheet("Люди", [list(row) for row in rows])])
    pasted = from_text("\n".join("\t".join(map(cell_text, row)) for row in rows))

    assert [read_line(line.cells) for line in of_book.lines] == said
    assert [line.cells for line in pasted.lines] == [line.cells for line in of_book.lines]
    assert [line.row for line in pasted.lines] == [line.row for line in of_book.lines]
    assert from_plain(of_book.as_plain()) == of_book


@settings(deadline=None, max_examples=200)
@given(rows=st.lists(st.lists(st.text(max_size=20), max_size=18).map("\t".join), max_size=5))
def test_no_text_breaks_the_reading(rows: list[str]) -> None:
    text = "\n".join(["\t".join(HEADINGS), *rows])
    try:
        lines = from_text(text).lines
    except WrongFormat as refused:
        lines = ()
        event(refused.reasons[0].code)

    for line in lines:
        assert all(remark.column and remark.reason.ru for remark in read_line(line.cells).remarks)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_table"),
        ("ФИО", "no_table"),
        ("Имя\nНина", "no_names"),
        ("ФИО\tКласс\tКлассы\nНина\t4\t5", "column_twice"),
        ("ФИО\n" + "Нина\n" * 2001, "too_long"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(text: str, code: str) -> None:
    with pytest.raises(WrongFormat) as refused:
        from_text(text)

    assert refused.value.reasons[0].code == code


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251", "utf-16"])
def test_a_csv_is_read_in_any_usual_encoding(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "люди.csv"
    path.write_bytes("№;ФИО;Почта\n1;Нина;a@b.ru\n".encode(encoding))

    table = from_sheets(read_sheets_guarded(path))

    assert [(line.row, dict(line.cells)) for line in table.lines] == [(2, {"name": "Нина", "email": "a@b.ru"})]
    assert table.unused == ("№",)


@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=people())
def test_a_real_workbook_gives_the_same_through_the_guarded_child(said: Said, tmp_path: Path) -> None:
    book, path = openpyxl.Workbook(), tmp_path / "люди.xlsx"
    book.active.title = "Справка"
    book.active.append(["ничего о людях"])
    page = book.create_sheet("Школа 1")
    page.append([])
    for row in (HEADINGS, typed(said)):
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    path.write_bytes(out.getvalue())

    table = from_sheets(read_sheets_guarded(path))

    (line,) = table.lines
    assert (line.sheet, line.row, read_line(line.cells)) == ("Школа 1", 3, said)
    assert table.skipped_sheets == ("Справка",)


def test_columns_have_the_letters_of_excel() -> None:
    assert [column_letter(i) for i in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
