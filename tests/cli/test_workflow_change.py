"""`obektiv workflow change`: a file is changed as the forms change a draft, or left as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.flows import FOLDER, GuardUse
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


def test_a_move_is_changed_and_what_is_not_named_stays(file: Path) -> None:
    before = {move.trigger: move for move in moves_of(TEXT)}

    changed = change("change-move", file, "observe", "--ru", "Отметить два наблюдения", "--guard", "act:acts=2",
                     "--guard", "order", "--role", "department")  # fmt: skip

    assert changed.exit_code == 0, changed.stderr
    after = {move.trigger: move for move in moves_of(file.read_text(encoding="utf-8"))}
    assert after["observe"] == replace(
        before["observe"],
        ru="Отметить два наблюдения",
        guards=(GuardUse("act", {"acts": 2}), GuardUse("order")),
        roles=("department",),
    )
    assert {**after, "observe": None} == {**before, "observe": None}
    back = change("change-move", file, "observe", "--ru", before["observe"].ru, "--guard", "act", "--any-role")
    assert (back.exit_code, moves_of(file.read_text(encoding="utf-8"))) == (0, moves_of(TEXT))


def test_a_move_is_added_with_a_guard_and_its_parameter(file: Path) -> None:
    added = change("add-move", file, "skip", "--from", "curator_assigned", "--to", "observed", "--ru", "Сразу дальше",
                   "--en", "Skip", "--right", "case:observe", "--guard", "act:acts=3")  # fmt: skip

    assert added.exit_code == 0, added.stderr
    assert moves_of(file.read_text(encoding="utf-8"))[-1].guards == (GuardUse("act", {"acts": 3}),)


def test_a_parameter_out_of_place_is_told_by_the_check(file: Path) -> None:
    answer = change("change-move", file, "observe", "--guard", "act:acts=99")

    assert answer.exit_code == 1
    assert "acts" in answer.stderr


@pytest.mark.parametrize(
    ("command", "arguments", "told", "exit_code"),
    [("remove-state", ["flagged"], "начальным", 1), ("remove-state", ["talk"], "в файле нет", 2),
     ("rename-state", ["observed", "interview"], "уже есть", 1), ("remove-move", ["fly"], "в файле нет", 2),
     ("change-move", ["fly", "--ru", "Улететь"], "в файле нет", 2), ("change-move", ["observe"], "что изменить", 2),
     ("change-move", ["observe", "--guard", "act:acts"], "имя=значение", 2),
     ("change-move", ["observe", "--guard", "act", "--no-guards"], "оставьте одно", 2)],
)  # fmt: skip
def test_a_change_that_cannot_be_made_is_told_and_leaves_the_file_alone(
    command: str, arguments: list[str], told: str, exit_code: int, file: Path
) -> None:
    answer = change(command, file, *arguments)

    assert answer.exit_code == exit_code
    assert told in answer.stderr
    assert file.read_text(encoding="utf-8") == TEXT
