"""How every command speaks: JSON or lines on stdout, progress and refusals on stderr, and the exit code."""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from app.errors import ObektivError, Reason, Refused

Function = TypeVar("Function", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Ответ в виде JSON на stdout.")


def speaks(function: Function) -> Function:
    """Turn what a command refuses into reasons on stderr (and JSON under ``--json``) and exit code 1."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        # A job that fails inside a command is told by the command's own refusal, not by its traceback as well.
        logging.getLogger("app.jobs.work").setLevel(logging.CRITICAL)
        try:
            return function(*args, **kwargs)
        except ObektivError as error:
            refuse(error, as_json=bool(kwargs.get("as_json")))
        except (click.ClickException, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            known = _database_refusal(error) if _is_database_error(error) else _internal_refusal(error)
            refuse(known, as_json=bool(kwargs.get("as_json")))

    return wrapper  # type: ignore[return-value]


def log_to_stderr() -> None:
    """For the parts that live long: warnings and failed jobs go to stderr, which the supervisor keeps in a file."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("app.jobs.work").setLevel(logging.NOTSET)


def refuse(error: ObektivError, *, as_json: bool) -> NoReturn:
    """Say why not, and leave with 1."""
    reasons = reasons_of(error)
    if as_json:
        answer({"refused": [vars_of(reason) for reason in reasons]})
    for reason in reasons:
        click.echo(f"Отказано: {reason.ru}", err=True)
    sys.exit(1)


def reasons_of(error: ObektivError) -> Sequence[Reason]:
    if isinstance(error, Refused) and error.reasons:
        return error.reasons
    return (Reason(type(error).__name__.lower(), str(error)),)


def vars_of(reason: Reason) -> dict[str, str]:
    return {"code": reason.code, "message": reason.ru, **({"message_en": reason.en} if reason.en else {})}


def answer(value: Any) -> None:
    """JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(rows: Sequence[Sequence[Any]], head: Sequence[str]) -> None:
    """Lines in columns as wide as their widest word."""
    words = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in words) for column in range(len(head))]
    for row in words:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


class Progress:
    """One line on stderr that is rewritten; nothing at all where stderr is not a terminal, except each new stage."""

    def __init__(self, title: str, *, is_quiet: bool = False) -> None:
        self._title, self._is_quiet = title, is_quiet
        self._is_terminal = sys.stderr.isatty()
        self._stage, self._drawn = "", 0.0

    def __call__(self, stage: str, share: float) -> None:
        if self._is_quiet:
            return
        if not self._is_terminal:
            if stage != self._stage:
                click.echo(f"{self._title}: {stage}", err=True)
            self._stage = stage
            return
        if time.monotonic() - self._drawn < 0.1 and share < 1 and stage == self._stage:
            return
        self._drawn, self._stage = time.monotonic(), stage
        filled = round(24 * min(max(share, 0.0), 1.0))
        bar = "█" * filled + "·" * (24 - filled)
        click.echo(f"\r\033[K{self._title} {bar} {100 * share:3.0f} % {stage[:60]}", nl=False, err=True)

    def close(self) -> None:
        if self._is_terminal and not self._is_quiet and self._drawn:
            click.echo("\r\033[K", nl=False, err=True)


@contextmanager
def progress(title: str, *, is_quiet: bool = False) -> Iterator[Progress]:
    """A progress line for the length of the block; call it with a stage and a share from 0 to 1."""
    line = Progress(title, is_quiet=is_quiet)
    try:
        yield line
    finally:
        line.close()


def _is_database_error(error: Exception) -> bool:
    # sqlalchemy is not imported for this: whoever raised it has imported it already
    module = sys.modules.get("sqlalchemy.exc")
    return module is not None and isinstance(error, module.OperationalError)


def _database_refusal(error: Exception) -> ObektivError:
    cause = str(getattr(error, "orig", error)).strip().splitlines()[0]
    return Refused(
        Reason(
            "database",
            f"База данных не отвечает или не готова: {cause}. Проверьте DATABASE_URL и место на диске; "
            "подробнее скажет `obektiv doctor`.",
            f"The database does not answer or is not ready: {cause}. Check DATABASE_URL and disk space.",
        )
    )


def _internal_refusal(error: Exception) -> ObektivError:
    """A fault of the program: the traceback goes to a file, the person gets a sentence."""
    home = Path(os.environ.get("OBEKTIV_HOME", "instance"))
    # `detect` needs no installation; a fault of it must not make one.
    path = home / "log" / "errors.log" if home.is_dir() else Path(tempfile.gettempdir()) / "obektiv-errors.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(sys.argv[1:])}\n{traceback.format_exc()}\n")
        where = f"подробности записаны в {path}"
    except OSError:
        where = "".join(traceback.format_exception_only(error)).strip()
    return Refused(
        Reason(
            "internal",
            f"Ошибка программы ({type(error).__name__}); {where}. Ничего наполовину не записано.",
            f"A fault of the program ({type(error).__name__}); see {path}.",
        )
    )
