"""Canonical frames: which columns a frame has, what they mean and in what unit.

Frames are the contract between the pure engines: `app.ingest` makes them, `app.detectors` reads them. A frame here is a
pandas DataFrame with these column names; missing values are null.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    name: str
    kind: str  # "int", "float", "str", "bool"
    meaning: str
    required: bool = True


WORKS = (
    Column("year", "int", "календарный год процедуры"),
    Column("subject", "str", "код предмета: ru, ma, …"),
    Column("grade", "int", "класс работы (для осенних процедур меньше класса участника)"),
    Column("school", "str", "ключ школы: цифры логина (у ksh… — с приставкой)"),
    Column("class", "str", "класс с литерой, как в файле после чистки", required=False),
    Column("participant", "str", "код участника; не имя"),
    Column("variant", "str", "вариант", required=False),
    Column("journal_mark", "int", "отметка за предыдущий период, 2–5", required=False),
    Column("score", "int", "первичный балл, сумма баллов за задания"),
    Column("mark", "int", "отметка по официальной шкале, 2–5", required=False),
    Column("pupil_grade", "int", "класс, в котором учится участник", required=False),
    Column("municipality", "str", "код муниципалитета", required=False),
)
"""One row a work. Items follow as ``item_1 … item_k``, points; null: not attempted or not taught (counts as 0)."""

FINDINGS = (
    Column("school", "str", "цифры логина школы; пусто для находки о регионе"),
    Column("year", "int", "год процедуры"),
    Column("subject", "str", "код предмета"),
    Column("grade", "int", "класс работы"),
    Column("detector", "str", "имя проверки"),
    Column("family", "str", "семейство проверок"),
    Column("n", "int", "работ, на которых стоит вывод"),
    Column("statistic", "float", "статистика проверки"),
    Column("effect", "float", "величина отклонения в effect_unit"),
    Column("effect_unit", "str", "works, pupils, points, share, rho, ratio, times"),
    Column("effect_low", "float", "нижняя граница 95 % интервала"),
    Column("effect_high", "float", "верхняя граница 95 % интервала"),
    Column("p_value", "float", "p-значение"),
    Column("q_value", "float", "q-значение (Бенджамини — Хохберг) внутри работы и проверки"),
    Column("level", "str", "на сколько хватает числа работ: none, indicative, approximate, full"),
    Column("outcome", "str", "assessed или not_assessed"),
    Column("reason", "str", "почему не оценивалось"),
    Column("sentence", "str", "одно предложение по-русски"),
)

PAPER_SUMMARY = (
    Column("school", "str", "ключ школы: цифры логина (у ksh… — с приставкой)"),
    Column("year", "int", "год"),
    Column("subject", "str", "код предмета"),
    Column("grade", "int", "класс работы"),
    Column("n", "int", "работ"),
    Column("p_value", "float", "объединённое p по семействам"),
    Column("q_value", "float", "q внутри региона и года"),
)

SCHOOL_SUMMARY = (
    Column("school", "str", "ключ школы: цифры логина (у ksh… — с приставкой)"),
    Column("year", "int", "год"),
    Column("evidence", "float", "сила признаков: больше — сильнее"),
    Column("p_combined", "float", "объединённое p"),
    Column("q", "float", "q по школам региона и года"),
    Column("tier", "str", "none, watch, case, severe, too_small"),
    Column("families", "str", "семейства со знаками, через запятую"),
    Column(
        "resembles",
        "str",
        "на какой из известных способов больше всего похожи признаки; пусто, если признаков нет",
        required=False,
    ),
)

_ITEM = re.compile(r"^item_(\d+)$")


def item_columns(columns: object) -> list[str]:
    """Names of the item columns among `columns`, in the order of their numbers."""
    names = [str(name) for name in columns]  # type: ignore[attr-defined]
    return sorted((n for n in names if _ITEM.match(n)), key=lambda n: int(n.split("_")[1]))


def names(spec: tuple[Column, ...], *, required_only: bool = False) -> list[str]:
    return [column.name for column in spec if column.required or not required_only]
