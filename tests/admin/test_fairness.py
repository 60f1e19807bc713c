"""The page that compares how often groups of schools are flagged, and its file for publication."""

from __future__ import annotations

import csv
import io
import re

import pytest

from app.database import acting
from app.models import Case, School
from app.policy import SYSTEM
from app.terms import Verdict
from tests import factories
from tests.admin.test_data_pages import Browser
from tests.admin.world import World
from tests.judged import make_judged, make_judged_run

EVENING, ORDINARY = range(700, 712), range(500, 560)


@pytest.fixture
def run_id(world: World) -> int:
    """Twelve evening schools, eight of them cases, beside sixty ordinary ones with two cases; two cases are closed."""
    with acting(world.context.sessions, SYSTEM) as session:
        place = session.get(School, world.own.school).municipality_id
        shown = {}
        for number in (*EVENING, *ORDINARY):
            kind = "evening" if number in EVENING else "secondary"
            session.add(School(code=f"990{number}", name=f"Школа № {number}", kind=kind, municipality_id=place))
            shown[f"990{number}"] = "case" if number in (*list(EVENING)[:8], 500, 501) else "nothing"
        session.flush()
        run = make_judged_run(session, world.context.store, make_judged(shown), is_trial=False)
        for code, verdict in (("990700", Verdict.CONFIRMED), ("990701", Verdict.NOT_CONFIRMED)):
            school = session.query(School).filter_by(code=code).one()
            case = factories.make_case(session, school, state="closed", verdict=verdict, closed_at=factories.OPENED)
            factories.make_flag(session, school, run, case_id=case.id)
        assert session.get(Case, case.id) is not None
        return run.id


def test_a_group_flagged_far_more_often_is_named_with_what_to_do_next(world: World, run_id: int) -> None:
    page = Browser(world, "anna").text(f"/fairness/{run_id}")

    assert "Некоторые группы отмечены чаще остальных" in page
    assert "Вид школы — «вечерняя школа»: отмечено 8 из 12 (66,7\u00a0%), у остальных 2 из 60 (3,3\u00a0%)" in page
    assert "Подтвердилось 1 из 2 закрытых дел группы" in page
    assert "Что делать дальше" in page
    assert f'href="/what-if/{run_id}"' in page


def test_the_rule_is_told_with_its_numbers(world: World, run_id: int) -> None:
    page = Browser(world, "anna").text(f"/fairness/{run_id}")

    assert "поправка Бонферрони, общий уровень 5\u00a0%" in page
    assert "Группы меньше 5 школ показаны, но не сравниваются" in page


def test_the_newest_run_is_shown_first_and_an_empty_installation_says_what_to_do(world: World, run_id: int) -> None:
    assert Browser(world, "rita").client.get("/fairness/").headers["Location"] == f"/fairness/{run_id}"


def test_without_a_run_the_page_says_what_to_do(world: World) -> None:
    assert "Сравнивать пока нечего" in Browser(world, "anna").text("/fairness/")


def test_a_department_may_not_look(world: World, run_id: int) -> None:
    assert Browser(world, "marat").client.get(f"/fairness/{run_id}").status_code == 403


def test_the_file_for_publication_blanks_small_cells(world: World, run_id: int) -> None:
    answer = Browser(world, "anna").send(f"/fairness/{run_id}/export/csv")

    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")), delimiter=";"))
    kinds = {row[1]: row[2:] for row in rows if row[0] == "Вид школы"}
    # Eight of twelve leave four unflagged, two of sixty are two: both cells are under five.
    assert kinds["вечерняя школа"][:2] == ["менее 5", "менее 5"]
    assert kinds["средняя школа"][:2] == ["менее 5", "менее 5"]
    sizes = {row[1]: row[2:] for row in rows if row[0] == "Число работ школы за год"}
    assert sizes["200 работ и больше"][:2] == ["72", "10"]
    assert sizes["200 работ и больше"][-2:] == ["менее 5", "менее 5"]


def test_the_page_is_complete_in_english(world: World, run_id: int) -> None:
    rita = Browser(world, "rita")
    rita.send("/locale", locale="en")

    page = rita.text(f"/fairness/{run_id}")

    main = page[page.index("<main") : page.index("</main>")]
    assert "evening school" in main
    assert not re.search("[а-яА-Я]{3}", main)
