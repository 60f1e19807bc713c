"""From a file to a data set: received as bytes, read apart, previewed, accepted or rejected by a person.

Upload page, command line and job go through the same verbs: `receive_upload`, `read_upload`, `accept_upload`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.context import AppContext
from app.database import acting
from app.days import local
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import Dataset, OutboxJob, School, Upload
from app.policy import SYSTEM, Actor, Permission
from app.storage import ObjectStore
from app.terms import SCREENED_REPORTS, FileKind, Procedure, UploadStatus
from app.workflows import journal, outbox, registry

if TYPE_CHECKING:
    from app.ingest import Paper, Problem, Reading


def receive_upload(
    session: Session,
    store: ObjectStore,
    *,
    content: bytes,
    file_name: str,
    actor: Actor,
    at: datetime,
    paper: dict[str, Any] | None = None,
) -> Upload:
    """Keep the bytes as they came and ask a job to read them.

    `paper` names year, subject and grade where the file itself does not tell.
    """
    policy.require(actor, Permission.DATA_IMPORT)
    if not content:
        raise Refused(
            Reason(
                "empty_file", f"Файл «{file_name}» пуст. Выгрузите его ещё раз.", "The file is empty. Export it again."
            )
        )
    sha256 = store.put(content)
    known = session.scalars(
        select(Upload).where(
            Upload.sha256 == sha256,
            Upload.status.in_([UploadStatus.RECEIVED, UploadStatus.PREVIEWED, UploadStatus.ACCEPTED]),
        )
    ).first()
    if known is not None:
        raise Refused(
            Reason(
                "already_uploaded",
                f"Этот файл уже есть: «{known.file_name}», {known.status.ru}, {local(known.uploaded_at):%d.%m.%Y}.",
                f"This file is here already: “{known.file_name}”, {known.status.en}.",
                f"/uploads/{known.id}",
            )
        )
    upload = Upload(
        sha256=sha256,
        file_name=Path(file_name).name[:300],
        size=len(content),
        uploaded_by_id=actor.user_id,
        uploaded_by_name=actor.name,
        uploaded_at=at,
        municipality_id=None if actor.is_regional else actor.municipality_id,
        versions={"paper": paper} if paper else {},
    )
    session.add(upload)
    session.flush()
    outbox.add(session, "read_upload", upload.id, at=at)
    _journal(session, upload, "upload:receive", actor, at, {"sha256": sha256, "size": upload.size})
    return upload


def read_upload(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: read the file in a guarded child process and keep what reading gave."""
    from app.ingest import read_guarded

    with acting(context.sessions, SYSTEM) as session:
        upload = session.get(Upload, job.subject_id)
        if upload is None or upload.status is not UploadStatus.RECEIVED:
            return lambda session: None
        sha256, named = upload.sha256, upload.versions.get("paper")
        registered = set(session.scalars(select(School.code)))
        exam_codes = registry.codes_of_schools(session)
    paper = as_paper(named)
    try:
        reading = read_guarded(context.store.path(sha256), paper=paper, exam_codes=exam_codes)
    except Refused as refused:
        text = " ".join(reason.ru for reason in refused.reasons)
        return lambda session: _refuse(session, job.subject_id, text)
    if paper is not None and paper.procedure is not Procedure.VPR and reading.kind is not FileKind.REGIONAL:
        text = (
            f"Файл назван работами {paper.procedure.ru}, а прочитан как «{reading.kind.ru}». Загрузите его ещё раз без "
            "указания процедуры или выберите файл с работами."
        )
        return lambda session: _refuse(session, job.subject_id, text)
    reading.problems.extend(_unknown_schools(reading, registered))
    kept = _keep_reading(context.store, reading)
    return lambda session: _record_reading(session, job.subject_id, reading, kept)


def accept_upload(
    session: Session, store: ObjectStore, upload_id: int, *, actor: Actor, at: datetime, reason: str = ""
) -> Dataset:
    """Make a data set of a previewed upload; an earlier data set of the same paper is replaced for new runs."""
    policy.require(actor, Permission.DATA_IMPORT)
    upload = _previewed(session, upload_id)
    assert upload.kind is not None
    assert upload.reading_sha256 is not None
    if upload.rows_accepted == 0:
        raise Refused(
            Reason(
                "nothing_to_accept",
                "В файле нет ни одной годной строки; отклоните его.",
                "The file has no row that can be accepted; reject it.",
            )
        )
    schools = json.loads(store.read(upload.schools_sha256)) if upload.schools_sha256 else []
    ids = registry.register_schools(session, schools, actor=actor, from_context=upload.kind is FileKind.CONTEXT)
    dataset = Dataset(
        upload_id=upload.id,
        kind=upload.kind,
        procedure=Procedure((upload.versions.get("paper") or {}).get("procedure", Procedure.VPR)),
        year=upload.year,
        subject=upload.subject,
        grade=upload.grade,
        pupil_grade=upload.pupil_grade,
        sha256=upload.reading_sha256,
        n_rows=upload.rows_accepted,
        n_schools=len(ids),
        accepted_at=at,
        municipality_id=upload.municipality_id,
    )
    session.add(dataset)
    session.flush()
    # A regional table of several papers has none of its own: a later table may speak of others, so nothing is replaced.
    # Of examinations a later line replaces an earlier one, see `outside_exams.results_before`.
    is_of_many = dataset.kind is FileKind.EXAMS or (dataset.kind in SCREENED_REPORTS and dataset.subject is None)
    for earlier in session.scalars(
        select(Dataset).where(
            Dataset.kind == dataset.kind,
            Dataset.procedure == dataset.procedure,
            Dataset.year == dataset.year,
            Dataset.subject == dataset.subject,
            Dataset.grade == dataset.grade,
            Dataset.municipality_id == dataset.municipality_id
            if dataset.municipality_id is not None
            else Dataset.municipality_id.is_(None),
            Dataset.id != dataset.id,
            Dataset.replaced_by_id.is_(None),
        )
    ):
        if not is_of_many:
            earlier.replaced_by_id = dataset.id
    if upload.kind is FileKind.FEDERAL_LIST:
        registry.keep_federal_list(session, dataset, schools, ids)
    upload.status, upload.decided_at, upload.decided_by_name = UploadStatus.ACCEPTED, at, actor.name
    upload.decision_reason = reason or None
    session.flush()
    _journal(session, upload, "upload:accept", actor, at, {"dataset_id": dataset.id, "rows": dataset.n_rows}, reason)
    return dataset


def reject_upload(session: Session, upload_id: int, *, actor: Actor, at: datetime, reason: str) -> Upload:
    """Turn a previewed upload down, with a reason; its bytes stay."""
    policy.require(actor, Permission.DATA_IMPORT)
    if len(reason.strip()) < 3:
        raise Refused(Reason("no_reason", "Укажите, почему файл отклонён.", "Say why the file is rejected."))
    upload = _previewed(session, upload_id)
    upload.status, upload.decided_at, upload.decided_by_name = UploadStatus.REJECTED, at, actor.name
    upload.decision_reason = reason.strip()
    session.flush()
    _journal(session, upload, "upload:reject", actor, at, {}, reason)
    return upload


def problems_of(store: ObjectStore, upload: Upload) -> list[dict[str, Any]]:
    """Every problem that reading found: sheet, row, column, value, code, message, severity."""
    return json.loads(store.read(upload.problems_sha256)) if upload.problems_sha256 else []


def on_dead(session: Session, upload_id: int, error: str) -> None:
    """Reading failed for good: say so on the upload."""
    _refuse(session, upload_id, f"Файл не удалось прочитать: {error}")


def _previewed(session: Session, upload_id: int) -> Upload:
    upload = session.get(Upload, upload_id, with_for_update=True)
    if upload is None:
        raise NotFound("Загрузка не найдена или относится к другой территории.")
    if upload.status is not UploadStatus.PREVIEWED:
        raise Conflict(f"Файл «{upload.file_name}» сейчас {upload.status.ru}; решение по нему не принимается.")
    return upload


def _unknown_schools(reading: Reading, registered: set[str]) -> list[Problem]:
    """One doubtful problem per school that the register does not know; an empty register asks nothing."""
    from app.ingest import Problem

    if not registered:
        return []
    return [
        Problem(
            sheet="",
            row=None,
            column=None,
            value=code,
            code="unknown_school",
            message=f"Школы с кодом {code} нет в реестре: при загрузке её добавят. Код ошибочен — отклоните файл.",
            severity="doubtful",
        )
        for code in sorted(set(reading.schools["school"].astype(str)) - registered)
    ]


def _keep_reading(store: ObjectStore, reading: Reading) -> dict[str, str]:
    from app.ingest import write_parquet

    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        write_parquet(reading, path)
        rows = store.put_file(path)
    schools = json.loads(reading.schools.to_json(orient="records", force_ascii=False))
    if reading.kind is FileKind.FEDERAL_LIST:
        schools = json.loads(reading.frame.to_json(orient="records", force_ascii=False))
    problems = [{**problem.to_json(), "severity": problem.severity} for problem in reading.problems]
    return {
        "reading": rows,
        "schools": store.put(json.dumps(schools, ensure_ascii=False, sort_keys=True).encode()),
        "problems": store.put(json.dumps(problems, ensure_ascii=False).encode()),
    }


def _record_reading(session: Session, upload_id: int, reading: Reading, kept: dict[str, str]) -> None:
    upload = session.get(Upload, upload_id)
    assert upload is not None
    upload.status, upload.kind, upload.layout = UploadStatus.PREVIEWED, reading.kind, reading.layout
    upload.year, upload.subject, upload.grade = reading.year, reading.subject, reading.grade
    upload.pupil_grade = reading.pupil_grade
    upload.rows_read, upload.rows_accepted = reading.rows_read, reading.rows_accepted
    upload.rows_rejected, upload.absent = reading.rows_rejected, reading.absent
    upload.n_problems = len(reading.problems)
    upload.problem_counts = dict(Counter(problem.code for problem in reading.problems).most_common())
    upload.reading_sha256, upload.schools_sha256 = kept["reading"], kept["schools"]
    upload.problems_sha256 = kept["problems"]
    upload.versions = {**upload.versions, "format": reading.format_version, "scale": reading.scale_version}
    session.flush()


def _refuse(session: Session, upload_id: int, text: str) -> None:
    upload = session.get(Upload, upload_id)
    if upload is not None and upload.status is UploadStatus.RECEIVED:
        upload.status, upload.refusal = UploadStatus.REFUSED, text
        session.flush()


def _journal(
    session: Session,
    upload: Upload,
    action: str,
    actor: Actor,
    at: datetime,
    facts: dict[str, Any],
    reason: str = "",
) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="upload",
        subject_id=upload.id,
        reason=reason,
        facts=facts,
        municipality_id=upload.municipality_id,
        school_id=upload.school_id,
    )


def paper_named(
    year: int | None, subject: str | None, grade: int | None, procedure: Procedure = Procedure.VPR
) -> dict[str, Any] | None:
    """The paper a person names on the form or the command line; all three or none, all for a regional procedure."""
    if year is None and subject is None and grade is None and procedure is Procedure.VPR:
        return None
    if year is None or subject is None or grade is None:
        raise Refused(
            Reason(
                "paper_incomplete",
                "Назовите год, предмет и класс вместе или не называйте ничего."
                if procedure is Procedure.VPR
                else f"Для {procedure.ru} назовите год, предмет и класс: файл их не говорит.",
                "Name year, subject and grade together, or none of them; for a regional procedure name all three.",
            )
        )
    return {"year": year, "subject": subject, "grade": grade, "procedure": procedure.value}


def as_paper(named: dict[str, Any] | None) -> Paper | None:
    from app.ingest import Paper

    if named is None:
        return None
    return Paper(**{**named, "procedure": Procedure(named.get("procedure", Procedure.VPR))})
