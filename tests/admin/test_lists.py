"""Lists: few statements, a capped count, fast pages, safe files."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from urllib.parse import unquote

import openpyxl
import pytest
from sqlalchemy import event

from app.admin import base, export
from app.context import AppContext
from app.database import acting
from app.models import JournalEntry, School
from app.policy import SYSTEM
from tests import factories as make
from tests.admin.world import World

LISTS = ("/cases/", "/flags/", "/observations/", "/rechecks/", "/uploads/", "/screening/", "/schools/", "/journal/",
         "/users/", "/outbox/", "/objective/", "/control/", "/clusters/", "/scales/")  # fmt: skip


@contextmanager
def counted(context: AppContext) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            sent.append(statement)

    event.listen(context.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(context.engine, "before_cursor_execute", note)


def add_cases(world: World, n: int) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        run = make.make_run(session)
        for i in range(n):
            school = School(code=f"7{i:05d}", name=f"СОШ № {i}", municipality_id=world.cast.municipality.id)
            session.add(school)
            session.flush()
            case = make.make_case(session, school, evidence=i / 10, curator_id=world.cast["kira"].id)
            make.make_flag(session, school, run, case_id=case.id)
            make.make_observation(session, case, world.cast["ivan"])


@pytest.mark.parametrize("person", ["rita", "root", "anna", "marat", "kira", "ivan"])
def test_a_list_page_sends_at_most_nine_statements(world: World, person: str) -> None:
    add_cases(world, 60)
    client = world.client(person)
    client.get("/cases/")  # a process asks for the texts of the workflows once

    spent = {}
    for path in LISTS:
        with counted(world.context) as sent:
            if client.get(path).status_code == 200:
                spent[path] = len(sent)

    assert spent["/cases/"]
    assert not {path: n for path, n in spent.items() if n > 9}


def test_a_page_of_two_thousand_cases_comes_within_300_ms(world: World) -> None:
    add_cases(world, 2000)
    client = world.client("rita")
    client.get("/cases/")  # templates are compiled once

    times = []
    for path in ("/cases/", "/cases/?page=20", "/cases/?search=СОШ", "/cases/?state=flagged", "/cases/?sort=1"):
        start = time.perf_counter()
        assert client.get(path).status_code == 200
        times.append(time.perf_counter() - start)

    assert median(times) < 0.3, times


def test_a_count_beyond_the_cap_is_not_counted_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "CAP", 2)

    page = world.client("rita").get("/cases/").get_data(as_text=True)

    assert "1–3 из 2+" in page


def test_search_is_blind_to_case_and_takes_wildcards_literally(world: World) -> None:
    client = world.client("rita")

    assert "СОШ № 1" in client.get("/cases/?search=сош").get_data(as_text=True).replace("\u00a0", " ")
    assert "Ничего не найдено" in client.get("/cases/?search=%25%25").get_data(as_text=True)


def test_filters_and_sorting_keep_each_other(world: World) -> None:
    add_cases(world, 60)

    page = world.client("rita").get("/cases/?state=flagged&sort=6&desc=1&page=1").get_data(as_text=True)

    assert "state=flagged" in page
    assert "51–60 из 60" in page


def test_no_cell_of_an_export_starts_a_formula(world: World) -> None:
    evil = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1"]
    with acting(world.context.sessions, SYSTEM) as session:
        for i, name in enumerate(evil):
            session.add(School(code=f"66{i}", name=name, municipality_id=world.cast.municipality.id))
    client = world.client("rita")
    headers = {"X-CSRFToken": world.token(client)}

    text = client.post("/schools/export/csv", headers=headers).get_data().decode("utf-8-sig")
    book = openpyxl.load_workbook(io.BytesIO(client.post("/schools/export/xlsx", headers=headers).get_data()))

    assert not [
        c for row in csv.reader(io.StringIO(text), delimiter=";") for c in row if c[:1] in tuple("=+-@\t\r\n") and c
    ]
    assert not [cell.coordinate for row in book.active.iter_rows() for cell in row if cell.data_type == "f"]
    assert "=HYPERLINK(1)" in [cell.value for cell in book.active["A"]]


def test_an_export_has_a_cyrillic_name_opens_in_excel_and_is_journalled(world: World) -> None:
    client = world.client("marat")

    answer = client.post("/cases/export/csv?state=observed", headers={"X-CSRFToken": world.token(client)})

    assert answer.get_data().startswith(b"\xef\xbb\xbf")
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    assert "Дела" in unquote(answer.headers["Content-Disposition"])
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    (entry,) = world.rows(JournalEntry, action="cases:export")
    assert entry.facts["rows"] == 2
    assert entry.actor_id == world.cast["marat"].id


def test_an_export_is_asked_for_by_post_only(world: World) -> None:
    assert world.client("marat").get("/cases/export/csv").status_code in (404, 405)


def test_cells_keep_numbers_and_defuse_text() -> None:
    assert [export.cell(v) for v in (None, 1, -2.5, "-2", "текст", True)] == ["", "1", "-2,5", "'-2", "текст", "да"]


def test_a_workbook_is_whole() -> None:
    content = export.as_xlsx(["А"], [["=1"], [2]], "Лист: [1]", "примечание")

    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
