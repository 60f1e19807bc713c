"""The shipped road maps: every measure of every one, read strictly."""

from __future__ import annotations

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Misconfigured
from app.roadmaps import Measure, load_templates, read_template
from app.roadmaps.template import FOLDER
from app.terms import Party, TaskKind

COUNTS = {"moskovsky": 24, "labinsk": 37, "baltiysk": 18, "kirovsky": 48, "amur": 20}
CONTENT = tomllib.loads((FOLDER / "05_amur.toml").read_text())


def test_the_five_road_maps_hold_every_measure_in_order() -> None:
    assert {template.id: len(template.measures) for template in load_templates().values()} == COUNTS
    assert list(load_templates()) == list(COUNTS)


@pytest.mark.parametrize("template_id", COUNTS)
def test_every_measure_says_what_when_who_and_by_what_it_is_proved(template_id: str) -> None:
    template = load_templates()[template_id]

    for measure in template.measures:
        assert len(measure.what) > 20, measure.number
        assert len(measure.result) > 10, measure.number
        assert len(measure.evidence) > 5, measure.number
        assert measure.en.isascii(), measure.number
        assert measure.roles, measure.number
        assert measure.when(), measure.number
        assert measure.rows, measure.number
    assert len({measure.what for measure in template.measures}) == len(template.measures)


def test_only_gifts_and_careers_lie_outside_objectivity() -> None:
    outside = {(t.id, m.section) for t in load_templates().values() for m in t.measures if m.is_outside}

    assert outside == {("kirovsky", "talent"), ("kirovsky", "careers")}


def test_no_person_is_named() -> None:
    initials = re.compile(r"[А-ЯЁ]\.\s?[А-ЯЁ]\.")

    for path in FOLDER.glob("*.toml"):
        assert not initials.search(path.read_text()), path.name


WRONG = {
    "unknown kind": (lambda c: c["measure"][0].update(kind="party"), "kind"),
    "unknown role": (lambda c: c["measure"][0].update(roles=["tsar"]), "roles"),
    "no role": (lambda c: c["measure"][0].update(roles=[]), "roles"),
    "unknown section": (lambda c: c["measure"][0].update(section="nowhere"), "раздела"),
    "wrong rule": (lambda c: c["measure"][0].update(when={"kind": "date", "month": 13, "day": 1}), "month"),
    "empty what": (lambda c: c["measure"][0].update(what=" "), "what"),
    "row that is none": (lambda c: c["measure"][0].update(rows=["N1"]), "rows"),
    "unknown key": (lambda c: c["measure"][0].update(colour="red"), "colour"),
    "missing key": (lambda c: c["measure"][0].pop("result"), "result"),
    "number twice": (lambda c: c["measure"][1].update(number="I.1"), "I.1"),
    "section without measures": (
        lambda c: c["section"].append({"id": "empty", "title": "Пусто", "title_en": "Empty"}),
        "empty",
    ),
    "shift too far": (lambda c: c["measure"][0].update(year_shift=2), "year_shift"),
    "no measures": (lambda c: c.update(measure=[]), "measure"),
    "id with spaces": (lambda c: c.update(id="a b"), "id"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_file_is_refused_and_the_place_is_named(fault: str, tmp_path: Path) -> None:
    spoil, named = WRONG[fault]
    content = copy.deepcopy(CONTENT)
    spoil(content)

    with pytest.raises(Misconfigured, match=re.escape(named)):
        read_template(_write(tmp_path, content))


_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=8), st.lists(st.integers(0, 3)))


@settings(max_examples=60)
@given(
    key=st.sampled_from([*CONTENT["measure"][0], "section", "id", "title_en", "measure"]),
    value=_LEAVES.filter(lambda value: value is not None),
    is_top=st.booleans(),
)
def test_any_other_value_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: Any, is_top: bool
) -> None:
    content = copy.deepcopy(CONTENT)
    (content if is_top else content["measure"][0])[key] = value
    path = _write(tmp_path_factory.mktemp("template"), content)

    said = path.name
    measures: tuple[Measure, ...] = ()
    try:
        measures = read_template(path).measures
    except Misconfigured as refused:
        said = str(refused)

    assert path.name in said
    assert all(isinstance(m.kind, TaskKind) and set(m.roles) <= set(Party) for m in measures)


def _write(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "own.toml"
    path.write_text("\n".join(_lines(content)), encoding="utf-8")
    return path


def _lines(content: dict[str, Any]) -> list[str]:
    lines = []
    for key, value in content.items():
        if not (isinstance(value, list) and value and isinstance(value[0], dict)):
            lines.append(f"{key} = {_value(value)}")
    for key, value in content.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for table in value:
                lines += [f"[[{key}]]", *(f"{k} = {_value(v)}" for k, v in table.items())]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        escaped = "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in value)
        return f'"{escaped}"'
    return str(value)
