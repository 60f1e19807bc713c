"""Pages of the common scale of a regional work and ВПР."""

from __future__ import annotations

import io

import pytest

from app.database import acting
from app.jobs import run_pending
from app.models import Dataset, ScaleLink, Upload
from app.policy import SYSTEM
from app.terms import FileKind, Procedure, RunStatus
from tests import factories as make
from tests.admin.test_data_pages import Browser
from tests.admin.world import CANARY, World
from tests.workflows.test_scaling import works_file


def upload(world: World, person: Browser, content: bytes, **named: str) -> Dataset:
    sent = person.send("/uploads/new", files=[(io.BytesIO(content), "ma5.csv")], **named)
    run_pending(world.context)
    assert person.send(f"{sent.location}/accept").status_code == 302
    return world.rows(Dataset)[-1]


def test_a_regional_work_is_uploaded_and_put_on_the_scale_of_vpr(world: World) -> None:
    anna = Browser(world, "anna")
    assert "Нужны принятые работы КДР или РДР" in anna.text("/scales/")
    named = {"year": "2021", "subject": "ma", "grade": "5"}
    vpr = upload(world, anna, works_file({"990004": 2.5}), year="", subject="", grade="")
    rdr = upload(world, anna, works_file(seed=5), procedure="rdr", **named)
    assert (rdr.kind, rdr.procedure) == (FileKind.REGIONAL, Procedure.RDR)
    assert "РДР, математика" in anna.text("/scales/")

    sent = anna.send("/scales/build", first=rdr.id, second=vpr.id)
    assert "Шкала строится" in anna.text(sent.location)
    run_pending(world.context)
    page = anna.text(sent.location)

    assert "Таблица пересчёта" in page
    assert "ВПР выше" in page
    assert anna.client.get(f"/jobs/scale/{sent.location.rpartition('/')[2]}").json["done"] is True


def test_a_procedure_without_its_paper_and_an_unknown_one_are_refused(world: World) -> None:
    anna = Browser(world, "anna")
    before = len(world.rows(Upload))

    for named in ({"procedure": "rdr"}, {"procedure": "огэ"}):
        answer = anna.send("/uploads/new", files=[(io.BytesIO(works_file()), "ma5.csv")], **named)
        assert answer.status_code == 409

    assert len(world.rows(Upload)) == before


def test_a_scale_that_failed_says_what_to_do(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(ScaleLink, world.link).status = RunStatus.FAILED
        session.get(ScaleLink, world.link).failure = "общих школ 3"

    page = Browser(world, "anna").text(f"/scales/{world.link}")

    assert "общих школ 3" in page
    assert "постройте шкалу снова" in page


def test_a_department_reads_its_own_schools_and_exports_them(world: World) -> None:
    marat = Browser(world, "marat")

    page = marat.text(f"/scales/{world.link}")
    text = marat.send(f"/scales/{world.link}/export/csv").get_data().decode("utf-8-sig")

    assert "СОШ" in page
    assert CANARY not in page + text
    assert text.splitlines()[0].startswith("school;exam;subject;n;mean_mark")
    assert len(text.splitlines()) == 3
    assert marat.send(f"/scales/{world.link}/export/nonsense").status_code == 409
    assert "Построить шкалу" not in marat.text("/scales/")


def test_works_of_unlike_subjects_are_refused_on_the_page(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        first = make.make_dataset(session, kind=FileKind.REGIONAL, procedure=Procedure.KDR, subject="ru").id
    vpr = world.rows(Dataset, kind=FileKind.WORKS)[0].id

    answer = Browser(world, "anna").send("/scales/build", first=first, second=vpr)

    assert answer.status_code == 409
    assert "Предметы разные" in answer.get_data(as_text=True)


@pytest.mark.parametrize("person", ["kira", "ivan", "sveta", "root"])
def test_others_do_not_open_scales(world: World, person: str) -> None:
    assert world.client(person).get("/scales/").status_code == 403
