"""The program as a person or a script meets it: answers, refusals, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli import COMMANDS
from app.context import AppContext
from app.database import acting
from app.models import Case, Municipality, School, User
from app.policy import SYSTEM
from app.supervisor import ROOT
from app.terms import Tier
from app.workflows import journal, outbox
from tests.ingest.files import marks_report, recut, scores_report, workbook


def test_help_answers_at_once_and_names_every_command():
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-P", "-m", "app.cli", "--help"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert time.monotonic() - started < 1.5  # 0.1 s on an idle machine
    assert all(f"  {name} " in result.stdout for name in COMMANDS)


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "bench"])
def test_every_command_has_its_own_help(name: str, obektiv):
    result = obektiv(name, "--help")

    assert result.exit_code == 0
    assert "Usage: obektiv" in result.stdout


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "words",
    [
        ("no-such-command",),
        ("screen",),
        ("screen", "--year", "весна"),
        ("worker", "nobody"),
        ("import",),
        ("import", "/нет/такого"),
        ("cases", "--state", "где-то"),
    ],
)
def test_wrong_usage_ends_with_two(words: tuple[str, ...], obektiv):
    assert obektiv(*words).exit_code == 2


def test_refusal_ends_with_one_and_says_why_in_both_ways(obektiv):
    result = obektiv("screen", "--year", "2031", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["refused"][0]["code"] == "no_works"
    assert "нет принятых работ" in result.stderr


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_import_of_a_broken_file_gives_reasons_and_counts(obektiv, tmp_path: Path):
    (tmp_path / "пустой.csv").write_bytes(b"")
    (tmp_path / "письмо.xlsx").write_text("<html>это не книга</html>")

    result = obektiv("import", str(tmp_path / "пустой.csv"), str(tmp_path / "письмо.xlsx"), "--json")

    answers = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [answer["file"] for answer in answers] == ["пустой.csv", "письмо.xlsx"]
    for answer in answers:
        assert answer["status"] in ("refused", "rejected")
        assert answer["reasons"]
        assert answer["rows_read"] == answer["rows_accepted"] + answer["rows_rejected"] + answer["absent"] == 0


def test_same_file_twice_is_refused(obektiv, region_files: Path):
    path = str(region_files / "vpr2022_ma4.xlsx")

    first, second = obektiv("import", path, "--json"), obektiv("import", path, "--json")

    (answer,) = json.loads(first.stdout)
    assert first.exit_code == 0
    assert (answer["kind"], answer["year"], answer["subject"], answer["grade"]) == ("works", 2022, "ma", 4)
    assert answer["rows_read"] == answer["rows_accepted"] + answer["rows_rejected"] + answer["absent"] == 53
    wanted = {"sheet", "row", "column", "value", "code", "message"}
    assert all(wanted <= problem.keys() for problem in answer["problems"])
    assert second.exit_code == 1
    assert json.loads(second.stdout)[0]["reasons"][0]["code"] == "already_uploaded"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_paper_is_named_for_one_file_only(obektiv, tmp_path: Path):
    for name in "ab":
        (tmp_path / name).write_text("x")

    result = obektiv(
        "import", str(tmp_path / "a"), str(tmp_path / "b"), "--year", "2022", "--subject", "ma", "--grade", "4"
    )

    assert result.exit_code == 2


def test_cases_are_listed_by_weight_and_state(obektiv, context: AppContext, at):
    _two_cases(context, at)

    everything = json.loads(obektiv("cases", "--json").stdout)
    flagged = json.loads(obektiv("cases", "--state", "interview", "--json").stdout)

    assert [case["number"] for case in everything] == ["2", "1"]
    assert [case["number"] for case in flagged] == ["2"]
    assert "Собеседование" in obektiv("cases").stdout


def test_journal_verify_tells_tampering_by_its_exit_code(obektiv, context: AppContext, at):
    with acting(context.sessions, SYSTEM) as session:
        for _ in range(3):
            journal.append(session, actor=SYSTEM, at=at, action="a:b", subject="c")
    intact = obektiv("journal", "verify", "--json")
    with context.engine.begin() as connection:
        if context.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        else:
            connection.exec_driver_sql("DROP TRIGGER journal_no_change ON journal")
        connection.exec_driver_sql("UPDATE journal SET actor_name = 'другой' WHERE seq = 2")

    broken = obektiv("journal", "verify", "--json")

    assert (intact.exit_code, json.loads(intact.stdout)["intact"]) == (0, True)
    assert (broken.exit_code, [fault["seq"] for fault in json.loads(broken.stdout)["faults"]]) == (1, [2])


def test_doctor_finds_a_healthy_installation_healthy(obektiv):
    result = obektiv("doctor", "--json")

    answer = json.loads(result.stdout)
    assert {check["name"] for check in answer["checks"]} >= {"database", "schema", "journal", "jobs", "redis", "disk"}
    assert [check for check in answer["checks"] if check["health"] == "failure" and check["name"] != "disk"] == []
    (clock,) = [check["message"] for check in answer["checks"] if check["name"] == "clock"]
    assert clock.startswith("Europe/Moscow: сейчас ")


def test_doctor_sees_jobs_that_nobody_does(obektiv, context: AppContext, at):
    with acting(context.sessions, SYSTEM) as session:
        outbox.add(session, "case_moved", 1, at=datetime(2020, 1, 1, tzinfo=UTC))

    result = obektiv("doctor", "--json")

    (jobs,) = [check for check in json.loads(result.stdout)["checks"] if check["name"] == "jobs"]
    assert result.exit_code == 1
    assert jobs["health"] == "failure"


def test_first_administrator_is_made_on_the_command_line(obektiv, context: AppContext):
    words = ("user", "create", "Root", "--name", "Главный А. А.", "--password")

    refused = obektiv(*words, "мало")
    made = obektiv(*words, "длинная фраза из слов")

    assert (refused.exit_code, made.exit_code) == (1, 0)
    with acting(context.sessions, SYSTEM) as session:
        assert [user.login for user in session.query(User)] == ["root"]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_database_that_is_away_is_told_in_a_sentence(obektiv, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")

    result = obektiv("cases", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["refused"][0]["code"] == "database"
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_bad_setting_is_named(obektiv, monkeypatch):
    monkeypatch.setenv("OBEKTIV_PORT", "восемь")

    result = obektiv("cases")

    assert result.exit_code == 1
    assert "OBEKTIV_PORT" in result.stderr


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_separate_parts_refuse_a_database_of_another_schema(obektiv, context: AppContext):
    with context.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000_before'")

    result = obektiv("scheduler")

    assert result.exit_code == 1
    assert "obektiv migrate" in result.stderr


def _two_cases(context: AppContext, at) -> None:
    with acting(context.sessions, SYSTEM) as session:
        session.add(Municipality(id=1, code="m", name="Муниципалитет"))
        session.flush()
        for number, state in ((1, "flagged"), (2, "interview")):
            session.add(School(id=number, code=str(number), name=f"Школа {number}", municipality_id=1))
            session.flush()
            session.add(
                Case(
                    number=str(number),
                    workflow_version="1",
                    year=2022,
                    state=state,
                    tier=Tier.CASE,
                    evidence=float(number),
                    opened_at=at,
                    entered_at=at,
                    municipality_id=1,
                    school_id=number,
                )
            )


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_ready_reports_are_imported_counted_and_screened(obektiv, tmp_path: Path):
    files = [
        workbook(tmp_path / "2849657.xlsx", marks_report()),
        workbook(tmp_path / "Ф4.xlsx", scores_report()),
        workbook(tmp_path / "сводка.xlsx", recut("marks", subjects=("Русский язык",))),
    ]

    imported = json.loads(obektiv("import", *map(str, files), "--json").stdout)
    screened = json.loads(obektiv("screen", "--year", "2021", "--json").stdout)

    assert [answer["kind"] for answer in imported] == ["report_marks", "report_scores", "report_marks"]
    assert [answer["status"] for answer in imported] == ["accepted"] * 3
    for answer in imported:
        assert answer["rows_read"] == answer["rows_accepted"] + answer["rows_rejected"] + answer["absent"] > 0
    assert screened["status"] == "done"
    assert screened["n_findings"] > 0
