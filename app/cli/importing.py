"""`obektiv import`: the same way as a file on the site — receive, read by the job, accept — in one go."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.opening import open_context
from app.cli.saying import answer, json_option, progress, reasons_of, speaks, vars_of
from app.errors import ObektivError, Reason, Refused

if TYPE_CHECKING:
    from app.context import AppContext


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--year", type=click.IntRange(2015, 2100), help="Год работы, если файл его не называет.")
@click.option("--subject", help="Код предмета (ru, ma, …), если файл его не называет.")
@click.option("--grade", type=click.IntRange(1, 11), help="Класс работы, если файл его не называет.")
@click.option(
    "--procedure", type=click.Choice(["vpr", "kdr", "rdr"]), default="vpr", show_default=True, help="ВПР, КДР или РДР."
)
@json_option
@speaks
def command(
    files: tuple[Path, ...], year: int | None, subject: str | None, grade: int | None, procedure: str, as_json: bool
) -> None:
    """Загрузить FILES: выгрузки ВПР, КДР и РДР, готовые отчёты ФИС ОКО, контекстную форму, федеральный список,
    результаты ОГЭ и ЕГЭ.

    Вид файла узнаётся по содержанию.
    """
    from app.terms import Procedure, Subject
    from app.workflows.intake import paper_named

    if subject is not None and subject not in list(Subject):
        raise click.BadParameter(f"{subject!r}; бывает: {', '.join(Subject)}", param_hint="--subject")
    paper = paper_named(year, subject, grade, Procedure(procedure))
    if paper is not None and len(files) > 1:
        raise click.UsageError("--year, --subject и --grade называют одну работу: загружайте такие файлы по одному")
    context = open_context()
    results = []
    with progress("Загрузка") as line:
        for number, path in enumerate(files):
            line(path.name, number / len(files))
            results.append(import_file(context, path, paper))
    if as_json:
        answer(results)
    else:
        for result in results:
            _tell(result)
    if any(result["status"] != "accepted" for result in results):
        raise SystemExit(1)


def import_file(context: AppContext, path: Path, paper: dict[str, Any] | None = None) -> dict[str, Any]:
    """Receive, read and accept one file; what is refused comes back as reasons, never as an exception.

    The counts add up: ``rows_read == rows_accepted + rows_rejected + absent``.
    """
    from app.database import acting
    from app.jobs.work import complete, run_pending
    from app.models import Upload
    from app.policy import SYSTEM
    from app.terms import UploadStatus
    from app.workflows import intake, outbox

    try:
        with acting(context.sessions, SYSTEM) as session:
            upload = intake.receive_upload(
                session,
                context.store,
                content=path.read_bytes(),
                file_name=path.name,
                actor=SYSTEM,
                at=_now(),
                paper=paper,
            )
            (job_id,) = outbox.take_woken(session)
        complete(context, job_id)
        with acting(context.sessions, SYSTEM) as session:
            upload = session.get_one(Upload, upload.id)
            if upload.status is UploadStatus.PREVIEWED:
                intake.accept_upload(session, context.store, upload.id, actor=SYSTEM, at=_now())
            result = _result(path, upload, intake.problems_of(context.store, upload))
        run_pending(context)
    except ObektivError as error:
        return _result(path, None, [], reasons_of(error))
    return result


def _result(path: Path, upload: Any, problems: list[dict[str, Any]], reasons: Any = ()) -> dict[str, Any]:
    if upload is not None and upload.refusal:
        reasons = Refused(Reason("refused", upload.refusal)).reasons
    fields = ("kind", "year", "subject", "grade", "pupil_grade")
    counts = ("rows_read", "rows_accepted", "rows_rejected", "absent")
    return {
        "file": path.name,
        **{name: getattr(upload, name, None) for name in fields},
        **{name: getattr(upload, name, 0) for name in counts},
        "status": str(upload.status) if upload is not None else "refused",
        "upload_id": getattr(upload, "id", None),
        "reasons": [vars_of(reason) for reason in reasons],
        "problems": problems,
    }


def _tell(result: dict[str, Any]) -> None:
    if result["status"] != "accepted":
        for reason in result["reasons"]:
            click.echo(f"{result['file']}: отказано: {reason['message']}", err=True)
        return
    paper = " ".join(str(result[name]) for name in ("year", "subject", "grade") if result[name] is not None)
    click.echo(
        f"{result['file']}: {result['kind']} {paper}: строк {result['rows_read']}, принято {result['rows_accepted']}, "
        f"отклонено {result['rows_rejected']}, отсутствовали {result['absent']}, замечаний {len(result['problems'])}"
    )


def _now() -> datetime:
    return datetime.now(UTC)
