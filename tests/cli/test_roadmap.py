"""`obektiv roadmap`: what is shipped, one in full, the check of a file."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from app.cli import main
from app.roadmaps.template import FOLDER


def run(*arguments: str):
    return CliRunner().invoke(main, ["roadmap", *arguments])


def test_the_list_names_five_road_maps_with_their_counts_in_order() -> None:
    rows = json.loads(run("list", "--json").stdout)

    assert [set(row) for row in rows] == [{"id", "title", "source", "version", "measures"}] * 5
    assert [row["measures"] for row in rows] == [24, 37, 18, 48, 20]


def test_one_road_map_is_told_in_full() -> None:
    told = json.loads(run("show", "baltiysk", "--json").stdout)

    assert len(told["measures"]) == 18
    assert {"what", "when", "roles", "result", "evidence", "rule"} <= set(told["measures"][0])
    assert "2.10" in run("show", "baltiysk").stdout


def test_an_unknown_road_map_is_refused_with_the_known_ones() -> None:
    answer = run("show", "atlantis")

    assert answer.exit_code == 1
    assert "moskovsky" in answer.stderr


def test_a_right_file_passes_and_a_wrong_one_is_refused_by_its_place(tmp_path: Path) -> None:
    good = (FOLDER / "05_amur.toml").read_text()
    right, wrong = tmp_path / "right.toml", tmp_path / "wrong.toml"
    right.write_text(good)
    wrong.write_text(good.replace('roles = ["ministry"]', 'roles = ["tsar"]', 1))

    passed, refused = run("check", str(right)), run("check", str(wrong))

    assert passed.exit_code == 0
    assert "20" in passed.stdout
    assert refused.exit_code == 1
    assert "II.10" in refused.stderr
    assert "tsar" in refused.stderr
