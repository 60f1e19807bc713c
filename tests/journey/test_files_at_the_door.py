"""Files as people really bring them: each gets a sentence that says what to do, and a bad one leaves nothing behind."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from app.database import acting
from app.models import Case, Dataset, School, Upload
from app.policy import SYSTEM
from app.terms import Role, UploadStatus
from app.workflows import people
from tests.journey.client import Client
from tests.journey.program import Program
from tests.journey.region import Row, SmallRegion, context_rows, workbook, works_rows

PASSWORD = "тихий северный ветер"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

GENEROUS = 30.0
"""Seconds to the first page on a busy machine; the aim, ten on an idle one, is measured and printed."""


@pytest.fixture(scope="module", autouse=True)
def _analyst(program: Program) -> None:
    with acting(program.context.sessions, SYSTEM) as session:
        form = people.UserForm("Анисимов Павел Юрьевич", "аналитик", Role.ANALYST)
        people.create_user(session, "analyst", PASSWORD, form, actor=SYSTEM, at=datetime.now(UTC))


@pytest.fixture
def analyst(program: Program) -> Client:
    return Client(program.url, "analyst", PASSWORD)


@pytest.fixture
def nothing_left(program: Program) -> Iterator[None]:
    """Whatever the test brings, the region's data stay as they were."""
    before = _kept(program)
    yield
    assert _kept(program) == before


def _kept(program: Program) -> tuple[int, ...]:
    with acting(program.context.sessions, SYSTEM) as session:
        counts = [session.scalar(select(func.count()).select_from(model)) or 0 for model in (Dataset, School, Case)]
    return tuple(counts)


def newest(program: Program, name: str) -> int:
    with acting(program.context.sessions, SYSTEM) as session:
        found = session.scalars(select(Upload.id).where(Upload.file_name == name).order_by(Upload.id.desc())).first()
    assert found is not None, f"{name} is not among the uploads"
    return found


def works(region: SmallRegion, n: int = 60) -> list[Row]:
    """The export of grade 5, header and the first `n` works."""
    paper = next(paper for paper in region.papers if paper.grade == 5)
    return works_rows(region.works, paper, region.schools)[: n + 1]


def above_maximum(region: SmallRegion) -> list[Row]:
    rows = works(region)
    for row in rows[1:]:
        row[9:25] = ["7"] * 16
        row[8] = "112"
    return rows


def with_names(region: SmallRegion) -> list[Row]:
    rows = works(region)
    rows[0][2] = "ФИО обучающегося"
    for number, row in enumerate(rows[1:]):
        row[2] = f"Иванов{'ич' * (number % 3)} Пётр Сергеевич"
    return rows


def test_the_first_page_comes_soon_after_the_command(program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nobektiv up --no-demo: first page after {program.seconds_to_first_page:.1f} s")  # noqa: T201

    assert "Вход" in program.first_page
    assert program.seconds_to_first_page < GENEROUS


def test_every_wrong_file_gets_a_sentence_that_says_what_to_do_and_leaves_nothing(
    program: Program, region: SmallRegion, analyst: Client, nothing_left: None
) -> None:
    whole = workbook(works(region))
    wrong = {
        "смета.xlsx": (workbook([["Статья", "Сумма"], ["Ремонт", "120000"]]), "не похожи ни на одну известную"),
        "под паролем.xlsx": (OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "снимите пароль"),
        "обрезан.xlsx": (whole[: len(whole) // 2], "скачайте его заново"),
        "триста листов.xlsx": (workbook(works(region, 3), sheets=300), "300 листов, допускается 50"),
        "чужие баллы.xlsx": (workbook(above_maximum(region)), "Баллы не подходят к работе"),
        "с фамилиями.xlsx": (workbook(with_names(region)), "личные данные"),
        "страница.xls": (b"<html><table><tr><td>1</td></tr></table></html>", "сохраните как «Книга Excel"),
        "приказ.pdf": (b"%PDF-1.7 ...", "загрузите файл .xlsx или .csv"),
    }

    said = analyst.upload({"пустой.xlsx": b"", **{name: content for name, (content, _sentence) in wrong.items()}})

    assert "Файл «пустой.xlsx» пуст" in said
    assert f"Файлов принято: {len(wrong)}" in said
    for name, (_content, sentence) in wrong.items():
        upload_id = newest(program, name)
        reading = analyst.reading(upload_id)
        assert reading["status"] == UploadStatus.REFUSED, (name, reading)
        _status, page = analyst.get(f"/uploads/{upload_id}")
        assert sentence in page, (name, reading["refusal"])
        assert "Ничего не загружено" in page
        status, answer = analyst.post(f"/uploads/{upload_id}/accept", {})
        assert status == 409, name
        assert "решение по нему не принимается" in answer


def test_a_file_larger_than_allowed_is_refused_at_the_door(analyst: Client, nothing_left: None) -> None:
    said = analyst.upload({"огромный.csv": b"1;2;3\n" * (21 * 2**20 // 6)})

    assert "Файл «огромный.csv» больше 20 МБ. Разделите его по предметам." in said


def test_a_csv_in_cp1251_is_read_and_accepted_like_any_other(
    program: Program, region: SmallRegion, analyst: Client
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(works(region, 200))

    analyst.upload({"из старой программы.csv": text.getvalue().encode("cp1251")})
    upload_id = newest(program, "из старой программы.csv")
    reading = analyst.reading(upload_id)
    status, page = analyst.post(f"/uploads/{upload_id}/accept", {})

    assert (reading["status"], reading["rows_read"], reading["rows_accepted"]) == ("previewed", 200, 200)
    assert status == 200
    assert "Файл принят, данные доступны проверкам." in page
    with acting(program.context.sessions, SYSTEM) as session:
        names = {school.municipality.name for school in session.scalars(select(School))}
    assert names <= set(region.schools["municipality_name"])


def test_an_unknown_school_is_pointed_out_before_anything_is_accepted(
    program: Program, region: SmallRegion, analyst: Client
) -> None:
    analyst.upload({"контекст.xlsx": workbook(context_rows(region.schools))})
    context_id = newest(program, "контекст.xlsx")
    analyst.reading(context_id)
    analyst.post(f"/uploads/{context_id}/accept", {})
    before = _kept(program)
    rows = works(region, 100)
    rows[50][0] = "sch990777"

    analyst.upload({"новая школа.xlsx": workbook(rows)})
    upload_id = newest(program, "новая школа.xlsx")
    analyst.reading(upload_id)
    _status, page = analyst.get(f"/uploads/{upload_id}")
    status, answer = analyst.post(f"/uploads/{upload_id}/reject", {"reason": "опечатка в логине школы"})

    assert "Школы с кодом 990777 нет в реестре" in page
    assert status == 200
    assert "Файл отклонён." in answer
    assert _kept(program) == before
