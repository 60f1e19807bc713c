"""Pages of clusters of schools."""

from __future__ import annotations

import pytest

from app.database import acting
from app.models import ClusterSet, School
from app.policy import SYSTEM
from app.terms import ClusterSetStatus
from tests.admin.test_data_pages import Browser
from tests.admin.world import CANARY, World


def add_schools(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.add_all(
            School(
                code=f"66{i:04d}", name=f"СОШ c{i}", kind="secondary", municipality_id=world.cast.municipality.id,
                context={"settlement_type": 4 if i < 30 else 2, "size": 1 if i < 30 else 8, "pupils": 60 + 20 * i},
            )
            for i in range(50)
        )  # fmt: skip


def test_a_division_is_proposed_read_approved_and_shown_at_the_school(world: World) -> None:
    add_schools(world)
    anna, rita = Browser(world, "anna"), Browser(world, "rita")
    assert "Разделить школы" in anna.text("/clusters/")

    sent = anna.send("/clusters/propose", year="2026")
    page = anna.text(sent.location)
    assert "Чем отличается" in page
    assert "Силуэт" in page
    assert "Утверждает деление руководитель" in page
    assert anna.send(f"{sent.location}/approve", version="1").status_code == 403
    assert rita.send(f"{sent.location}/approve", version="77").status_code == 409
    assert rita.send(f"{sent.location}/approve", version="1").status_code == 302

    (chosen,) = world.rows(ClusterSet, status=ClusterSetStatus.APPROVED)
    assert chosen.approved_by_name == "Rita"
    (school,) = world.rows(School, code="660000")
    name = next(c["name_ru"] for c in chosen.clusters if c["number"] == 1)
    assert name in anna.text(f"/schools/{school.id}")
    assert "По сравнению с действующим делением" in anna.text(f"/clusters/{world.division}")


def test_too_little_context_is_told_with_the_way_out(world: World) -> None:
    answer = Browser(world, "anna").send("/clusters/propose", year="2026")

    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Загрузите контекстную форму" in text
    assert 'href="/uploads' in text


def test_a_year_that_is_no_year_is_refused(world: World) -> None:
    add_schools(world)

    assert Browser(world, "anna").send("/clusters/propose", year="двадцать").status_code == 409


def test_a_department_reads_the_division_with_its_own_schools_and_exports_them(world: World) -> None:
    marat = Browser(world, "marat")

    page = marat.text(f"/clusters/{world.division}")
    text = marat.send(f"/clusters/{world.division}/export/csv").get_data().decode("utf-8-sig")

    assert "Школы вашей территории в кластере: 2" in page
    assert CANARY not in page
    assert len(text.splitlines()) == 3
    assert CANARY not in text
    assert marat.send(f"/clusters/{world.division}/approve", version="1").status_code == 409
    assert marat.send(f"/clusters/{world.division}/export/nonsense").status_code == 409


@pytest.mark.parametrize("person", ["kira", "ivan", "sveta", "root"])
def test_others_do_not_open_clusters(world: World, person: str) -> None:
    assert world.client(person).get("/clusters/").status_code == 403
