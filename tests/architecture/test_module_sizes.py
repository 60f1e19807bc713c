"""A module that is too long to be read in one sitting is two modules."""

from __future__ import annotations

from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "app"
LONGEST = 400


def test_no_module_of_the_program_is_longer_than_the_house_allows():
    lengths = {path.relative_to(APP): len(path.read_text("utf-8").splitlines()) for path in APP.rglob("*.py")}

    assert len(lengths) > 100
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}
