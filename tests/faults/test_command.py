from __future__ import annotations

import json

from click.testing import CliRunner

from app.bench.faults import TRIALS, command


def test_command_reports_counts_seed_and_time_as_json():
    result = CliRunner().invoke(command, ["--only", "journal", "--engine", "sqlite", "--seed", "7", "--json"])

    assert result.exit_code == 0, result.output
    (report,) = json.loads(result.stdout)
    assert (report["name"], report["engine"], report["seed"], report["good"]) == ("journal", "sqlite", 7, True)
    assert report["counts"]["found"] == report["counts"]["mutations"] == 300
    assert report["seconds"] > 0


def test_command_refuses_a_trial_it_does_not_know():
    result = CliRunner().invoke(command, ["--only", "earthquake"])

    assert result.exit_code == 2
    assert all(name in result.output for name in TRIALS)
