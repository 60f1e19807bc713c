"""Uploads, screening, people, jobs, the first page, progress."""

from __future__ import annotations

import io
import re
from dataclasses import fields

import pytest

from app.database import acting
from app.jobs import run_pending
from app.models import (
    Dataset,
    JournalEntry,
    OutboxJob,
    Person,
    PersonDuty,
    PersonPost,
    ScreeningRun,
    Training,
    Upload,
    User,
)
from app.policy import SYSTEM
from app.terms import FileKind, JobStatus, Role, RunStatus, UploadStatus
from tests import factories as make
from tests.admin.world import World
from tests.ingest.files import EXAM_HEADER, as_text
from tests.workflows.test_intake import works_file


class Browser:
    def __init__(self, world: World, login: str) -> None:
        self.client = world.client(login)
        self.headers = {"X-CSRFToken": world.token(self.client)}

    def send(self, path: str, **data):
        return self.client.post(path, data=data, headers=self.headers)

    def text(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)


@pytest.fixture
def anna(world: World) -> Browser:
    return Browser(world, "anna")


def test_results_of_examinations_are_shown_like_other_files_and_named_on_the_run(world: World, anna: Browser) -> None:
    school = world.cast.school.code
    table = as_text([
        [*EXAM_HEADER],
        [2025, school, "", "ОГЭ", "Математика", 40, "3,9", "", ""],
        [2025, school, "", "ЕГЭ", "Математика", 0, "", "60", ""],
    ])  # fmt: skip
    sent = anna.send("/uploads/new", files=[(io.BytesIO(table.encode()), "огэ.csv")], year="", subject="", grade="")
    run_pending(world.context)
    preview = anna.text(sent.location)
    anna.send(f"{sent.location}/accept")
    with acting(world.context.sessions, SYSTEM) as session:
        dataset = session.query(Dataset).filter(Dataset.kind == FileKind.EXAMS).one()
        file = {"id": dataset.id, "upload_id": dataset.upload_id, "years": [2025], "sha256": dataset.sha256}
        run = make.make_run(session, inputs={"datasets": [], "exam_results": [file]})

    assert "Результаты ОГЭ и ЕГЭ" in preview
    assert "нужно целое число не меньше 1" in preview
    assert "трёх следующих" in preview
    assert "результаты ОГЭ и ЕГЭ" in anna.text("/uploads/")
    assert "Результаты ОГЭ и ЕГЭ: 2025" in anna.text(f"/screening/{run.id}")


def test_a_file_is_uploaded_read_previewed_and_accepted(world: World, anna: Browser) -> None:
    sent = anna.send(
        "/uploads/new", files=[(io.BytesIO(works_file()), "ma5 выгрузка.csv")], year="", subject="", grade=""
    )
    path = sent.location
    assert sent.status_code == 302
    assert "Файл читается" in anna.text(path)
    assert anna.client.get(f"/jobs/upload/{path.rpartition('/')[2]}").json["done"] is False

    run_pending(world.context)

    assert anna.client.get(f"/jobs/upload/{path.rpartition('/')[2]}").json["done"] is True
    page = anna.text(path)
    assert "математика" in page
    assert ">24<" in page
    assert anna.send(f"{path}/accept").status_code == 302
    assert world.rows(Dataset, year=2021)[0].n_rows == 24
    assert "загружен" in anna.text(path)


def test_several_files_are_told_about_one_by_one(world: World, anna: Browser) -> None:
    files = [
        (io.BytesIO(works_file()), "a.csv"),
        (io.BytesIO(b""), "пустой.csv"),
        (io.BytesIO(works_file()), "copy.csv"),
    ]

    answer = anna.client.post("/uploads/new", data={"files": files}, headers=anna.headers, follow_redirects=True)

    text = answer.get_data(as_text=True)
    assert "Файл «пустой.csv» пуст" in text
    assert "Этот файл уже есть" in text
    assert "Файлов принято: 1" in text
    assert len(world.rows(Upload, status=UploadStatus.RECEIVED)) == 1


def test_a_file_above_the_limit_is_refused_before_it_is_kept(world: World, anna: Browser) -> None:
    size = world.context.settings.max_upload_mb * 2**20 + 1
    kept = len(list(world.context.store))

    answer = anna.client.post(
        "/uploads/new",
        data={"files": [(io.BytesIO(b"a" * size), "big.csv")]},
        headers=anna.headers,
        follow_redirects=True,
    )

    assert "больше 20 МБ" in answer.get_data(as_text=True)
    assert len(list(world.context.store)) == kept


def test_no_file_is_told(anna: Browser) -> None:
    assert anna.send("/uploads/new").status_code == 409


def test_a_rejection_needs_a_reason_and_keeps_the_file(world: World, anna: Browser) -> None:
    path = f"/uploads/{world.own.upload}"

    refused = anna.send(f"{path}/reject", reason=" ")
    assert refused.status_code == 409
    assert "Укажите, почему файл отклонён" in refused.get_data(as_text=True)
    assert anna.send(f"{path}/reject", reason="Не тот год.").status_code == 302

    (upload,) = world.rows(Upload, id=world.own.upload)
    assert (upload.status, upload.decision_reason) == (UploadStatus.REJECTED, "Не тот год.")
    assert anna.client.get(f"{path}/original").get_data()
    assert anna.send(f"{path}/accept").status_code == 409


def test_the_problems_of_a_file_are_downloaded_whole(world: World, anna: Browser) -> None:
    text = anna.client.get(f"/uploads/{world.own.upload}/problems/csv").get_data().decode("utf-8-sig")

    assert text.splitlines()[0].startswith("Лист;Строка;Столбец;Значение")
    assert "Логин не распознан" in text


def test_a_run_is_offered_only_for_years_with_accepted_works(world: World, anna: Browser) -> None:
    page = anna.text("/screening/")
    assert '<option value="2026">' in page
    assert '<option value="2021">' not in page

    assert anna.send("/screening/start", year="2021").status_code == 409
    answer = anna.send("/screening/start", year="2026")

    assert answer.status_code == 302
    (run,) = world.rows(ScreeningRun, status=RunStatus.QUEUED)
    assert "Идёт проверка" in anna.text(answer.location)
    assert anna.client.get(f"/jobs/run/{run.id}").json == {
        "id": run.id, "share": 0.0, "text": "в очереди", "left": "", "done": False,
    }  # fmt: skip
    assert anna.send("/screening/start", year="2026").status_code == 409


def test_a_failed_run_says_why(world: World, anna: Browser) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        run_id = make.make_run(session, status=RunStatus.FAILED, failure="Нет шкалы для работы.").id

    assert "Нет шкалы для работы." in anna.text(f"/screening/{run_id}")


def test_only_an_analyst_starts_a_run(world: World) -> None:
    assert Browser(world, "rita").send("/screening/start", year="2026").status_code == 403


def test_an_administrator_adds_a_person(world: World) -> None:
    root = Browser(world, "root")
    said = {
        "login": "Nina", "password": "фраза из пяти слов тут", "name": "Нина", "post": "", "role": "department",
        "municipality_id": str(world.cast.municipality.id), "school_id": "", "person_id": "", "is_active": "y",
    }  # fmt: skip

    assert root.send("/users/add", **{**said, "password": "коротко"}).status_code == 409
    assert root.send("/users/add", **{**said, "municipality_id": ""}).status_code == 409
    assert root.send("/users/add", **said).status_code == 302
    assert root.send("/users/add", **said).status_code == 409

    (nina,) = world.rows(User, login="nina")
    assert nina.role is Role.DEPARTMENT
    assert nina.password_hash.startswith("$argon2id$")
    assert "фраза" not in str([entry.facts for entry in world.rows(JournalEntry)])


def test_no_further_column_of_a_person_can_be_written(world: World) -> None:
    root, before = Browser(world, "root"), world.rows(User, login="mira")[0]

    root.send(
        f"/users/{before.id}", version="1", name="Мира", post="", role="department", is_active="y",
        municipality_id=str(world.cast.municipality.id), school_id="", person_id="",
        id="999", password_hash="x", login="hacked", locale="en",
    )  # fmt: skip

    after = world.rows(User, id=before.id)[0]
    assert (after.name, after.login, after.password_hash, after.locale) == ("Мира", "mira", before.password_hash, "ru")


def test_two_administrators_do_not_overwrite_each_other(world: World) -> None:
    root, user_id = Browser(world, "root"), world.cast["mira"].id
    said = {"version": "1", "post": "", "role": "department", "is_active": "y", "school_id": "", "person_id": "",
            "municipality_id": str(world.cast.municipality.id)}  # fmt: skip

    assert root.send(f"/users/{user_id}", **said, name="Первая").status_code == 302
    second = root.send(f"/users/{user_id}", **said, name="Вторая")

    assert second.status_code == 409
    assert "уже изменил другой человек" in second.get_data(as_text=True)
    assert 'value="Вторая"' in second.get_data(as_text=True)
    assert world.rows(User, id=user_id)[0].name == "Первая"


def test_an_administrator_does_not_lock_himself_out(world: World) -> None:
    answer = Browser(world, "root").send(
        f"/users/{world.cast['root'].id}", version="1", name="Root", post="", role="admin", municipality_id="",
        school_id="", person_id="",
    )  # fmt: skip

    assert answer.status_code == 409


def test_a_dead_job_is_set_going_again_once(world: World) -> None:
    root = Browser(world, "root")
    assert "Запустить снова" in root.text("/outbox/")

    assert root.send(f"/outbox/{world.job}/retry").status_code == 302
    assert root.send(f"/outbox/{world.job}/retry").status_code == 409

    assert world.rows(OutboxJob, id=world.job)[0].status is JobStatus.PENDING
    assert world.rows(JournalEntry, action="job:retry")


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("marat", "утвердить закрытие"),
        ("ivan", "наблюдение"),
        ("ivan", "перепроверка"),
        ("anna", "принять или отклонить файл"),
        ("root", "Задания остановлены"),
    ],
)
def test_the_first_page_tells_each_role_what_waits(shared_world: World, person: str, words: str) -> None:
    assert words in shared_world.client(person).get("/").get_data(as_text=True)


@pytest.fixture
def empty(sqlite_context) -> World:
    """An installation with people and nothing else."""
    from app.web import create_app
    from tests.admin.world import Place
    from tests.people import make_cast

    with acting(sqlite_context.sessions, SYSTEM) as session:
        cast = make_cast(session)
    nothing = Place(*[0] * len(fields(Place)))
    return World(create_app(sqlite_context), sqlite_context, cast, nothing, nothing, nothing, 0, 0)


def test_an_empty_installation_says_what_to_do(empty: World) -> None:
    page = Browser(empty, "anna").text("/")

    assert "Начните с данных" in page
    assert "На сегодня всё сделано" not in page
    assert "Открытых дел нет" in Browser(empty, "marat").text("/")
    for path in ("/cases/", "/flags/", "/uploads/", "/screening/", "/statistics/", "/rechecks/", "/observations/"):
        assert re.search(r'class="empty"', Browser(empty, "anna").text(path)), path


def test_accepted_data_without_a_run_ask_for_a_screening(empty: World) -> None:
    with acting(empty.context.sessions, SYSTEM) as session:
        make.make_dataset(session)

    page = Browser(empty, "anna").text("/")

    assert "запустите проверку" in page
    assert 'class="btn btn-primary" href="/screening/"' in page


def test_an_administrator_who_is_alone_is_asked_to_add_people(empty: World) -> None:
    with acting(empty.context.sessions, SYSTEM) as session:
        for model in (Training, PersonDuty, PersonPost, Person):
            session.query(model).delete()
        for user in session.query(User).filter(User.login != "root"):
            session.delete(user)

    page = Browser(empty, "root").text("/")

    assert "Начните с людей" in page
    assert 'href="/users/add"' in page


def test_the_form_of_a_new_person_marks_what_is_required(world: World) -> None:
    page = Browser(world, "root").text("/users/add")

    for field in ("login", "name", "password"):
        assert re.search(rf'<label for="{field}">[^<]*<span class="required"', page), field


def test_a_list_with_a_file_being_read_asks_how_far_it_is(world: World, anna: Browser) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(Upload, world.own.upload).status = UploadStatus.RECEIVED

    assert f'data-progress-url="/jobs/upload/{world.own.upload}"' in anna.text("/uploads/")


def test_whoever_sees_one_municipality_reads_its_name_in_no_row(world: World) -> None:
    assert "Муниципалитет</th>" not in Browser(world, "marat").text("/cases/")
    assert "Муниципалитет</th>" in Browser(world, "rita").text("/cases/")


@pytest.mark.parametrize("path", ["/jobs/nonsense/1", "/jobs/run/99999", "/jobs/run/abc", "/jobs/upload/1"])
def test_progress_of_what_is_not_there_is_a_problem_document(shared_world: World, path: str) -> None:
    answer = shared_world.client("sveta").get(path)

    assert answer.status_code in (403, 404)
    assert answer.content_type == "application/problem+json"
