"""`obektiv scale`: two plain tables in, one scale out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from app.cli import main
from app.cli.detect import read_table
from tests.comparison.test_linking import region


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, counts in zip(("rdr.csv", "vpr.csv"), region(schools=30), strict=True):
        school, score = np.nonzero(counts)
        times = counts[school, score].astype(int)
        table = pd.DataFrame(
            {"school": [f"99{s:04d}" for s in np.repeat(school, times)], "score": np.repeat(score, times)}
        )
        table.to_csv(tmp_path / name, index=False)
    return tmp_path


def run(files: Path, *options: str):
    arguments = ["scale", "--from", files / "rdr.csv", "--to", files / "vpr.csv", "--out", files / "out", *options]
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_scale_schools_and_exams_are_written(files: Path) -> None:
    result = run(files, "--mark-from", "8", "13", "19", "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert told["files"] == ["scale.csv", "schools.csv", "exams.csv"]
    assert (told["design"], told["schools"], told["works"]) == ("single_group", 30, 1200)
    scale = read_table(files / "out" / "scale.csv")
    assert (np.diff(scale["equivalent"]) > 0).all()
    exams = read_table(files / "out" / "exams.csv")
    assert list(exams.columns) == ["school", "exam", "subject", "n", "mean_mark"]
    assert exams["mean_mark"].between(2, 5).all()
    assert len(read_table(files / "out" / "schools.csv")) == 30


def test_it_says_in_words_what_it_found(files: Path) -> None:
    assert "Общих школ: 30, работ: 1200 (те же школы и классы)" in run(files).output


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("school;points\n1;5\n", "нет столбцов: score"),
        ("school;score\n1;5\n2;\n", "строка 3"),
        ("school;score\n1;5,5\n", "строка 2"),
        ("school;score\n1;5\n", "общих школ 0"),
        ("", "пуст"),
    ],
)
def test_a_faulty_file_is_refused_with_its_fault(files: Path, content: str, told: str) -> None:
    (files / "rdr.csv").write_text(content)

    result = run(files)

    assert result.exit_code == 1
    assert told in result.output + result.stderr


def test_cuts_that_do_not_rise_are_refused(files: Path) -> None:
    result = run(files, "--mark-from", "9", "5", "19")

    assert result.exit_code == 1
    assert "должны возрастать" in result.output + result.stderr
