"""Pages of the register of objective schools."""

from __future__ import annotations

import pytest

from app.database import acting
from app.models import JournalEntry, ObjectiveEntry, School
from app.policy import SYSTEM
from app.terms import ObjectiveGround, Verdict
from tests import factories as make
from tests.admin.test_data_pages import Browser
from tests.admin.world import CANARY, World


@pytest.fixture
def marat(world: World) -> Browser:
    return Browser(world, "marat")


def propose_neighbour(world: World) -> None:
    """A case of the objective school closed as not confirmed after a clean recheck."""
    with acting(world.context.sessions, SYSTEM) as session:
        school = session.get(School, world.cast.objective.id)
        case = make.make_case(session, school, number="2026-0777")
        make.make_recheck(session, case, world.cast["ivan"], make.make_dataset(session), marked_at=world_now())
        case.state, case.verdict, case.closed_at = "closed", Verdict.NOT_CONFIRMED, world_now()


def world_now():
    from tests.admin.world import NOW

    return NOW


def test_a_school_is_entered_by_hand_seen_and_withdrawn(world: World, marat: Browser) -> None:
    form = marat.text("/objective/add")
    assert "Гимназия № 3" in form
    assert CANARY not in form

    sent = marat.send(
        "/objective/add", school_id=world.cast.objective.id, ground="manual", reason="Работы проверила комиссия.",
        valid_from="2026-01-01", valid_until="2028-12-31",
    )  # fmt: skip
    page = marat.text(sent.location)
    assert "действует" in page
    assert "Работы проверила комиссия." in page
    withdrawn = marat.send(f"{sent.location}/withdraw", version="1", reason="Сменился директор школы.")

    assert withdrawn.status_code == 302
    assert "Сменился директор школы." in marat.text(sent.location)
    (entry,) = world.rows(ObjectiveEntry, school_id=world.cast.objective.id)
    assert entry.withdrawn_by_name == "Marat"
    assert not world.rows(School, id=world.cast.objective.id)[0].is_objective


def test_a_refusal_says_what_to_do_and_keeps_what_was_typed(world: World, marat: Browser) -> None:
    answer = marat.send(
        "/objective/add", school_id=world.cast.objective.id, ground="recheck", reason="Слова человека",
        valid_from="2026-01-01", valid_until="2028-12-31",
    )  # fmt: skip

    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "в данных нет" in text
    assert "Слова человека" in text
    assert marat.send("/objective/add", ground="manual").status_code == 422


def test_a_withdrawal_without_a_reason_is_told_on_the_page(world: World, marat: Browser) -> None:
    answer = marat.send(f"/objective/{world.own.entry}/withdraw", version="1", reason="нет")

    assert answer.status_code == 409
    assert "почему запись отзывают" in answer.get_data(as_text=True)
    assert marat.send(f"/objective/{world.own.entry}/withdraw", version="x", reason="нет").status_code == 409


def test_an_entry_of_a_school_with_an_open_case_says_so(world: World, marat: Browser) -> None:
    page = marat.text(f"/objective/{world.own.entry}")

    assert "По школе открыто дело" in page


def test_proposals_are_shown_to_an_analyst_and_accepted_by_the_department(world: World, marat: Browser) -> None:
    propose_neighbour(world)
    anna = Browser(world, "anna")
    assert "Перепроверка" in anna.text("/objective/proposals")
    assert "Внести отмеченные" not in anna.text("/objective/proposals")
    assert marat.send("/objective/accept").status_code == 409

    done = marat.send("/objective/accept", school=[str(world.cast.objective.id), str(world.foreign.school), "x"])

    assert done.status_code == 302
    (entry,) = world.rows(ObjectiveEntry, school_id=world.cast.objective.id)
    assert entry.ground is ObjectiveGround.RECHECK
    assert len(world.rows(ObjectiveEntry)) == 4
    assert "Предложений нет" in marat.text("/objective/proposals")


def test_the_list_is_filtered_by_state_and_exported_with_its_grounds(world: World, marat: Browser) -> None:
    assert "СОШ" in marat.text("/objective/?state=in_force")
    assert "Ничего не найдено" in marat.text("/objective/?state=withdrawn")
    assert "Ничего не найдено" in marat.text("/objective/?state=ahead")
    assert "Ничего не найдено" in marat.text("/objective/?state=ended")

    text = marat.send("/objective/export/csv").get_data().decode("utf-8-sig")

    assert "Основание записи" in text
    assert CANARY not in text
    assert world.rows(JournalEntry, action="objective:export")


@pytest.mark.parametrize("person", ["kira", "ivan", "sveta", "root"])
def test_others_do_not_open_the_register(world: World, person: str) -> None:
    assert world.client(person).get("/objective/").status_code == 403


def test_the_english_page_is_english(world: World, marat: Browser) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.merge(world.cast["marat"]).locale = "en"

    page = marat.text("/objective/")

    assert "Every entry has a ground and a term." in page
