"""Scales, layouts and words are data: right ones load, wrong ones are refused by name."""

from __future__ import annotations

import shutil

import pytest

from app.datafiles import DATA_DIR
from app.errors import Misconfigured
from app.ingest import load_scales
from app.ingest.formats import load_formats
from app.ingest.papers import declared_paper
from app.ingest.problems import CODES
from app.ingest.reading import Paper
from app.ingest.refusals import REFUSALS, refuse

SCALES, FORMATS = DATA_DIR / "scales", DATA_DIR / "formats"


@pytest.mark.parametrize(
    ("paper", "mark_from", "max_score"),
    [
        ((2021, "ma", 5), (7, 11, 15), 20),
        ((2021, "ma", 6), (6, 10, 14), 16),
        ((2021, "ru", 6), (25, 35, 45), 51),
        ((2020, "ru", 4), (14, 24, 33), 38),
        ((2022, "ma", 4), (6, 10, 15), 20),
        ((2026, "ru", 4), (10, 16, 21), 24),
        ((2021, "hi", 8), (10, 19, 28), 36),
    ],
)
def test_official_cuts(paper, mark_from, max_score):
    scale = load_scales().get(*paper)
    assert (scale.mark_from, scale.max_score) == (mark_from, max_score)


@pytest.mark.parametrize(("score", "mark"), [(0, 2), (6, 2), (7, 3), (10, 3), (11, 4), (14, 4), (15, 5), (20, 5)])
def test_mark_changes_exactly_at_the_cuts(score, mark):
    assert load_scales().get(2021, "ma", 5).mark(score) == mark


def test_every_scale_of_2021_is_there_and_every_known_structure_adds_up():
    scales = load_scales()
    assert len(scales.of_year(2021)) == 36
    for scale in scales:
        assert scale.source
        if scale.item_max:
            assert (sum(scale.item_max), len(scale.item_max)) == (scale.max_score, scale.n_items)


def test_borrowed_scale_says_so():
    assert "2021" in load_scales().get(2020, "ma", 4).source


def test_unknown_paper_has_no_scale():
    assert load_scales().get(2019, "ma", 4) is None
    assert load_scales().get(None, "ma", 4) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("upper = [13, 23, 32]", "upper = [23, 13, 32]", "ru4"),
        ("upper = [13, 23, 32]", "upper = [13, 23, 40]", "ru4"),
        ("max_score = 38", "max_score = 39", "item_max"),
        ('subject = "ru"', 'subject = "xx"', "предмет"),
        ("items = 20", "item = 20", "item"),
        ('version = "2021.1"', "", "version"),
        ("parts = [5, 15]", "parts = [5, 14]", "parts"),
    ],
)
def test_wrong_scale_is_refused_by_name(tmp_path, old, new, said):
    text = (SCALES / "2021.toml").read_text("utf-8")
    (tmp_path / "2021.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(Misconfigured, match=said):
        load_scales(tmp_path)


def test_scale_borrowed_from_nowhere_is_refused(tmp_path):
    shutil.copy(SCALES / "2022.toml", tmp_path)
    with pytest.raises(Misconfigured, match="ma4"):
        load_scales(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('field = "login"', 'field = "логин"', "логин"),
        ('kind = "works"', 'kind = "work"', "work"),
        ('id = "raw_2021"', 'id = "raw"', "id"),
        ('headers = ["вариант"]', 'headers = ["Вариант"]', "строчными"),
        ('headers = ["вариант"]', 'headers = ["вариант"]\npattern = "x"', "ровно одно"),
        (r"^балл за (?P<number>\d+)$", "^балл за (", "шаблон"),
        ("year = 2021", "year = 2021\nyaer = 2021", "yaer"),
        ('items_end_at = ""', 'items_end_at = "year"', "items_end_at"),
    ],
)
def test_wrong_layout_is_refused_by_name(tmp_path, old, new, said):
    for path in FORMATS.glob("*.toml"):
        shutil.copy(path, tmp_path)
    layout = tmp_path / "raw_2021.toml"
    text = layout.read_text("utf-8")
    assert old in text
    layout.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(Misconfigured, match=said):
        load_formats(tmp_path)


def test_every_code_of_a_problem_tells_what_to_do():
    for code, (severity, message) in CODES.items():
        assert severity in {"rejected", "doubtful", "note"}, code
        assert len(message) > 20, code
        assert not message.endswith("."), code


def test_every_refusal_is_said_in_both_languages():
    for code, (ru, en) in REFUSALS.items():
        assert ru.strip(), code
        assert en.isascii() or "“" in en, code
    assert refuse("empty_file").reasons[0].code == "empty_file"


def test_declared_paper_reads_foreign_languages_as_one_subject():
    words = load_formats().words
    assert declared_paper("REG,vpr2020.ma4", words) == Paper(2020, "ma", 4)
    assert declared_paper("REG,vpr2020.de7", words) == Paper(2020, "an", 7)
    assert declared_paper("REG,vpr2020.zz7", words) is None
