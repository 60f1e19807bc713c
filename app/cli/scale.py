"""`obektiv scale`: a regional work (КДР, РДР) and ВПР on one scale, from two plain tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.saying import answer, json_option, speaks
from app.errors import Reason, Refused, WrongFormat
from app.storage import write_atomically

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)


@click.command()
@click.option("--from", "first", type=_FILE, required=True, help="Работы КДР или РДР: столбцы school, score.")
@click.option("--to", "second", type=_FILE, required=True, help="Работы ВПР: столбцы school, score.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Папка для результатов.")
@click.option("--mark-from", nargs=3, type=int, help="С каких баллов ВПР ставят 3, 4 и 5.")
@click.option("--exam", default="rdr", show_default=True, help="Как назвать процедуру в exams.csv.")
@click.option("--subject", default="ma", show_default=True, help="Предмет для exams.csv.")
@click.option("--seed", type=int, default=1, show_default=True, help="Зерно бутстрепа.")
@json_option
@speaks
def scale(
    first: Path,
    second: Path,
    out: Path,
    mark_from: tuple[int, int, int] | None,
    exam: str,
    subject: str,
    seed: int,
    as_json: bool,
) -> None:
    """Положить две процедуры на одну шкалу и сравнить школы.

    Пишет scale.csv (балл первой процедуры, балл на шкале второй, погрешность), schools.csv (два результата каждой школы
    с интервалами) и, когда названы границы отметок, exams.csv для `obektiv detect --exams`.
    """
    summary = _run(first, second, out, mark_from or None, exam, subject, seed)
    if as_json:
        answer(summary)
        return
    design = {"single_group": "те же школы и классы", "common_schools": "через общие школы"}[summary["design"]]
    click.echo(
        f"Общих школ: {summary['schools']}, работ: {summary['works']} ({design}). "
        f"Отличаются: {summary['differ']}. Результаты: {out}"
    )


command = scale
"""The name by which the program finds it."""


def _run(
    first: Path,
    second: Path,
    out: Path,
    mark_from: tuple[int, int, int] | None,
    exam: str,
    subject: str,
    seed: int,
) -> dict[str, Any]:
    import numpy as np
    import pandas as pd

    from app.comparison.linking import link_scores
    from app.comparison.school_shifts import mean_marks, school_shifts
    from app.comparison.score_counts import score_counts

    works = [_works(path) for path in (first, second)]
    names = sorted(set(works[0]["school"]) | set(works[1]["school"]))
    a, b = (score_counts(names, frame["school"].tolist(), frame["score"].tolist()) for frame in works)
    link = link_scores(a, b, seed=seed)
    shifts = school_shifts(names, a, b, link)
    tables = {
        "scale.csv": pd.DataFrame(
            {"score": np.arange(len(link.equivalent)), "equivalent": link.equivalent, "error": link.error}
        ),
        "schools.csv": pd.DataFrame([{**vars(shift), "differs": shift.differs} for shift in shifts]),
    }
    if mark_from is not None:
        if not 0 < mark_from[0] < mark_from[1] < mark_from[2] < b.shape[1]:
            text = f"границы отметок должны возрастать от 1 до {b.shape[1] - 1}"
            raise Refused(Reason("mark_from", text, f"the cuts must rise within 1 … {b.shape[1] - 1}"))
        n, marks = a.sum(axis=1), mean_marks(a, link, mark_from)
        rows = [
            {"school": name, "exam": exam, "subject": subject, "n": int(n[i]), "mean_mark": round(float(marks[i]), 4)}
            for i, name in enumerate(names)
            if n[i]
        ]
        tables["exams.csv"] = pd.DataFrame(rows)
    for name, table in tables.items():
        write_atomically(out / name, table.to_csv(index=False, lineterminator="\n").encode())
    return {
        "status": "done",
        "files": list(tables),
        "design": link.design,
        "schools": link.schools,
        "works": round(link.works),
        "degrees": [link.first.degree, link.second.degree],
        "largest_error": float(link.error.max()),
        "differ": sum(shift.differs for shift in shifts),
    }


def _works(path: Path) -> Any:
    """School and score of every work; a work without either is refused by its row."""
    from app.cli.detect import read_table

    frame = read_table(path)
    missing = sorted({"school", "score"} - set(frame.columns))
    if missing:
        text = ", ".join(missing)
        raise WrongFormat(
            Reason("missing_columns", f"в файле {path.name} нет столбцов: {text}", f"{path.name} lacks columns: {text}")
        )
    import pandas as pd

    score = pd.to_numeric(frame["score"], errors="coerce")
    wrong = frame.index[(score.isna()) | (score < 0) | (score != score.round()) | frame["school"].isna()]
    if len(wrong):
        row = int(wrong[0]) + 2
        raise WrongFormat(
            Reason(
                "bad_score",
                f"{path.name}, строка {row}: нужны школа и целый балл не меньше нуля",
                f"{path.name}, row {row}: a school and a whole score not below zero are needed",
            )
        )
    return pd.DataFrame({"school": frame["school"].astype("string").str.strip(), "score": score.astype(int)})
