"""Documents of a case: requested with the context they are made of, rendered by a job, kept by hash."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import acting
from app.days import day_of
from app.documents import KINDS, render
from app.documents.context import Agreed, Decisions, Distribution, InterviewProtocol, Sign, SignsNotice
from app.models import Case, Document, Flag, Interview, Municipality, OutboxJob
from app.policy import SYSTEM
from app.terms import DocumentKind, ExplanationReason, Subject
from app.workflows import journal, outbox

REPLY_DAYS = 10
"""Calendar days a school has to answer a notice."""


def request_document(
    session: Session, case: Case, kind: DocumentKind, source_key: str, number: str, context: Any, *, at: datetime
) -> Document:
    """Ask for a document; asking twice for the same source gives the same row."""
    document = session.scalars(select(Document).where(Document.kind == kind, Document.source_key == source_key)).first()
    if document is None:
        document = Document(
            case_id=case.id,
            kind=kind,
            source_key=source_key,
            title=f"{kind.ru} № {number}",
            number=number,
            context=to_json(context),
            requested_at=at,
            municipality_id=case.municipality_id,
            school_id=case.school_id,
        )
        session.add(document)
        session.flush()
        outbox.add(session, "issue_document", document.id, at=at)
    return document


def issue(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: render the PDF and keep it by hash."""
    with acting(context.sessions, SYSTEM) as session:
        document = session.get(Document, job.subject_id)
        if document is None or document.sha256 is not None:
            return lambda session: None
        kind, values = document.kind, document.context
    pdf = render(kind, from_json(KINDS[kind].context, values))
    sha256 = context.store.put(pdf)

    def keep(session: Session) -> None:
        document = session.get(Document, job.subject_id)
        assert document is not None
        document.sha256, document.issued_at = sha256, job.created_at
        session.flush()
        journal.append(
            session,
            actor=SYSTEM,
            at=job.created_at,
            action="document:issue",
            subject="case" if document.case_id is not None else "programme",
            subject_id=document.case_id if document.case_id is not None else document.programme_id,
            facts={"document_id": document.id, "kind": document.kind.value, "sha256": sha256},
            municipality_id=document.municipality_id,
            school_id=document.school_id,
        )

    return keep


def notice_context(session: Session, case: Case, flag: Flag, *, at: datetime) -> SignsNotice:
    """What the notice of signs says, all of it from the frozen flag."""
    municipality = session.get(Municipality, case.municipality_id)
    frozen = flag.frozen
    return SignsNotice(
        number=f"{case.number}/1",
        issued_on=day_of(at),
        department=f"Орган управления образованием, {municipality.name if municipality else ''}",
        signatory="",
        signatory_post="Руководитель органа управления образованием",
        school_name=case.school.name,
        school_code=case.school.code,
        head=None,
        year=flag.year,
        tier_title=flag.tier.ru,
        signs=tuple(_sign(finding) for finding in frozen["findings"] if finding.get("sign")),
        history=_history(session, case),
        reply_until=day_of(at) + timedelta(days=REPLY_DAYS),
        calculation=(
            f"прогон {flag.run_id}, проверки {frozen['detector_versions_text']}, параметры "
            f"{frozen['parameters_version']}, данные {frozen['inputs_sha256'][:16]}"
        ),
        case_number=case.number,
    )


def protocol_context(case: Case, interview: Interview, flag: Flag | None) -> InterviewProtocol:
    """What the interview protocol says."""
    present = tuple((person["name"], person["post"]) for person in interview.present)
    findings = flag.frozen["findings"] if flag is not None else []
    return InterviewProtocol(
        number=interview.number,
        held_on=interview.held_on,
        place=interview.place,
        form=interview.form,
        case_number=case.number,
        school_name=case.school.name,
        school_code=case.school.code,
        present=present,
        signs=tuple(finding["sentence"] for finding in findings if finding.get("sign") and finding["sentence"]),
        explanation=interview.explanation,
        reasons=tuple(ExplanationReason(code).ru for code in interview.reasons),
        documents_shown=tuple(interview.documents_shown),
        agreed=tuple(
            Agreed(item["action"], date.fromisoformat(item["due_on"]), item["responsible"]) for item in interview.agreed
        ),
        decisions=Decisions(interview.needs_curator, interview.needs_observers, interview.needs_recheck),
        signatories=present,
    )


def paper_title(subject: str, grade: int) -> str:
    """«математика, 5 класс»."""
    return f"{Subject(subject).ru}, {grade}\N{NO-BREAK SPACE}класс"


def to_json(value: Any) -> Any:
    """A context as plain JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def from_json(kind: Any, value: Any) -> Any:
    """The inverse of `to_json` for the annotated type `kind`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if value is None:
        return None
    if origin in (types.UnionType, typing.Union):
        return from_json(next(argument for argument in arguments if argument is not type(None)), value)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(from_json(arguments[0], item) for item in value)
        return tuple(from_json(argument, item) for argument, item in zip(arguments, value, strict=True))
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{name: from_json(hints[name], item) for name, item in value.items()})  # type: ignore[operator]
    return date.fromisoformat(value) if kind is date else value


def _sign(finding: dict[str, Any]) -> Sign:
    evidence = finding.get("evidence") or {}
    chart = None
    if evidence.get("kind") == "distribution" and evidence.get("cuts"):
        chart = Distribution(
            tuple(evidence["scores"]), tuple(evidence["observed"]), tuple(evidence["expected"]), tuple(evidence["cuts"])
        )
    return Sign(
        title=finding["title"],
        sentence=finding["sentence"],
        paper=paper_title(finding["subject"], finding["grade"]),
        n=finding["n"],
        reference=finding["reference"],
        explains_away=finding["explains_away"],
        chart=chart,
    )


def _history(session: Session, case: Case) -> str:
    years = session.scalars(
        select(Flag.year).where(Flag.school_id == case.school_id, Flag.year < case.year).distinct().order_by(Flag.year)
    ).all()
    if not years:
        return "Ранее признаки у школы не отмечались."
    return f"Признаки отмечались и ранее: {', '.join(str(year) for year in years)}."
