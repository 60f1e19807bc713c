"""One Russian sentence a finding: numbers and an interval for a head of school, never a verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

NBSP = "\u00a0"
_KEPT = 4_096
"""A region asks for the same few numbers of works again and again."""


def whole(value: float) -> str:
    """Whole number with non-breaking spaces between thousands."""
    number = round(value)
    if 0 <= number < 1000:
        return str(number)
    return f"{number:,}".replace(",", NBSP).replace("-", "−")


def decimal(value: float, digits: int = 1) -> str:
    """Decimal number with a comma."""
    text = f"{value:.{digits}f}".replace(".", ",")
    return text.replace("-", "−") if value < 0 else text


def percent(share: float) -> str:
    """Share as whole percent, without the sign."""
    return str(round(100 * share))


def plural(n: float, one: str, few: str, many: str) -> str:
    """Form of a Russian noun after a whole number."""
    tail = abs(round(n)) % 100
    if 11 <= tail <= 14:
        return many
    return {1: one, 2: few, 3: few, 4: few}.get(tail % 10, many)


@lru_cache(_KEPT)
def works(n: float) -> str:
    """``131 работа`` with the right ending."""
    return f"{whole(n)}{NBSP}{plural(n, 'работа', 'работы', 'работ')}"


@lru_cache(_KEPT)
def out_of_works(n: float) -> str:
    """``из 131 работы``: after a preposition."""
    return f"из{NBSP}{whole(n)}{NBSP}{plural(n, 'работы', 'работ', 'работ')}"


def boundary(at_cuts: float, n: float, expected: float, deviation: float, usual: float | None) -> str:
    """Works at the cuts; `usual` is what the region's habit would give, where the region gathers at cuts as a whole."""
    low, high = max(0.0, expected - 1.96 * deviation), min(n, expected + 1.96 * deviation)
    interval = f"(95{NBSP}%{NBSP}ДИ {whole(low)}–{whole(high)})"
    if usual is None:
        return (
            f"У границ отметок — {works(at_cuts)} из{NBSP}{whole(n)}; в школах с таким же средним ожидалось бы "
            f"{whole(expected)} {interval}."
        )
    return (
        f"У границ отметок — {works(at_cuts)} из{NBSP}{whole(n)}; при плавном распределении с тем же средним "
        f"ожидалось бы {whole(expected)} {interval}, в школах региона с таким же средним — {whole(usual)}."
    )


def lowest(observed: float, n: float, expected: float, half: float) -> str:
    low, high = max(0.0, expected - half), min(n, expected + half)
    return (
        f"Отметка «2» — {whole(observed)} {out_of_works(n)}; в школах с таким же средним ожидалось бы "
        f"{whole(expected)} (95{NBSP}%{NBSP}ДИ {whole(low)}–{whole(high)})."
    )


def region_boundary(observed: float, expected: float, low: float, high: float, worst: dict | None, mark: int) -> str:
    text = (
        f"По региону у границ отметок — {works(observed)}; при плавном распределении ожидалось бы "
        f"{whole(expected)} (95{NBSP}%{NBSP}ДИ {whole(low)}–{whole(high)})"
    )
    if worst is None:
        return f"{text}."
    return (
        f"{text}; дальше всего от ожидания граница отметки «{mark}»: "
        f"{whole(worst['observed'])} вместо {whole(worst['expected'])}."
    )


def mean(observed: float, top: int, n: float, expected: float, low: float, high: float, by_history: bool) -> str:
    source = "по контексту, прошлому году и другим работам школы" if by_history else "по контексту школы"
    return (
        f"Средний балл {decimal(observed)} из{NBSP}{top} ({works(n)}); {source} ожидалось бы {decimal(expected)} "
        f"(95{NBSP}%{NBSP}ДИ {decimal(low)}–{decimal(high)})."
    )


def journal(part: str, share: float, n: float, expected: float, half: float) -> str:
    low, high = max(0.0, expected - half), min(1.0, expected + half)
    tail = f"{percent(expected)}{NBSP}% (95{NBSP}%{NBSP}ДИ {percent(low)}–{percent(high)}{NBSP}%)."
    head = f"у{NBSP}{percent(share)}{NBSP}% {out_of_works(n)}"
    if part == "copied":
        return (
            f"Отметка за работу совпала с журнальной {head}; при тех же баллах и отметках журнала ожидалось бы {tail}"
        )
    side = "выше" if part == "raised" else "ниже"
    return f"Отметка за работу {side} журнальной {head}; при таких же отметках журнала ожидалось бы {tail}"


def profile(part: str, items: list[int], n: float, share: float, expected: float, half: float) -> str:
    """Completion of the items that decided; `items` are numbers from one."""
    low, high = max(0.0, expected - half), min(1.0, expected + half)
    listed = ", ".join(str(item) for item in items)
    head = {
        "hard": f"Трудные задания ({listed}) выполнены" if len(items) > 1 else f"Трудное задание {listed} выполнено",
        "open": f"Задания на два балла и больше ({listed}) выполнены"
        if len(items) > 1
        else f"Задание {listed} (два балла и больше) выполнено",
    }.get(part, f"Задание {listed} выполнено")
    return (
        f"{head} на{NBSP}{percent(share)}{NBSP}% ({works(n)}); у работ с такими же баллами ожидалось бы "
        f"{percent(expected)}{NBSP}% (95{NBSP}%{NBSP}ДИ {percent(low)}–{percent(high)}{NBSP}%)."
    )


def landing(landed: float, share: float, expected: float, half: float) -> str:
    """Completion of the harder half of the items by works at the cuts."""
    low, high = max(0.0, expected - half), min(1.0, expected + half)
    return (
        f"На границах отметок и чуть выше них — {works(landed)}; трудная половина заданий выполнена в{NBSP}них на{NBSP}"
        f"{percent(share)}{NBSP}%, у работ с такими же баллами ожидалось бы {percent(expected)}{NBSP}% "
        f"(95{NBSP}%{NBSP}ДИ {percent(low)}–{percent(high)}{NBSP}%)."
    )


def similarity(name: str, works_in_class: float, pairs: float, close: float, expected: float, half: float) -> str:
    """Close pairs of works in the most alike class."""
    low, high = max(0.0, expected - half), min(pairs, expected + half)
    return (
        f"В{NBSP}классе {name} ({works(works_in_class)}) очень похожи ответы в{NBSP}{whole(close)} "
        f"{plural(close, 'паре', 'парах', 'парах')} работ одного варианта из{NBSP}{whole(pairs)}; у{NBSP}работ разных "
        f"классов с такими же баллами ожидалось бы {whole(expected)} (95{NBSP}%{NBSP}ДИ {whole(low)}–{whole(high)})."
    )


def absence(absent: float, weak: float, expected: float, half: float) -> str:
    """Weak pupils among those who sat other papers and not this one."""
    low, high = max(0.0, expected - half), min(max(absent, expected), expected + half)
    return (
        f"Эту работу не писали {whole(absent)} из писавших другие работы того же класса; слабых (нижняя четверть "
        f"региона по другим работам) среди них {whole(weak)}, при обычной для этой школы явке ожидалось бы "
        f"{whole(expected)} (95{NBSP}%{NBSP}ДИ {whole(low)}–{whole(high)})."
    )


def spread(observed: float, n: float, expected: float, low: float, high: float) -> str:
    """Standard deviation of scores against that of schools with the same mean."""
    return (
        f"Разброс баллов (стандартное отклонение) — {decimal(observed)} ({works(n)}); в школах с таким же средним "
        f"ожидалось бы {decimal(expected)} (95{NBSP}%{NBSP}ДИ {decimal(low)}–{decimal(high)})."
    )


def tail(top: float, good: float, middle: int, high: int, expected: float, low: float, upper: float) -> str:
    """Top scores among the good works."""
    return (
        f"Из{NBSP}{whole(good)} {plural(good, 'сильной работы', 'сильных работ', 'сильных работ')} (от{NBSP}{middle} "
        f"баллов) {whole(top)} — с{NBSP}наивысшими баллами (от{NBSP}{high}), это {percent(top / max(good, 1))}{NBSP}%; "
        f"в школах с таким же средним ожидалось бы {percent(expected)}{NBSP}% (95{NBSP}%{NBSP}ДИ "
        f"{percent(low)}–{percent(upper)}{NBSP}%)."
    )


def swing(last_year: int, last: float, now: float, n: float, expected: float, low: float, high: float) -> str:
    """Means of one cohort in two years, as shares of the maximum."""
    return (
        f"Эти же ученики в{NBSP}{last_year}{NBSP}году набрали в среднем {percent(last)}{NBSP}% баллов, теперь — "
        f"{percent(now)}{NBSP}% ({works(n)}); по прошлому году ожидалось бы {percent(expected)}{NBSP}% "
        f"(95{NBSP}%{NBSP}ДИ {percent(low)}–{percent(high)}{NBSP}%)."
    )


def swing_before(year: int, is_jump: bool) -> str:
    """What the year before the last adds: a jump and the fall after it."""
    return f" Перед этим, в{NBSP}{year}{NBSP}году, был скачок вверх, затем спад." if is_jump else ""


def gap(mean_score: float, n: float, mark: float, leavers: float, expected: float, low: float, high: float) -> str:
    """Mean of the paper against what the outside result predicts."""
    return (
        f"Средний балл {decimal(mean_score)} ({works(n)}); по внешней оценке (средний результат {decimal(mark, 2)}, "
        f"участников {whole(leavers)}) ожидалось бы {decimal(expected)} "
        f"(95{NBSP}%{NBSP}ДИ {decimal(low)}–{decimal(high)})."
    )


GAP_CLEARS = " Внешняя оценка подтверждает высокий уровень школы: средний балл признаком не считается."

_PROTOCOL = {
    "absent": "не писали работу",
    "fewer_works": "нет работ, которые есть по другому предмету",
    "late": "загружено позже",
    "total_mismatch": "итог не равен сумме баллов",
    "out_of_range": "невозможные значения",
    "duplicates": "повторяется код участника",
    "one_variant": "у всех один вариант",
}


def protocol(facts: Iterable[tuple[str, float, float, float]], checked: int) -> str:
    """Odd facts of an upload: name, count, out of how many, usual share (NaN where there is none)."""
    parts = []
    for name, count, of, usual in facts:
        if name == "late":
            parts.append(f"{_PROTOCOL[name]} на{NBSP}{decimal(count)}{NBSP}{plural(count, 'день', 'дня', 'дней')}")
        elif math.isnan(usual):
            parts.append(f"{_PROTOCOL[name]} — {whole(count)} {out_of_works(of)}")
        else:
            parts.append(
                f"{_PROTOCOL[name]} — {whole(count)} из{NBSP}{whole(of)} ({percent(count / max(of, 1))}{NBSP}%, обычно "
                f"{percent(usual)}{NBSP}%)"
            )
    if not parts:
        return f"Странностей в загрузке нет (проверено признаков: {checked})."
    return "Порядок загрузки: " + "; ".join(parts) + "."


def recurrence(count: float, periods: int, expected: float, high: float, federal: float, years: int) -> str:
    """Earlier marks of a school against chance."""
    listed = (
        f" В{NBSP}федеральном списке — {whole(federal)} {plural(federal, 'год', 'года', 'лет')} из{NBSP}{years}."
        if federal
        else ""
    )
    return (
        f"Школа отмечена {whole(count)} {plural(count, 'раз', 'раза', 'раз')} в{NBSP}{periods} "
        f"{plural(periods, 'списке или проверке', 'списках и проверках', 'списках и проверках')} прошлых лет; случайно "
        f"ожидалось бы {decimal(expected)} (95{NBSP}%{NBSP}ДИ 0–{whole(high)}).{listed}"
    )


FEDERAL_FIGURES = {
    "mean": ("low", "region_high"),
    "oge": ("low", "region_high"),
    "journal": ("rho",),
    "rise": ("k",),
    "fall": ("k",),
}
"""Figures that the sentence names, by marker."""

_FEDERAL_TITLES = {
    "mean": "завышенное среднее",
    "oge": "завышенное среднее ОГЭ",
    "journal": "противоречие с журналом",
    "rise": "резкий рост",
    "fall": "резкое падение",
}


def federal(parts: Iterable[str]) -> str:
    return "Федеральные маркеры: " + "; ".join(parts) + "."


def federal_part(name: str, assessed: bool, present: bool, reason: str, figures: list[float]) -> str:
    """One marker inside the sentence; `figures` in the order of `FEDERAL_FIGURES`."""
    title = _FEDERAL_TITLES[name]
    if not assessed:
        return f"{title} — не оценивалось ({reason})"
    answer = "есть" if present else "нет"
    if name in ("mean", "oge"):
        digits = 2 if name == "oge" else 1
        low, upper = (decimal(figure, digits) for figure in figures)
        return f"{title} — {answer} (нижняя граница {low}, верхняя по региону {upper})"
    letter = "ρ" if name == "journal" else "K"
    return f"{title} — {answer} ({letter}{NBSP}={NBSP}{decimal(figures[0], 2)})"


@lru_cache(_KEPT)
def not_assessed(reason: str) -> str:
    return f"Не оценивалось: {reason}."


@lru_cache(_KEPT)
def too_few(n: float, smallest: int) -> str:
    return f"{works(n)}, нужно не меньше {smallest}" if not math.isnan(n) else f"нужно не меньше {smallest} работ"
