"""`obektiv workflow change`: a file is changed as the forms change a draft, or left as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.flows import FOLDER
from app.flows.changes import moves_of, states_of

TEXT = (FOLDER / "objectivity.toml").read_text(encoding="utf-8")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ours.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def change(command: str, file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["workflow", "change", command, str(file), *arguments])


def test_a_stage_is_added_and_what_it_lacks_is_told_until_it_is_joined(file: Path) -> None:
    added = change("add-state", file, "visit", "--ru", "Выезд", "--en", "Visit", "--days", "5", "--after", "interview")
    assert added.exit_code == 1
    assert "state «visit»" in added.stderr

    there = change("add-move", file, "go_out", "--from", "interview", "--to", "visit", "--ru", "Выехать", "--en", "Go",
                   "--right", "case:assign")  # fmt: skip
    back = change("add-move", file, "come_back", "--from", "visit", "--to", "curator_assigned", "--ru", "Вернуться",
                  "--en", "Return", "--right", "case:assign")  # fmt: skip

    assert (there.exit_code, back.exit_code) == (1, 0)
    assert [state.code for state in states_of(file.read_text(encoding="utf-8"))][2] == "visit"


def test_a_stage_renamed_there_and_back_leaves_the_file_as_it_was(file: Path) -> None:
    assert change("rename-state", file, "observed", "seen").exit_code == 0
    assert file.read_text(encoding="utf-8") != TEXT

    assert change("rename-state", file, "seen", "observed").exit_code == 0
    assert file.read_text(encoding="utf-8") == TEXT


def test_stages_and_moves_are_removed(file: Path) -> None:
    assert change("remove-move", file, "back_to_curator").exit_code == 0
    removed = change("remove-state", file, "observed", "--json")

    codes = {problem["code"] for problem in json.loads(removed.stdout)["problems"]}
    assert "unreachable" in codes
    text = file.read_text(encoding="utf-8")
    assert all("observed" not in (*move.sources, move.dest) for move in moves_of(text))


@pytest.mark.parametrize(
    ("command", "arguments", "told", "exit_code"),
    [("remove-state", ["flagged"], "начальным", 1), ("remove-state", ["talk"], "в файле нет", 2),
     ("rename-state", ["observed", "interview"], "уже есть", 1), ("remove-move", ["fly"], "в файле нет", 2)],
)  # fmt: skip
def test_a_change_that_cannot_be_made_is_told_and_leaves_the_file_alone(
    command: str, arguments: list[str], told: str, exit_code: int, file: Path
) -> None:
    answer = change(command, file, *arguments)

    assert answer.exit_code == exit_code
    assert told in answer.stderr
    assert file.read_text(encoding="utf-8") == TEXT
