"""A year for which the region has only ready reports is screened like any other."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from app.context import AppContext
from app.database import acting
from app.detectors import PaperSpec
from app.detectors.simulate import RegionOptions, simulate_region
from app.errors import Refused
from app.ingest import load_scales
from app.jobs import run_pending
from app.models import Dataset, Finding, Flag, School, ScreeningRun
from app.policy import SYSTEM
from app.terms import FileKind, FindingOutcome, RunStatus
from app.workflows.screening import request_screening
from tests.detectors.reports import reports_of
from tests.ingest.files import recut, report_head, workbook
from tests.workflows.test_intake import accept, bring, works_file

SIDES = ("Понизили (Отметка < Отметка по журналу)", "Подтвердили (Отметка = Отметке по журналу)",
         "Повысили (Отметка > Отметка по журналу)")  # fmt: skip
KINDS = {"marks": "marks", "distributions": "scores", "items": "items", "journal": "journal"}


def report_files(folder: Path, kinds: tuple[str, ...]) -> list[Path]:
    """Reports of mathematics, grade 4, 2021: forty schools of a simulated region, some of which bump works."""
    options = RegionOptions(schools=40, year=2021, papers=(("ma", 4),), share=0.15, size=(40, 80))
    region = simulate_region(11, options)
    scale = load_scales().get(2021, "ma", 4)
    assert scale is not None
    assert scale.item_max is not None
    spec = PaperSpec(2021, "ma", 4, scale.item_max, scale.mark_from)
    frames = reports_of(region.works, [spec], kinds).frames()
    files = []
    for kind in kinds:
        frame = frames[kind]
        columns = [name for name in frame.columns if name not in ("school", "year", "subject", "grade", "n")]
        names: list[object] = [int(name.removeprefix("item_")) for name in columns] if kind != "journal" else []
        head: list[object] = ["Группы участников", "Кол-во ОО", "Кол-во участников", *names]
        rows = [[f"Школа {s}(edu{s})", "", n, *v] for s, n, v in zip(
            frame["school"], frame["n"], frame[columns].to_numpy().tolist(), strict=True)]  # fmt: skip
        if kind == "journal":
            head = ["Группы участников", "Кол-во участников(всего)", *(f"{side} Кол-во участников" for side in SIDES)]
            rows = [[row[0], *row[2:]] for row in rows]
        table = [*report_head(KINDS[kind]), head, ["Горский район(reg99_m001)", "", *rows[0][-len(head) + 2 :]], *rows]
        files.append(workbook(folder / f"{kind}.xlsx", table))
    return files


def bring_all(context: AppContext, files: list[Path], at: datetime) -> list[Dataset]:
    return [accept(context, bring(context, path.read_bytes(), at, name=path.name), at) for path in files]


def screen(context: AppContext, year: int, at: datetime) -> int:
    with acting(context.sessions, SYSTEM) as session:
        run = request_screening(session, year, actor=SYSTEM, at=at)
    run_pending(context)
    return run.id


def findings(context: AppContext, run_id: int) -> pd.DataFrame:
    with acting(context.sessions, SYSTEM) as session:
        run = session.get_one(ScreeningRun, run_id)
        assert run.status is RunStatus.DONE, run.failure
        rows = session.execute(
            select(School.code, Finding.detector, Finding.outcome, Finding.reason, Finding.sentence, Finding.n)
            .join(School, School.id == Finding.school_id)
            .where(Finding.run_id == run_id)
        ).all()
    return pd.DataFrame(rows, columns=["school", "detector", "outcome", "reason", "sentence", "n"])


def test_a_year_with_reports_only_is_screened_and_opens_flags(context: AppContext, at: datetime, tmp_path) -> None:
    datasets = bring_all(context, report_files(tmp_path, ("distributions", "marks", "items", "journal")), at)

    run_id = screen(context, 2021, at)

    assert {d.kind for d in datasets} == {
        FileKind.REPORT_SCORES, FileKind.REPORT_MARKS, FileKind.REPORT_ITEMS, FileKind.REPORT_JOURNAL,
    }  # fmt: skip
    found = findings(context, run_id)
    assessed = found[found["outcome"] == FindingOutcome.ASSESSED].groupby("detector").size()
    assert {"boundary_push", "contextual_mean", "homogeneity", "item_profile", "journal_gap"} <= set(assessed.index)
    assert found[found["detector"] == "class_similarity"]["reason"].str.contains("Индивидуальные результаты").all()
    with acting(context.sessions, SYSTEM) as session:
        assert session.scalars(select(Flag).where(Flag.run_id == run_id)).all()
        assert session.get_one(ScreeningRun, run_id).inputs["datasets"][0]["kind"] == "report_items"


def test_marks_alone_are_enough_for_a_run_that_says_what_it_could_not_do(
    sqlite_context: AppContext, at: datetime, tmp_path
) -> None:
    bring_all(sqlite_context, report_files(tmp_path, ("marks",)), at)

    found = findings(sqlite_context, screen(sqlite_context, 2021, at))

    outcome = found.groupby("detector")["outcome"].agg(set)
    assert outcome["contextual_mean"] == {FindingOutcome.ASSESSED}
    assert outcome["boundary_push"] == outcome["item_profile"] == {FindingOutcome.NOT_ASSESSED}
    reasons = found[found["detector"] == "boundary_push"]["reason"]
    assert reasons.str.contains("Распределение первичных баллов").all()


def test_works_win_and_reports_fill_the_schools_without_them(
    sqlite_context: AppContext, at: datetime, tmp_path
) -> None:
    accept(sqlite_context, bring(sqlite_context, works_file(schools=("990001", "990777")), at), at)
    table = recut("marks")
    table[1][2] = table[2][2] = "Математика"
    for row in table[1:]:
        row[1] = 5
    table[1][4] = "edu990001"
    bring_all(sqlite_context, [workbook(tmp_path / "recut.xlsx", table)], at)

    found = findings(sqlite_context, screen(sqlite_context, 2021, at))

    n = found[found["detector"] == "contextual_mean"].set_index("school")["n"].to_dict()
    assert n == {"990001": 12, "990777": 12, "990204": 84}
    answers = found.groupby("school")["detector"].agg(["size", "nunique"])
    assert (answers["size"] == answers["nunique"]).all()


def test_a_year_without_works_and_reports_is_refused(sqlite_context: AppContext, at: datetime) -> None:
    with acting(sqlite_context.sessions, SYSTEM) as session, pytest.raises(Refused, match="работ или отчётов"):
        request_screening(session, 2021, actor=SYSTEM, at=at)


def test_a_regional_table_of_several_papers_does_not_replace_another(
    sqlite_context: AppContext, at: datetime, tmp_path
) -> None:
    first = workbook(tmp_path / "a.xlsx", recut("marks", subjects=("Математика", "РУ")))
    second = workbook(tmp_path / "b.xlsx", recut("marks", subjects=("Биология", "История")))

    ids = [dataset.id for dataset in bring_all(sqlite_context, [first, second], at)]

    with acting(sqlite_context.sessions, SYSTEM) as session:
        assert [session.get_one(Dataset, i).replaced_by_id for i in ids] == [None, None]


def test_planned_results_are_kept_and_ask_for_no_run(sqlite_context: AppContext, at: datetime, tmp_path) -> None:
    from tests.ingest.files import planned_report

    (dataset,) = bring_all(sqlite_context, [workbook(tmp_path / "p.xlsx", planned_report())], at)

    assert (dataset.kind, dataset.n_rows) == (FileKind.REPORT_PLANNED, 2)
    with acting(sqlite_context.sessions, SYSTEM) as session, pytest.raises(Refused):
        request_screening(session, 2021, actor=SYSTEM, at=at)
