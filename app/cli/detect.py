"""``obektiv detect``: the detectors on plain files, without a database."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from app import frames
from app.cli.detect_reports import read_reports, reports_options
from app.cli.detect_works import works_in_files
from app.cli.saying import answer, json_option, progress, speaks
from app.detectors import PaperSpec, Screening, screen
from app.detectors.aggregates import KINDS
from app.detectors.checks import CheckedWorks, check_works
from app.errors import Reason, Refused, WrongFormat
from app.storage import write_atomically
from app.terms import Tier

_TEXT = {
    *("school", "subject", "class", "participant", "variant", "municipality", "name", "type", "exam"),
    *("source", "markers", "uploaded_at", "due_at"),
    *("логин", "логин оо", "логин школы", "предмет", "муниципалитет", "оо"),
}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("detect")
@click.option("--works", type=_FILE, help="Работы: csv или parquet. Без них нужны готовые отчёты.")
@click.option("--papers", required=True, type=_FILE, help="Описание работ: json.")
@reports_options
@click.option("--schools", type=_FILE, help="Школы с контекстом: csv или parquet.")
@click.option("--exams", type=_FILE, help="Результаты ОГЭ, ЕГЭ и других внешних процедур: csv или parquet.")
@click.option("--previous", type=_FILE, help="Работы прошлого года: csv или parquet.")
@click.option("--control", type=_FILE, help="Контрольная выборка: работы или список школ.")
@click.option("--protocol", type=_FILE, help="Сведения о загрузке школ: csv или parquet.")
@click.option("--history", type=_FILE, help="Списки и проверки прошлых лет: csv или parquet.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Папка для результатов.")
@json_option
@speaks
def detect(
    works: Path | None,
    papers: Path,
    schools: Path | None,
    exams: Path | None,
    previous: Path | None,
    control: Path | None,
    protocol: Path | None,
    history: Path | None,
    out: Path,
    as_json: bool,
    **reports: Path | None,
) -> None:
    """Найти признаки необъективности в файлах с результатами, без базы.

    Кроме работ или вместо них принимаются готовые отчёты. В каждом столбцы school, year, subject, grade, n (участников)
    и свои: --marks — 2, 3, 4, 5; --distributions — 0, 1, … до наибольшего балла; --items — item_1, item_2, … (процент
    от наибольшего балла за задание или доля); --journal — lowered, confirmed, raised или заголовки федерального отчёта;
    --means — mean и, если есть, sd. Отметки, распределения и журнал — числом работ или в процентах, можно с десятичной
    запятой. Где у школы есть и работы, и отчёт, берутся работы; что по отчётам проверить нельзя, отвечает «не
    оценивалось» с причиной.

    Пишет в папку --out файлы findings.csv, papers.csv и schools.csv. Код выхода: 0 — готово, 1 — отказ с причинами, 2
    — ошибка в параметрах.
    """
    given = {kind: path for kind, path in reports.items() if path is not None}
    if works is None and not given:
        options = ", ".join(f"--{kind}" for kind in KINDS)
        raise click.UsageError(f"нужны работы (--works) или хотя бы один готовый отчёт ({options})")
    with progress("Проверка") as report:
        report("чтение файлов", 0.0)
        result, warnings = _run(works, papers, given, schools, exams, previous, control, protocol, history, report)
        files = _write(result, out)
    for text in warnings:
        click.echo(f"Внимание: {text}", err=True)
    summary = _summary(result, files, warnings)
    if as_json:
        answer(summary)
        return
    tiers = ", ".join(f"{Tier(word).ru} — {count}" for word, count in summary["tiers"].items())
    click.echo(f"Школ: {summary['schools']} ({tiers}). Находок: {summary['findings']}. Результаты: {out}")


command = detect
"""The name by which the program finds it."""


def _run(
    works: Path | None,
    papers: Path,
    reports: Mapping[str, Path],
    schools: Path | None,
    exams: Path | None,
    previous: Path | None,
    control: Path | None,
    protocol: Path | None,
    history: Path | None,
    progress: Callable[[str, float], None],
) -> tuple[Screening, list[str]]:
    specs = read_papers(papers)
    stored, told = (None, ()) if works is None else works_in_files(works, specs)
    checked = _checked(works, specs) if works is not None and stored is None else None
    if checked is not None:
        told = checked.warnings
    aggregates = read_reports(reports, specs, read_table)
    result = screen(
        stored if checked is None else checked.works,
        specs,
        aggregates=aggregates,
        schools=_with_columns(schools, {"school"}),
        exams=_with_columns(exams, {"school", "exam", "subject", "n", "mean_mark"}),
        previous=None if previous is None else read_table(previous),
        control=None if control is None else read_control(control),
        protocol=_with_columns(protocol, {"school", "year", "subject", "grade"}),
        history=_with_columns(history, {"school", "year", "source"}),
        progress=progress,
        charts=False,
    )
    return result, [*told, *result.reference["warnings"]]


def _checked(works: Path, specs: list[PaperSpec]) -> CheckedWorks:
    frame = read_table(works)
    if len(frame) == 0:
        raise WrongFormat(Reason("empty", f"в файле {works.name} нет ни одной работы", f"{works.name} has no works"))
    return check_works(frame, specs, first_row=1 if works.suffix == ".parquet" else 2, strict_papers=True)


def read_table(path: Path) -> pd.DataFrame:
    """Read a csv (utf-8, utf-8 with a mark, cp1251; comma or semicolon) or parquet file; codes stay text.

    Raises
    ------
    WrongFormat
        The file is neither, or is empty or broken.
    """
    content = path.read_bytes()
    if not content.strip():
        raise WrongFormat(Reason("empty", f"файл {path.name} пуст", f"{path.name} is empty"))
    try:
        is_parquet = content[:4] == b"PAR1"
        table = pa.parquet.read_table(pa.BufferReader(content)) if is_parquet else _read_csv(content)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0][:200]
        raise WrongFormat(
            Reason("unreadable", f"файл {path.name} не читается как csv или parquet: {first}", f"{path.name}: {first}")
        ) from error
    frame = table.to_pandas()
    return frame.rename(columns={name: str(name).strip().lower() for name in frame.columns})


def _read_csv(content: bytes) -> pa.Table:
    if content[:2] == b"PK" or b"\x00" in content[:4096]:
        raise pa.ArrowInvalid("это не текст; сохраните таблицу как csv")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1251")
    header = text.splitlines()[0]
    delimiter = max((";", ",", "\t"), key=header.count)
    decimal = "," if delimiter != "," else "."
    names = [name.strip().strip('"').strip() for name in header.split(delimiter)]
    types = {name: pa.string() for name in names if name.lower() in _TEXT}
    options = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True, decimal_point=decimal)
    body = text.split("\n", 1)[1] if "\n" in text else ""
    if not body.strip():
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa.csv.read_csv(
        io.BytesIO(body.encode("utf-8")),
        read_options=pa.csv.ReadOptions(column_names=names),
        parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=options,
    )


def read_control(path: Path) -> pd.DataFrame | list[str]:
    """Control sample: a table of works when it has scores, else a list of schools, with or without a header."""
    frame = read_table(path)
    if "score" in frame or any(str(name).startswith("item_") for name in frame):
        return frame
    if "school" in frame:
        return [str(code).strip() for code in frame["school"].dropna()]
    first = str(frame.columns[0])
    return [first, *(str(code).strip() for code in frame.iloc[:, 0].dropna())]


def _with_columns(path: Path | None, required: set[str]) -> pd.DataFrame | None:
    if path is None:
        return None
    frame = read_table(path)
    missing = sorted(required - set(frame.columns))
    if missing:
        names = ", ".join(missing)
        raise WrongFormat(
            Reason(
                "missing_columns", f"в файле {path.name} нет столбцов: {names}", f"{path.name} lacks columns: {names}"
            )
        )
    if "school" in frame:
        frame["school"] = frame["school"].astype("string").str.strip()
    if "subject" in frame:
        frame["subject"] = frame["subject"].astype("string").str.strip().str.lower()
    return frame


def read_papers(path: Path) -> list[PaperSpec]:
    """Read the description of papers.

    Raises
    ------
    WrongFormat
        The file is not a json list of papers; every faulty paper is named.
    """
    raw = path.read_bytes()
    try:
        content = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        try:
            content = json.loads(raw.decode("cp1251"))
        except ValueError as error:
            raise _not_papers(path, str(error)) from error
    except json.JSONDecodeError as error:
        raise _not_papers(path, f"строка {error.lineno}, знак {error.colno}") from error
    if not isinstance(content, list) or not content:
        raise _not_papers(path, "ожидается непустой список работ")
    specs: list[PaperSpec] = []
    problems: list[Reason] = []
    for number, entry in enumerate(content, start=1):
        try:
            specs.append(_paper(entry))
        except (KeyError, TypeError, ValueError) as error:
            what = f"нет ключа {error}" if isinstance(error, KeyError) else str(error)
            problems.append(
                Reason("bad_paper", f"{path.name}, работа {number}: {what}", f"{path.name}, paper {number}: {what}")
            )
    if problems:
        raise WrongFormat(*problems)
    return specs


def _not_papers(path: Path, what: str) -> WrongFormat:
    return WrongFormat(
        Reason("bad_papers", f"файл {path.name} не читается как описание работ: {what}", f"{path.name}: {what}")
    )


def _paper(entry: Any) -> PaperSpec:
    if not isinstance(entry, dict):
        raise TypeError("ожидается объект с ключами subject, grade, item_max, mark_from")
    item_max = tuple(_whole(value, "item_max") for value in entry["item_max"])
    if not item_max or min(item_max) < 1:
        raise ValueError("item_max должен быть списком положительных целых чисел")
    cuts = entry.get("mark_from")
    mark_from = None
    if cuts:
        whole = [_whole(value, "mark_from") for value in cuts]
        if len(whole) != 3 or not 0 < whole[0] < whole[1] < whole[2] <= sum(item_max):
            raise ValueError(f"mark_from должен содержать три возрастающих балла от 1 до {sum(item_max)}")
        mark_from = (whole[0], whole[1], whole[2])
    year = entry.get("year")
    return PaperSpec(
        None if year is None else _whole(year, "year"),
        str(entry["subject"]).strip().lower(),
        _whole(entry["grade"], "grade"),
        item_max,
        mark_from,
    )


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(f"{name}: {value!r} — не целое число")
    return int(value)


def _write(result: Screening, out: Path) -> list[str]:
    # All three are rendered before the first is written, so that nothing can fail half-way through.
    rendered = {
        f"{name}.csv": frame[frames.names(spec, required_only=True)]
        .to_csv(index=False, lineterminator="\n")
        .encode("utf-8")
        for name, frame, spec in (
            ("findings", result.findings, frames.FINDINGS),
            ("papers", result.papers, frames.PAPER_SUMMARY),
            ("schools", result.schools, frames.SCHOOL_SUMMARY),
        )
    }
    try:
        for name, content in rendered.items():
            write_atomically(out / name, content)
    except OSError as error:
        text = f"не удалось записать результаты в {out}: {error.strerror or error}"
        raise Refused(Reason("out", text, f"cannot write to {out}: {error}")) from error
    return list(rendered)


def _summary(result: Screening, files: list[str], warnings: list[str]) -> dict[str, Any]:
    return {
        "status": "done",
        "files": files,
        "schools": int(result.schools["school"].nunique()),
        "tiers": {str(k): int(v) for k, v in result.schools["tier"].value_counts().items()},
        "findings": len(result.findings),
        "warnings": warnings,
        "reference": result.reference,
        "versions": result.versions,
        "params_version": result.params["version"],
    }
