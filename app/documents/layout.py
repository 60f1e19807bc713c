"""The page: fonts, paragraph styles, running header, page numbers, signature lines."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

SERIF, SANS = "PTSerif", "PTSans"
PAGE = A4
LEFT, RIGHT, TOP, BOTTOM = 24 * mm, 18 * mm, 20 * mm, 20 * mm
TOP_FIRST = 16 * mm  # the first page has a letterhead instead of the running header
WIDTH = PAGE[0] - LEFT - RIGHT

INK = HexColor("#1b2430")
MUTED = HexColor("#5d6b7c")
LINE = HexColor("#cdd4dc")
TINT = HexColor("#f3f5f8")
ACCENT = HexColor("#1f5fbf")
STANDS_OUT = HexColor("#d9722b")
REST = HexColor("#b9c4d2")

_FACES = (("", "Regular"), ("-Bold", "Bold"), ("-Italic", "Italic"), ("-BoldItalic", "BoldItalic"))


@cache
def register_fonts() -> None:
    """Make PT Serif and PT Sans known to ReportLab, once per process."""
    for family, package, stem in (
        (SERIF, "fontpkg_pt_serif", "PT_Serif-Web"),
        (SANS, "fontpkg_pt_sans", "PT_Sans-Web"),
    ):
        folder = files(package) / "files"
        for suffix, face in _FACES:
            pdfmetrics.registerFont(TTFont(family + suffix, str(folder / f"{stem}-{face}.ttf")))
        names = [family + suffix for suffix, _ in _FACES]
        pdfmetrics.registerFontFamily(family, *names)


def _style(name: str, font: str = SERIF, size: float = 10.5, leading: float = 14.6, **more: Any) -> ParagraphStyle:
    base: dict[str, Any] = {"textColor": INK, "alignment": TA_LEFT, "allowWidows": 0, "allowOrphans": 0}
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=leading, **(base | more))


STYLES: dict[str, ParagraphStyle] = {
    style.name: style
    for style in (
        _style("org", SANS + "-Bold", 11.5, 14.5),
        _style("requisites", SANS, 10, 13.5),
        _style("addressee", SERIF, 10.5, 14),
        _style("title", SANS + "-Bold", 17, 21.5, spaceBefore=2, spaceAfter=4),
        _style("subtitle", SANS, 10, 13.5, textColor=MUTED, spaceAfter=9),
        _style("h2", SANS + "-Bold", 12, 15.5, spaceBefore=13, spaceAfter=4),
        _style("h3", SANS + "-Bold", 10.5, 14, spaceAfter=3),
        _style("p", spaceAfter=5),
        _style("item", spaceAfter=2.5, leftIndent=16, bulletIndent=0, bulletFontName=SERIF, bulletFontSize=10.5),
        _style("note", SERIF, 10, 14),
        _style("label", SANS, 9.5, 13, textColor=MUTED),
        _style("value", SANS, 9.5, 13),
        _style("number", SANS, 9.5, 13, alignment=TA_RIGHT),
        _style("th", SANS + "-Bold", 8.5, 11.5, textColor=MUTED),
        _style("th-number", SANS + "-Bold", 8.5, 11.5, textColor=MUTED, alignment=TA_RIGHT),
        _style("fine", SANS, 8, 11, textColor=MUTED, spaceBefore=8),
        _style("sign-post", SERIF, 10.5, 12.5),
        _style("hint", SANS, 7, 9, textColor=MUTED, alignment=TA_CENTER),
    )
}


def page_canvas(running: str, footer: str) -> type[Canvas]:
    """Canvas class that knows how many pages there are, since «Стр. 1 из 2» needs the end before the beginning.

    `running` is repeated at the top of every page but the first, which has the letterhead; `footer` on all.
    """

    class PageCanvas(Canvas):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 — the name ReportLab calls
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                _furniture(self, number, len(self._pages), running, footer)
                super().showPage()
            super().save()

    return PageCanvas


def _furniture(canvas: Canvas, number: int, total: int, running: str, footer: str) -> None:
    canvas.saveState()
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.6)
    canvas.setFont(SANS, 8)
    canvas.setFillColor(MUTED)
    right = PAGE[0] - RIGHT
    if number > 1:
        y = PAGE[1] - 13 * mm
        canvas.drawString(LEFT, y, fit(running, SANS, 8, WIDTH))
        canvas.line(LEFT, y - 4, right, y - 4)
    y = 12 * mm
    page = f"Стр. {number} из {total}".replace(" ", "\u00a0")
    canvas.line(LEFT, y + 12, right, y + 12)
    canvas.drawRightString(right, y, page)
    canvas.drawString(LEFT, y, fit(footer, SANS, 8, WIDTH - 25 * mm))
    canvas.restoreState()


def fit(text: str, font: str, size: float, width: float) -> str:
    """`text`, or its beginning with an ellipsis when it is wider than `width` points."""
    if pdfmetrics.stringWidth(text, font, size) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if pdfmetrics.stringWidth(text[:middle].rstrip() + "…", font, size) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def text_width(text: str, font: str, size: float) -> float:
    """Width of a line in points."""
    return float(pdfmetrics.stringWidth(text, font, size))


def set_pen(canvas: Canvas, colour: Color, width: float, dash: tuple[float, ...] = ()) -> None:
    canvas.setStrokeColor(colour)
    canvas.setLineWidth(width)
    canvas.setDash(list(dash))
