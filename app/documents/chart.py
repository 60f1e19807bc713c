"""The distribution of primary scores: bars, the expected curve, the official cuts; rectangles and lines only."""

from __future__ import annotations

from itertools import pairwise

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from app.documents.context import Distribution
from app.documents.layout import ACCENT, INK, LINE, MUTED, REST, SANS, STANDS_OUT, set_pen, text_width

_FONT = 7.5
_LABEL_ROW = 11.0  # height of one row of cut labels, in points
_AXIS = 26.0  # below the bars: score labels and the axis title
_GUTTER = 24.0  # left of the bars: counts
_LEGEND = 15.0


class DistributionChart(Flowable):
    """One school's distribution as a flowable of fixed height.

    Labels of the cuts have rows of their own above the plot, so they never meet the number on a bar; labels that
    would overlap each other go to the next row.

    Parameters
    ----------
    distribution : Distribution
        What to draw.
    plot_height : float
        Height of the plot itself, in points.
    """

    def __init__(self, distribution: Distribution, plot_height: float = 94.0) -> None:
        super().__init__()
        self.distribution = distribution
        self.plot_height = plot_height
        self.width = 0.0

    def wrap(self, available_width: float, _available_height: float) -> tuple[float, float]:
        self.width = available_width
        self.rows = self._label_rows()
        n_rows = 1 + max((row for _, _, row in self.rows), default=0)
        self.height = _LEGEND + _AXIS + self.plot_height + n_rows * _LABEL_ROW + 2
        return self.width, self.height

    def draw(self) -> None:
        canvas: Canvas = self.canv
        canvas.saveState()
        step, top = _ticks(self._highest())
        self._grid(canvas, step, top)
        self._cuts(canvas)
        self._bars(canvas, top)
        self._curve(canvas, top)
        self._numbers(canvas, top)
        self._axis(canvas)
        self._legend(canvas)
        canvas.restoreState()

    # Geometry

    @property
    def _slot(self) -> float:
        return (self.width - _GUTTER) / len(self.distribution.scores)

    @property
    def _base(self) -> float:
        return _LEGEND + _AXIS

    def _left(self, index: float) -> float:
        return _GUTTER + index * self._slot

    def _y(self, count: float, top: float) -> float:
        # The upper tenth stays free for the number on the highest bar.
        return self._base + count / top * self.plot_height * 0.9

    def _highest(self) -> float:
        return max([1.0, *map(float, self.distribution.observed), *(self.distribution.expected or ())])

    def _cut_index(self, cut: int) -> int | None:
        scores = self.distribution.scores
        return scores.index(cut) if cut in scores else None

    def _label_rows(self) -> list[tuple[float, str, int]]:
        """Left edge, text and row of each cut's label, from left to right.

        A label that reaches over the line of a later cut stands a row above that line's top, so nothing crosses it.
        """
        placed: list[tuple[float, str, int]] = []
        for mark, cut in reversed(list(enumerate(self.distribution.cuts, start=3))):
            index = self._cut_index(cut)
            if index is None:
                continue
            text = f"с {cut} — «{mark}»"
            width = text_width(text, SANS + "-Bold", _FONT)
            x = min(self._left(index) + 3, self.width - width)
            row = max((1 + row for left, _, row in placed if left < x + width + 6), default=0)
            placed.insert(0, (x, text, row))
        return placed

    # Parts

    def _grid(self, canvas: Canvas, step: int, top: float) -> None:
        canvas.setFont(SANS, _FONT)
        for count in range(0, int(top) + 1, step):
            y = self._y(count, top)
            set_pen(canvas, MUTED if count == 0 else LINE, 0.5)
            canvas.line(_GUTTER, y, self.width, y)
            canvas.setFillColor(MUTED)
            canvas.drawRightString(_GUTTER - 5, y - 2.5, str(count))

    def _cuts(self, canvas: Canvas) -> None:
        canvas.setFont(SANS + "-Bold", _FONT)
        bottom_of_labels = self._base + self.plot_height + 2
        rows = iter(self.rows)
        for cut in self.distribution.cuts:
            index = self._cut_index(cut)
            if index is None:
                continue
            x, text, row = next(rows)
            y = bottom_of_labels + row * _LABEL_ROW
            set_pen(canvas, ACCENT, 0.8)
            canvas.line(self._left(index), self._base, self._left(index), y + 8)
            canvas.setFillColor(ACCENT)
            canvas.drawString(x, y + 2, text)

    def _bars(self, canvas: Canvas, top: float) -> None:
        gap = min(2.0, self._slot * 0.14)
        for index, (score, count) in enumerate(
            zip(self.distribution.scores, self.distribution.observed, strict=True),
        ):
            if count <= 0:
                continue
            canvas.setFillColor(STANDS_OUT if self.distribution.at_cut(score) else REST)
            height = self._y(count, top) - self._base
            canvas.rect(self._left(index) + gap, self._base, self._slot - 2 * gap, height, stroke=0, fill=1)

    def _curve(self, canvas: Canvas, top: float) -> None:
        if self.distribution.expected is None:
            return
        points = [(self._left(i + 0.5), self._y(value, top)) for i, value in enumerate(self.distribution.expected)]
        set_pen(canvas, INK, 1.1, (3.2, 2.2))
        for (x1, y1), (x2, y2) in pairwise(points):
            canvas.line(x1, y1, x2, y2)
        set_pen(canvas, INK, 0.5)

    def _numbers(self, canvas: Canvas, top: float) -> None:
        """Counts on the bars at the cuts, on a white ground where the expected curve passes."""
        canvas.setFont(SANS + "-Bold", _FONT)
        for index, (score, count) in enumerate(
            zip(self.distribution.scores, self.distribution.observed, strict=True),
        ):
            text = str(count)
            width = text_width(text, SANS + "-Bold", _FONT)
            if count <= 0 or not self.distribution.at_cut(score) or width > self._slot + 4:
                continue
            x, y = self._left(index + 0.5), self._y(count, top) + 2.5
            canvas.setFillGray(1)
            canvas.rect(x - width / 2 - 0.8, y - 1.2, width + 1.6, _FONT, stroke=0, fill=1)
            canvas.setFillColor(INK)
            canvas.drawCentredString(x, y, text)

    def _axis(self, canvas: Canvas) -> None:
        canvas.setFont(SANS, _FONT)
        canvas.setFillColor(MUTED)
        widest = text_width(str(self.distribution.scores[-1]), SANS, _FONT) + 6
        every = next(k for k in (1, 2, 5, 10, 20, 50, 1000) if k * self._slot >= widest)
        for index, score in enumerate(self.distribution.scores):
            if score % every == 0:
                canvas.drawCentredString(self._left(index + 0.5), self._base - 9, str(score))
        canvas.drawRightString(self.width, self._base - 20, "первичный балл")
        canvas.drawRightString(_GUTTER - 5, self._base + self.plot_height + 4, "работ")

    def _legend(self, canvas: Canvas) -> None:
        x, y = _GUTTER, 3.0
        canvas.setFont(SANS, 8)
        for colour, text in ((STANDS_OUT, "у границы отметки"), (REST, "остальные работы")):
            canvas.setFillColor(colour)
            canvas.rect(x, y - 0.5, 7, 7, stroke=0, fill=1)
            canvas.setFillColor(MUTED)
            canvas.drawString(x + 11, y, text)
            x += 11 + text_width(text, SANS, 8) + 14
        if self.distribution.expected is not None:
            set_pen(canvas, INK, 1.1, (3.2, 2.2))
            canvas.line(x, y + 2.8, x + 18, y + 2.8)
            canvas.drawString(x + 22, y, "ожидаемое при том же среднем балле")


def _ticks(highest: float) -> tuple[int, float]:
    """Step of the grid and the top of the scale: at most five round steps of 1, 2 or 5 times a power of ten."""
    step = 1
    while highest / step > 5:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step, float(-(-highest // step) * step)
