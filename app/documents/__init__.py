"""Documents: a context goes in, PDF bytes come out. Nothing here knows the database or the web.

::

    context.py      everything each page says, one frozen dataclass per kind
    templates/      the Russian text of each kind
    typography.py   spaces, dashes, dates, quotation marks
    layout.py       fonts, styles, header, page numbers
    chart.py        the distribution of scores, drawn with rectangles
    render.py       template and context to bytes
"""

from __future__ import annotations

from dataclasses import dataclass

from app.documents.context import Agreed, Decisions, Distribution, InterviewProtocol, KeepWorks, Sign, SignsNotice
from app.documents.plans import ProgrammePaper, ProgrammeReport, Recommendations, SchoolRoadMap
from app.documents.render import Context, to_pdf
from app.terms import DocumentKind

__all__ = [
    "KINDS",
    "Agreed",
    "Decisions",
    "Distribution",
    "InterviewProtocol",
    "KeepWorks",
    "Kind",
    "Sign",
    "SignsNotice",
    "render",
]


@dataclass(frozen=True)
class Kind:
    """One kind of document: its title, template, what it needs to be told, and who signs it."""

    title: str
    template: str
    context: type[Context]
    signed_by: str


KINDS: dict[DocumentKind, Kind] = {
    DocumentKind.SIGNS_NOTICE: Kind(
        DocumentKind.SIGNS_NOTICE.ru, "signs_notice.j2", SignsNotice, "руководитель отдела образования"
    ),
    DocumentKind.INTERVIEW_PROTOCOL: Kind(
        DocumentKind.INTERVIEW_PROTOCOL.ru, "interview_protocol.j2", InterviewProtocol, "участники собеседования"
    ),
    DocumentKind.KEEP_WORKS: Kind(
        DocumentKind.KEEP_WORKS.ru, "keep_works.j2", KeepWorks, "руководитель отдела образования"
    ),
    DocumentKind.RECOMMENDATIONS: Kind(
        DocumentKind.RECOMMENDATIONS.ru, "recommendations.j2", Recommendations, "руководитель отдела образования"
    ),
    DocumentKind.SCHOOL_ROAD_MAP: Kind(
        DocumentKind.SCHOOL_ROAD_MAP.ru, "school_road_map.j2", SchoolRoadMap, "руководитель школы"
    ),
    DocumentKind.PROGRAMME: Kind(
        DocumentKind.PROGRAMME.ru, "programme.j2", ProgrammePaper, "руководитель отдела образования"
    ),
    DocumentKind.PROGRAMME_REPORT: Kind(
        DocumentKind.PROGRAMME_REPORT.ru, "programme_report.j2", ProgrammeReport, "руководитель отдела образования"
    ),
}


def render(kind: DocumentKind, context: Context) -> bytes:
    """Print one document.

    Parameters
    ----------
    kind : DocumentKind
        Which document.
    context : SignsNotice, InterviewProtocol or KeepWorks
        Everything it says; must be the dataclass that `KINDS` names for the kind.

    Returns
    -------
    bytes
        PDF, A4; byte-identical for equal contexts.

    Raises
    ------
    TypeError
        The context belongs to another kind.
    jinja2.UndefinedError
        A word of the template is missing from the context.
    """
    row = KINDS[kind]
    if not isinstance(context, row.context):
        raise TypeError(f"{kind}: нужен контекст {row.context.__name__}, дан {type(context).__name__}")
    return to_pdf(row.template, context)
