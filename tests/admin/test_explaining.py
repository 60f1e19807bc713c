"""«Что могло бы это объяснить»: the detector's sentence with what is known of the school, shown and never applied."""

from __future__ import annotations

from app.database import acting
from app.models import Flag, School
from app.policy import SYSTEM
from tests import factories
from tests.admin.test_data_pages import Browser
from tests.admin.world import World, make_frozen

FINDING = {
    "year": 2026, "subject": "ma", "grade": 5, "detector": "contextual_mean", "n": 60, "statistic": 3.0, "effect": 2.0,
    "effect_unit": "points", "effect_low": 1.0, "effect_high": 3.0, "p_value": 0.0001, "q_value": 0.001, "reason": None,
    "sentence": "Средний балл выше ожидаемого.", "evidence": None, "family": "level", "level": "full",
    "outcome": "assessed", "title": "Средний балл", "version": "1.0", "reference": "регион",
    "explains_away": "сильный набор", "sign": True,
}  # fmt: skip


def flag(world: World, *, school: dict | None = None, findings: list[dict] | None = None) -> str:
    """Address of a flag of the own school; `school` is what was frozen of it."""
    with acting(world.context.sessions, SYSTEM) as session:
        run = factories.make_run(session)
        frozen = {**make_frozen(), "findings": findings or [FINDING]}
        if school is not None:
            frozen["school"] = school
        own = session.get(School, world.own.school)
        return f"/flags/{factories.make_flag(session, own, run, frozen=frozen).id}"


def test_a_gymnasium_with_in_depth_study_is_told_beside_its_sign(world: World) -> None:
    path = flag(world, school={"kind": "gymnasium", "settlement": "Город", "context": {"indepth": 1}})

    page = Browser(world, "anna").text(path)

    assert "вид — гимназия <span" in page
    assert "углублённое изучение — да <span" in page
    assert page.count("учтите") == 2
    assert "поселение — Город" in page
    assert "внешний экзамен — нет данных" in page
    assert "сам по себе признак от этого не снимается" in page


def test_what_was_frozen_goes_before_what_the_register_says_now(world: World) -> None:
    path = flag(world, school={"kind": "evening", "settlement": None, "context": {}})
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(School, world.own.school).kind = "lyceum"

    page = Browser(world, "anna").text(path)

    assert "вечерняя школа" in page
    assert "лицей" not in page


def test_a_flag_that_froze_nothing_of_the_school_shows_the_register(world: World) -> None:
    path = flag(world)
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(School, world.own.school).kind = "lyceum"

    assert "вид — лицей" in Browser(world, "anna").text(path)


def test_an_outside_examination_that_agrees_is_told_and_takes_no_sign_away(world: World) -> None:
    exam = {**FINDING, "detector": "external_gap", "p_value": 0.6, "q_value": 0.9, "sign": False}
    path = flag(world, school={"kind": None, "settlement": None, "context": {}}, findings=[FINDING, exam])

    page = Browser(world, "anna").text(path)

    assert "внешний экзамен — согласуется с результатами ВПР" in page
    assert "Средний балл выше ожидаемого." in page
    assert len(world.rows(Flag, id=int(path.rpartition("/")[2]))) == 1


def test_few_works_are_told_as_something_to_mind(world: World) -> None:
    path = flag(world, findings=[{**FINDING, "n": 14}])

    assert "работ — 14 <span" in Browser(world, "anna").text(path)


def test_a_case_and_a_schools_page_of_a_run_tell_the_same(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(School, world.own.school).kind = "correctional"
    anna = Browser(world, "anna")

    case = anna.text(f"/cases/{world.own.case}")
    school = anna.text(f"/screening/{world.run}/schools/{world.own.school}")

    for page in (case, school):
        assert "вид — коррекционная школа <span" in page
        assert "Что могло бы это объяснить:" in page


def test_kinds_of_school_stand_in_words_in_the_register(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        session.get(School, world.own.school).kind = "boarding"

    assert "школа-интернат" in Browser(world, "anna").text("/schools/")
    assert "школа-интернат" in Browser(world, "anna").text(f"/schools/{world.own.school}")
