"""Blocks of a school's road map: which of them fit the signs of a case."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Misconfigured
from app.roadmaps import Signs, choose, load_blocks
from app.roadmaps.blocks import FILE
from app.terms import DetectorName, ExplanationReason, Family, Mechanism, Violation


def _chosen(**signs: set[str]) -> list[str]:
    return [c.block.id for c in choose(load_blocks(), Signs(**{k: frozenset(v) for k, v in signs.items()}))]


def test_every_mechanism_has_a_block_of_its_own() -> None:
    for mechanism in Mechanism:
        assert set(_chosen(mechanisms={mechanism.value})) - {"vsoko"}, mechanism


def test_marks_drawn_to_the_journal_ask_for_the_journal_block_first() -> None:
    assert _chosen(mechanisms={"copy_journal"}, families={"journal"})[0] == "journal"


def test_a_named_leak_brings_the_block_of_leaks() -> None:
    assert "leak" in _chosen(reasons={"leak"})


def test_what_an_observer_saw_brings_the_block_of_conduct() -> None:
    assert _chosen(violations={"phones"})[0] == "conduct"


def test_without_signs_only_the_block_of_the_schools_own_plan_belongs() -> None:
    assert _chosen() == ["vsoko"]


def test_whatever_a_block_says_to_a_school_it_says_in_both_languages() -> None:
    cyrillic, latin = re.compile("[а-яё]", re.I), re.compile("[a-z]{3}", re.I)

    for block in load_blocks().blocks:
        pairs = [(block.title, block.title_en), (block.recommendation, block.recommendation_en)]
        pairs += [(measure.what, measure.en) for measure in block.measures]
        for russian, english in pairs:
            assert cyrillic.search(russian), block.id
            assert latin.search(english), block.id
            assert not cyrillic.search(english), block.id


WORDS = {
    "mechanisms": Mechanism, "families": Family, "detectors": DetectorName, "reasons": ExplanationReason,
    "violations": Violation,
}  # fmt: skip


@given(st.fixed_dictionaries({k: st.frozensets(st.sampled_from([m.value for m in e])) for k, e in WORDS.items()}))
def test_whatever_the_signs_each_chosen_block_says_why_and_comes_once(signs: dict[str, frozenset[str]]) -> None:
    known = frozenset().union(*signs.values())

    chosen = choose(load_blocks(), Signs(**signs))

    ids = [item.block.id for item in chosen]
    assert len(ids) == len(set(ids))
    assert ids[-1] == "vsoko"
    assert all(item.because or item.block.is_always for item in chosen)
    assert all(term.value in known for item in chosen for term in item.because)
    lengths = [len(item.because) for item in chosen if not item.block.is_always]
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize(
    ("said", "instead", "named"),
    [
        ('mechanisms = ["lift_twos"]', 'mechanisms = ["magic"]', "mechanisms"),
        ("obligatory = true", 'obligatory = "yes"', "obligatory"),
        ('id = "commission"', 'id = "criteria"', "id"),
        ("always = true", "always = false", "always"),
    ],
)
def test_a_wrong_block_is_refused_by_name(said: str, instead: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "blocks.toml"
    path.write_text(FILE.read_text().replace(said, instead, 1))

    with pytest.raises(Misconfigured, match=named):
        load_blocks(path)
