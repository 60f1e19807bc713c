"""Template and context to PDF bytes. A word the context does not know is an error; values never become markup."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import jinja2
from defusedxml.ElementTree import fromstring
from markupsafe import Markup
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from app.documents import layout
from app.documents.chart import DistributionChart
from app.documents.context import InterviewProtocol, KeepWorks, SignsNotice
from app.documents.plans import ProgrammePaper, ProgrammeReport, Recommendations, SchoolRoadMap
from app.documents.typography import clean, plural, quotes, russian_date, typeset

Context = (
    SignsNotice | InterviewProtocol | KeepWorks | ProgrammePaper | ProgrammeReport | Recommendations | SchoolRoadMap
)
TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> jinja2.Environment:
    """Jinja over the document templates: autoescape, and no undefined or empty value passes silently."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_said,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["day"] = lambda value: russian_date(_said(value))
    env.filters["quotes"] = lambda value: quotes(_said(value))
    env.filters["plural"] = plural
    env.filters["paragraphs"] = lambda text: [line for line in text.splitlines() if line.strip()]
    return env


def _said(value: Any) -> Any:
    """`value` when it says something; markup of the template itself keeps its type."""
    if value is None:
        raise jinja2.UndefinedError("в документ попало пустое значение (None)")
    return type(value)(clean(value)) if type(value) in {str, Markup} else value


def to_pdf(template: str, context: Context) -> bytes:
    """Render one template with one context.

    Parameters
    ----------
    template : str
        File name below ``templates``.
    context : SignsNotice, InterviewProtocol or KeepWorks
        Everything the page says.

    Returns
    -------
    bytes
        PDF; the same context gives the same bytes.

    Raises
    ------
    jinja2.UndefinedError
        The template names a word the context does not have, or the word is None.
    """
    layout.register_fonts()
    words = {field.name: getattr(context, field.name) for field in fields(context)}
    root = fromstring(environment().get_template(template).render(words))
    buffer = BytesIO()
    document = BaseDocTemplate(
        buffer,
        pagesize=layout.PAGE,
        leftMargin=layout.LEFT,
        rightMargin=layout.RIGHT,
        topMargin=layout.TOP,
        bottomMargin=layout.BOTTOM,
        title=root.get("title", ""),
        author=root.get("author", ""),
        subject=root.get("subject", ""),
        creator="Объектив",
        lang="ru-RU",
        invariant=1,
    )
    document.addPageTemplates(
        [
            PageTemplate("first", [_frame(layout.TOP_FIRST)], autoNextPageTemplate="next"),
            PageTemplate("next", [_frame(layout.TOP)]),
        ]
    )
    running, footer = typeset(root.get("running", "")), typeset(root.get("footer", ""))
    story = [flowable for element in root for flowable in _flowables(element, context)]
    document.build(story, canvasmaker=layout.page_canvas(running, footer))
    return buffer.getvalue()


def _frame(top: float) -> Frame:
    height = layout.PAGE[1] - top - layout.BOTTOM
    return Frame(layout.LEFT, layout.BOTTOM, layout.WIDTH, height, 0, 0, 0, 0)


def paragraph(content: Element | str, style: str, bullet: str | None = None) -> Paragraph:
    """The only place where text becomes a ReportLab paragraph: every piece of it is escaped here."""
    source = escape(typeset(content)) if isinstance(content, str) else _inline(content).strip()
    return Paragraph(source, layout.STYLES[style], bulletText=bullet)


def _inline(element: Element) -> str:
    parts = [escape(typeset(element.text or ""))]
    for child in element:
        if child.tag not in {"b", "i", "br"}:
            raise ValueError(f"в строке документа неизвестная разметка <{child.tag}>")
        inner = _inline(child)
        parts.append("<br/>" if child.tag == "br" else f"<{child.tag}>{inner}</{child.tag}>")
        parts.append(escape(typeset(child.tail or "")))
    return "".join(parts)


def _flowables(element: Element, context: Context) -> list[Flowable]:
    match element.tag:
        case "letterhead":
            return _letterhead(element)
        case "h2":
            return [CondPageBreak(26 * mm), paragraph(element, "h2")]
        case "title" | "subtitle" | "h3" | "p" | "fine":
            return [paragraph(element, element.tag)]
        case "list":
            numbered = element.get("numbered") is not None
            return [paragraph(item, "item", f"{i}." if numbered else "—") for i, item in enumerate(element, start=1)]
        case "note":
            return [_note(element), Spacer(0, 6)]
        case "facts":
            return [_facts(element), Spacer(0, 5)]
        case "table":
            return [_table(element), Spacer(0, 5)]
        case "together":
            inner = [flowable for child in element for flowable in _flowables(child, context)]
            return [KeepTogether(inner), Spacer(0, float(element.get("after", "0")))]
        case "chart":
            assert isinstance(context, SignsNotice)
            chart = context.signs[int(element.get("sign", ""))].chart
            assert chart is not None
            return [Spacer(0, 3), DistributionChart(chart), Spacer(0, 4)]
        case "space":
            return [Spacer(0, float(element.get("points", "6")))]
        case "signatures":
            return _signatures(element)
    raise ValueError(f"в шаблоне документа неизвестный блок <{element.tag}>")


_ALL = ((0, 0), (-1, -1))
_PLAIN = [("VALIGN", *_ALL, "TOP"), ("LEFTPADDING", *_ALL, 0), ("RIGHTPADDING", *_ALL, 0)]


def _letterhead(element: Element) -> list[Flowable]:
    parts = {child.tag: child for child in element}
    organisation = paragraph(parts["organisation"], "org")
    rule = Table([[""]], colWidths=[layout.WIDTH], rowHeights=[7])
    rule.setStyle(TableStyle([("LINEABOVE", (0, 0), (-1, 0), 1.4, layout.ACCENT)]))
    left = [paragraph(line, "requisites") for line in parts["requisites"]]
    right = [paragraph(line, "addressee") for line in parts["addressee"]]
    columns = Table([[left, right]], colWidths=[layout.WIDTH * 0.42, layout.WIDTH * 0.58])
    columns.setStyle(TableStyle(_PLAIN))
    return [organisation, Spacer(0, 5), rule, columns, Spacer(0, 12)]


def _note(element: Element) -> Table:
    box = Table([[[paragraph(child, "note") for child in element]]], colWidths=[layout.WIDTH])
    box.setStyle(
        TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), layout.TINT),
                ("LINEBEFORE", (0, 0), (0, -1), 2.2, layout.ACCENT),
                ("LEFTPADDING", (0, 0), (-1, -1), 10),
                ("RIGHTPADDING", (0, 0), (-1, -1), 10),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ]
        )
    )
    return box


def _facts(element: Element) -> Table:
    rows = [[paragraph(fact.get("label", ""), "label"), paragraph(fact, "value")] for fact in element]
    table = Table(rows, colWidths=[38 * mm, layout.WIDTH - 38 * mm])
    table.setStyle(TableStyle([*_PLAIN, ("TOPPADDING", *_ALL, 1.2), ("BOTTOMPADDING", *_ALL, 1.2)]))
    return table


def _table(element: Element) -> Table:
    head = element.find("head")
    assert head is not None
    shares = [float(cell.get("share", "1")) for cell in head]
    numeric = [cell.get("numeric") is not None for cell in head]
    rows: list[list[Paragraph]] = [
        [paragraph(cell, "th-number" if is_number else "th") for cell, is_number in zip(head, numeric, strict=True)]
    ]
    for row in element.findall("row"):
        rows.append([paragraph(c, "number" if is_n else "value") for c, is_n in zip(row, numeric, strict=True)])
    table = Table(rows, colWidths=[layout.WIDTH * share / sum(shares) for share in shares], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.9, layout.MUTED),
                ("LINEBELOW", (0, 1), (-1, -1), 0.5, layout.LINE),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("LEFTPADDING", (1, 0), (-1, -1), 6),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def _signatures(element: Element) -> list[Flowable]:
    """One line per person: post, a ruled space to sign in, the name; a block is never torn between pages."""
    widths = [layout.WIDTH * 0.44, layout.WIDTH * 0.24, layout.WIDTH * 0.32]
    out: list[Flowable] = []
    for person in element:
        table = Table(
            [
                [paragraph(person.get("post", ""), "sign-post"), "", paragraph(person.get("name", ""), "sign-post")],
                ["", paragraph("подпись", "hint"), ""],
            ],
            colWidths=widths,
        )
        table.setStyle(
            TableStyle(
                [
                    ("NOSPLIT", (0, 0), (-1, -1)),
                    ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
                    ("LINEBELOW", (1, 0), (1, 0), 0.6, layout.INK),
                    ("LEFTPADDING", (0, 0), (0, -1), 0),
                    ("LEFTPADDING", (2, 0), (2, -1), 10),
                    ("TOPPADDING", (0, 0), (-1, 0), 12),
                    ("BOTTOMPADDING", (0, 0), (-1, 0), 0),
                    ("TOPPADDING", (0, 1), (-1, 1), 0),
                    ("BOTTOMPADDING", (0, 1), (-1, 1), 0),
                ]
            )
        )
        out.append(table)
    return out
