"""Detectors of signs of bias: pure functions, frames in, findings out.

`screen` runs all of `DETECTORS` on works and combines them into papers, schools and tiers. Nothing here knows of a
database, a web page or a setting; parameters come from ``app/data/detectors.toml`` unless given.
"""

from __future__ import annotations

from app.detectors import (
    boundary_push,
    class_similarity,
    contextual_mean,
    external_gap,
    federal,
    few_lowest,
    homogeneity,
    item_profile,
    journal_gap,
    landing_profile,
    protocol,
    recurrence,
    selective_absence,
    upper_tail,
    year_swing,
)
from app.detectors.base import Detector, PaperSpec, Screening
from app.detectors.params import Params, load_params
from app.detectors.screening import screen
from app.detectors.work_files import WorkFiles
from app.terms import Family

DETECTORS: tuple[Detector, ...] = (
    Detector(
        boundary_push.NAME,
        boundary_push.VERSION,
        Family.BOUNDARY,
        "Скопление у границ отметок",
        "Gathering at mark boundaries",
        "Не слишком ли много работ стоит на официальной границе отметки или сразу над ней?",
        ("score", "mark_from"),
        10,
    ),
    Detector(
        few_lowest.NAME,
        few_lowest.VERSION,
        Family.BOUNDARY,
        "Недостаток отметок «2»",
        "Too few lowest marks",
        "Не меньше ли отметок «2», чем следует из остальных баллов школы?",
        ("score", "mark_from"),
        10,
    ),
    Detector(
        contextual_mean.NAME,
        contextual_mean.VERSION,
        Family.LEVEL,
        "Средний балл с учётом контекста",
        "Mean given the context",
        "Не выше ли средний балл, чем можно ожидать по условиям и другим результатам школы?",
        ("score",),
        5,
    ),
    Detector(
        year_swing.NAME,
        year_swing.VERSION,
        Family.LEVEL,
        "Скачок между годами",
        "Swing between years",
        "Не подскочил ли результат тех же учеников по сравнению с прошлым годом, и не упал ли потом?",
        ("score", "previous"),
        10,
    ),
    Detector(
        external_gap.NAME,
        external_gap.VERSION,
        Family.LEVEL,
        "Расхождение с внешней оценкой",
        "Gap to an outside result",
        "Подтверждают ли средний балл ОГЭ, ЕГЭ, региональные работы или перепроверка?",
        ("score", "exams"),
        10,
    ),
    Detector(
        item_profile.NAME,
        item_profile.VERSION,
        Family.PATTERN,
        "Рисунок выполнения заданий",
        "Profile of items",
        "Не выполнены ли отдельные задания лучше, чем бывает у работ с такими же баллами?",
        ("score", "items"),
        10,
    ),
    Detector(
        landing_profile.NAME,
        landing_profile.VERSION,
        Family.PATTERN,
        "Рисунок работ у границ",
        "Profile of works at the cuts",
        "Не стоят ли в работах сразу над границей баллы там, где у таких работ их обычно нет?",
        ("score", "items", "mark_from"),
        10,
    ),
    Detector(
        class_similarity.NAME,
        class_similarity.VERSION,
        Family.PATTERN,
        "Сходство работ одного класса",
        "Likeness of works of a class",
        "Не слишком ли похожи друг на друга работы одного класса и варианта?",
        ("score", "items", "class"),
        10,
    ),
    Detector(
        homogeneity.NAME,
        homogeneity.VERSION,
        Family.PATTERN,
        "Однородность результатов",
        "Homogeneity of results",
        "Не слишком ли мал разброс баллов при таком среднем?",
        ("score",),
        10,
    ),
    Detector(
        upper_tail.NAME,
        upper_tail.VERSION,
        Family.PATTERN,
        "Много наивысших баллов",
        "Many top scores",
        "Не слишком ли много почти безупречных работ среди сильных?",
        ("score",),
        10,
    ),
    Detector(
        journal_gap.NAME,
        journal_gap.VERSION,
        Family.JOURNAL,
        "Расхождение с журналом",
        "Gap to the journal",
        "Как отметки за работу соотносятся с отметками в журнале?",
        ("score", "mark_from", "journal_mark"),
        10,
    ),
    Detector(
        selective_absence.NAME,
        selective_absence.VERSION,
        Family.ATTENDANCE,
        "Отсутствие слабых учеников",
        "Absence of weak pupils",
        "Не чаще ли обычного эту работу пропустили именно те, кто слабо написал другие?",
        ("score", "participant"),
        10,
    ),
    Detector(
        federal.NAME,
        federal.VERSION,
        Family.FEDERAL,
        "Федеральные маркеры",
        "Federal markers",
        "Какие из четырнадцати федеральных маркеров есть у школы?",
        ("score",),
        2,
    ),
    Detector(
        protocol.NAME,
        protocol.VERSION,
        Family.HYGIENE,
        "Порядок загрузки",
        "Order of the upload",
        "Нет ли странностей в самой загрузке: отсутствующих, повторов, итогов, которые не сходятся?",
        ("protocol",),
        1,
    ),
    Detector(
        recurrence.NAME,
        recurrence.VERSION,
        Family.HISTORY,
        "Повторение признаков",
        "Recurrence of signs",
        "Отмечалась ли школа в прошлые годы чаще, чем бывает случайно?",
        ("history",),
        1,
    ),
)
"""All detectors, in the order they are shown. The families "federal", "hygiene" and "history" are shown and never count
towards a tier."""

__all__ = ["DETECTORS", "Detector", "PaperSpec", "Params", "Screening", "WorkFiles", "load_params", "screen"]
