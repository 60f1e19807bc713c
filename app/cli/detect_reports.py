"""Ready reports on the command line of `obektiv detect`: options, and files into frames that are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pandas as pd

from app.detectors import PaperSpec
from app.detectors.aggregates import Aggregates, check_aggregates
from app.errors import Reason, WrongFormat

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_HELP = {
    "marks": "Статистика по отметкам: csv или parquet.",
    "distributions": "Распределение первичных баллов: csv или parquet.",
    "items": "Выполнение заданий: csv или parquet.",
    "journal": "Сравнение отметок с журналом: csv или parquet.",
    "means": "Средние баллы: csv или parquet.",
}


def reports_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """One option a kind of report."""
    for kind, text in reversed(_HELP.items()):
        command = click.option(f"--{kind}", type=_FILE, help=text)(command)
    return command


def read_reports(
    paths: Mapping[str, Path], papers: Sequence[PaperSpec], read_table: Callable[[Path], pd.DataFrame]
) -> Aggregates:
    """Read the reports given and check them strictly, rows numbered as in their files.

    Raises
    ------
    WrongFormat
        A file cannot be read or its content cannot be taken; every fault names its rows.
    """
    frames: dict[str, pd.DataFrame] = {}
    for kind, path in paths.items():
        frame = read_table(path)
        if len(frame) == 0:
            text = f"в файле {path.name} нет ни одной строки"
            raise WrongFormat(Reason("empty", text, f"{path.name} has no rows"))
        frames[kind] = frame
    aggregates = Aggregates(**frames)
    first_rows = {kind: 1 if path.suffix == ".parquet" else 2 for kind, path in paths.items()}
    check_aggregates(aggregates, papers, strict_papers=True, first_rows=first_rows)
    return aggregates
