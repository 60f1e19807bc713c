"""A newer version of a template against what a programme was made from."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.roadmaps import Template, changes, load_templates, newer
from app.terms import MeasureChange

AMUR = load_templates()["amur"]
BEFORE = {measure.number: measure.to_json() for measure in AMUR.measures}


def test_an_equal_template_changes_nothing() -> None:
    assert changes(BEFORE, AMUR) == []


@given(
    dropped=st.sets(st.integers(0, 9)),
    reworded=st.sets(st.integers(10, 19)),
    added=st.integers(0, 3),
)
def test_each_difference_is_told_once_and_nothing_else(dropped: set[int], reworded: set[int], added: int) -> None:
    kept = [
        replace(measure, what=measure.what + "!") if n in reworded else measure
        for n, measure in enumerate(AMUR.measures)
        if n not in dropped
    ]
    new = [replace(AMUR.measures[0], number=f"VI.{n}") for n in range(added)]
    template = replace(AMUR, version="2", measures=(*kept, *new))

    found = changes(BEFORE, template)

    by_kind = {kind: {c.number for c in found if c.change is kind} for kind in MeasureChange}
    assert by_kind[MeasureChange.REMOVED] == {AMUR.measures[n].number for n in dropped}
    assert by_kind[MeasureChange.CHANGED] == {AMUR.measures[n].number for n in reworded}
    assert by_kind[MeasureChange.ADDED] == {measure.number for measure in new}
    assert all(c.fields == ("what",) for c in found if c.change is MeasureChange.CHANGED)


def test_versions_are_compared_as_numbers() -> None:
    ten: Template = replace(AMUR, version="10")

    assert newer(ten, "9")
    assert newer(replace(AMUR, version="1.10"), "1.9")
    assert not newer(AMUR, "1")
    assert not newer(None, "1")
