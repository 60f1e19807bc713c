"""The page of sliders: figures follow the numbers asked about, with and without a script; flags are raised from it."""

from __future__ import annotations

import re
import time

import pytest

from app.database import acting
from app.models import FederalMarker, Flag, JournalEntry, School, ScreeningRun
from app.policy import SYSTEM
from app.terms import FileKind, RunStatus
from tests import factories
from tests.admin.test_data_pages import Browser
from tests.admin.world import CANARY, World
from tests.judged import make_judged, make_judged_run

WHY = "Пороги согласованы на совещании."


@pytest.fixture
def run_id(world: World) -> int:
    """A trial run: of Район 1, № 1 is severe and № 2 a case; of the other, № 900 to watch; a hundred more are clean."""
    shown = {"990001": "severe", "990002": "case", "990900": "watch"}
    with acting(world.context.sessions, SYSTEM) as session:
        place = session.get(School, world.own.school).municipality_id
        for number in range(100, 200):
            session.add(School(code=f"99{number:04d}", name=f"Школа {number}", municipality_id=place))
            shown[f"99{number:04d}"] = "nothing"
        session.flush()
        return make_judged_run(session, world.context.store, make_judged(shown)).id


@pytest.fixture
def anna(world: World) -> Browser:
    return Browser(world, "anna")


def rows(html: str) -> dict[str, list[str]]:
    """Rows of the table of municipalities: its name, then its numbers."""
    found = re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', html, re.S)
    return {
        name.split()[-1]: [re.sub("<[^>]+>", "", cell) for cell in re.findall("<td.*?</td>", rest, re.S)]
        for name, rest in found
    }


def test_the_page_counts_cases_and_days_of_each_municipality(anna: Browser, run_id: int) -> None:
    page = anna.text(f"/what-if/{run_id}")

    # assessed, cases, watch, observer days, expert days
    table = rows(page)
    assert table["1"] == ["102", "2", "0", "4", "6"]
    assert table[CANARY] == ["1", "0", "1", "0", "0"]
    assert table["Всего"] == ["103", "2", "1", "4", "6"]


def test_other_limits_and_days_are_asked_in_the_address_without_a_script(anna: Browser, run_id: int) -> None:
    page = anna.text(f"/what-if/{run_id}?case_q=0,01&observer_days=1,5&recheck_days=4")

    assert rows(page)["Всего"] == ["103", "2 → 1", "1", "1,5", "4"]
    assert 'name="case_q" value="0,01"' in page
    assert "Было: 0,05." in page


def test_the_figures_come_as_json_for_the_script_and_fast(anna: Browser, run_id: int) -> None:
    anna.client.get(f"/what-if/{run_id}/figures")

    started = time.perf_counter()
    answer = anna.client.get(f"/what-if/{run_id}/figures?case_q=0.01")

    assert time.perf_counter() - started < 0.3
    assert answer.json["said"].startswith("1\u00a0дело (сейчас 2), наблюдать — 1\u00a0школа.")
    assert rows(answer.json["html"])["Всего"][1] == "2 → 1"
    assert "<html" not in answer.json["html"]


@pytest.mark.parametrize("wrong", ["nonsense", "0", "-1", "2", "nan", "inf", "1e400"])
def test_a_number_that_cannot_be_is_named_and_the_former_one_taken(anna: Browser, run_id: int, wrong: str) -> None:
    page = anna.text(f"/what-if/{run_id}?case_q={wrong}&base_rate={wrong if wrong != '2' else '200'}&power=-5")

    assert page.count('aria-invalid="true"') >= 2
    assert rows(page)["Всего"][1] == "2"
    assert "Нужно число больше 0 и не больше 1." in page


def test_a_larger_assumed_share_makes_a_case_more_trustworthy(anna: Browser, run_id: int) -> None:
    def ppv(rate: str) -> int:
        html = anna.client.get(f"/what-if/{run_id}/figures?base_rate={rate}&power=60").json["html"]
        return int(re.search(r'Верных среди дел</span>\s*<span class="tile-value">(\d+)', html).group(1))

    assert ppv("1") < ppv("5") < ppv("20")


def test_every_number_has_a_label_and_is_explained(anna: Browser, run_id: int) -> None:
    page = anna.text(f"/what-if/{run_id}")

    form = page[page.index('id="what-if"') : page.index("</form>", page.index('id="what-if"'))]
    fields = re.findall(r'<input id="([^"]+)" name="[^"]+" [^>]*aria-describedby="([^"]+)"', form)
    assert len(fields) == 10
    for field, described in fields:
        assert f'<label for="{field}">' in form
        assert f'id="{described}">' in form
    assert 'role="status" aria-live="polite"' in page


def test_schools_that_would_get_a_case_are_named_with_their_findings(anna: Browser, world: World, run_id: int) -> None:
    page = anna.text(f"/what-if/{run_id}")

    assert f'href="/screening/{run_id}/schools/{world.own.school}"' in page
    assert f'href="/screening/{run_id}/schools/{world.foreign.school}"' not in page


def test_the_newest_run_opens_and_another_can_be_chosen(anna: Browser, world: World, run_id: int) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        later = make_judged_run(session, world.context.store, make_judged({"990001": "nothing"})).id

    assert anna.client.get("/what-if/").location == f"/what-if/{later}"
    assert anna.client.get(f"/what-if/?run={run_id}").location == f"/what-if/{run_id}"
    assert f'<option value="{run_id}"' in anna.text(f"/what-if/{later}")


def test_without_kept_figures_the_page_says_what_to_do(anna: Browser, world: World) -> None:
    assert "Спрашивать пока не о чем" in anna.text("/what-if/")
    assert anna.client.get(f"/what-if/{world.run}").status_code == 409
    assert "Запустите проверку за этот год ещё раз" in anna.client.get(f"/what-if/{world.run}").get_data(as_text=True)


def test_a_trial_run_is_started_from_the_page(anna: Browser, world: World) -> None:
    answer = anna.send("/screening/start", year="2026", is_trial="1")

    (run,) = world.rows(ScreeningRun, status=RunStatus.QUEUED)
    assert (answer.status_code, run.is_trial) == (302, True)
    assert "пробная" in anna.text("/screening/")


def test_flags_are_raised_with_the_limits_of_the_page(anna: Browser, world: World, run_id: int) -> None:
    page = anna.text(f"/what-if/{run_id}?case_q=0.01")
    assert '<input type="hidden" name="case_q" value="0,01" form="what-if-raise">' in page
    before = len(world.rows(Flag))

    answer = anna.send(f"/what-if/{run_id}/raise", case_q="0,01", reason=WHY)

    (run,) = world.rows(ScreeningRun, id=run_id)
    assert answer.location == f"/screening/{run_id}"
    assert (run.limits["case_q"], run.n_flags) == (0.01, 2)
    assert len(world.rows(Flag)) == before + 2
    (entry,) = world.rows(JournalEntry, action="screening:raise")
    assert (entry.reason, entry.facts["moved"]) == (WHY, {"case_q": 0.01})
    shown = anna.text(f"/screening/{run_id}")
    assert "признаки поднял(а) Anna" in shown
    assert "Поднять признаки с этими порогами" not in anna.text(f"/what-if/{run_id}")


def test_a_second_time_or_without_a_reason_nothing_is_raised(anna: Browser, world: World, run_id: int) -> None:
    assert anna.send(f"/what-if/{run_id}/raise", reason="так").status_code == 409
    assert anna.send(f"/what-if/{run_id}/raise", case_q="много", reason=WHY).status_code == 409
    assert world.rows(Flag, run_id=run_id) == []

    assert anna.send(f"/what-if/{run_id}/raise", reason=WHY).status_code == 302
    assert anna.send(f"/what-if/{run_id}/raise", reason=WHY).status_code == 409
    assert len(world.rows(Flag, run_id=run_id)) == 3


def test_the_manager_raises_and_a_department_does_not_even_look(world: World, run_id: int) -> None:
    marat = Browser(world, "marat")

    assert marat.client.get(f"/what-if/{run_id}").status_code == 403
    assert marat.send(f"/what-if/{run_id}/raise", reason=WHY).status_code == 403
    assert "/what-if/" not in marat.text("/")
    rita = Browser(world, "rita")
    assert "Проверить без признаков" not in rita.text(f"/what-if/{run_id}")
    assert rita.send(f"/what-if/{run_id}/raise", reason=WHY).status_code == 302


def test_a_trial_runs_page_leads_to_the_sliders(anna: Browser, run_id: int) -> None:
    page = anna.text(f"/screening/{run_id}")

    assert "Это пробная проверка: признаки не подняты, дел нет." in page
    assert f'href="/what-if/{run_id}"' in page
    assert f'href="/fairness/{run_id}"' in page


def test_a_run_shows_how_far_it_and_the_federal_list_agree(anna: Browser, world: World, run_id: int) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        dataset = factories.make_dataset(session, kind=FileKind.FEDERAL_LIST)
        listed = [world.own.school, world.foreign.school]
        listed += [row.id for row in session.query(School).filter(School.code.in_(["990100", "990101"]))]
        for school_id in listed:
            session.add(FederalMarker(dataset_id=dataset.id, year=2026, markers={}, n_markers=1, school_id=school_id))

    page = anna.text(f"/screening/{run_id}")

    assert "Из 4 школ списка дело — у 1, под наблюдением 1, без признаков 2." in page
    assert "κ = 0,32" in page
    assert "Это сравнение, а не воспроизведение" in page
    assert "В списке, но признаков нет · 2" in page.replace("</summary>", "")
    assert "Школа 100</a>" in page


def test_the_index_by_the_federal_method_stands_beside_the_products_own(
    anna: Browser, world: World, run_id: int
) -> None:
    federal = {"index": 62.7, "schools": 110, "marked": 41, "by_marker": {"mean_ma5": 30, "rise_ru5": None}}
    own = {"index": 81.5, "low": 72.9, "high": 87.9, "schools": 109, "marked": 20}
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(ScreeningRun, run_id).reference = {"federal": {"2026": federal}}
    alone = anna.text(f"/screening/{run_id}")
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(ScreeningRun, run_id).reference = {"federal": {"2026": federal}, "own_index": {"2026": own}}
    both = anna.text(f"/screening/{run_id}")

    assert "По федеральной методике: 62,7" in alone
    assert "41 из 110" in alone
    assert "высокий средний балл: математика, 5\u00a0класс" in alone
    assert "По проверкам «Объектива»" not in alone
    assert "По проверкам «Объектива»: 81,5</b> (95 % ДИ 72,9–87,9)" in both


def test_the_pages_are_complete_in_english(world: World, run_id: int) -> None:
    anna = Browser(world, "anna")
    anna.send("/locale", locale="en")

    page = anna.text(f"/what-if/{run_id}?case_q=nonsense")

    main = page[page.index("<main") : page.index("</main>")]
    without_names = re.sub(r"Район \d|КАНАРЕЙКА|НЕВИДИМКА|СОШ", "", main)
    assert "What if" in main
    assert not re.search("[а-яА-Я]{3}", without_names)
