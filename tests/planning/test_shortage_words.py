"""The sentence of a shortage reads as people say it, in both languages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.planning.shortage_words import shortage_reason
from app.terms import SUBJECTS_BY, Duty, Subject

MAY = date(2025, 5, 12)
WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("duty", "subject", "people", "weeks", "ru", "en"),
    [
        (
            Duty.EXPERT, "ma", 2, (MAY,),
            "Не хватает 2 экспертов по математике на неделе 12 мая.",
            "2 experts in mathematics are missing in the week of 12 May.",
        ),
        (
            Duty.EXPERT, "ru", 1, (MAY, MAY + WEEK, MAY + 2 * WEEK),
            "Не хватает 1 эксперта по русскому языку на неделях 12, 19 и 26 мая.",
            "1 expert in Russian is missing in the weeks of 12, 19 and 26 May.",
        ),
        (
            Duty.OBSERVER, None, 21, (MAY + 2 * WEEK, MAY + 3 * WEEK),
            "Не хватает 21 наблюдателя на неделях 26 мая и 2 июня.",
            "21 observers are missing in the weeks of 26 May and 2 June.",
        ),
        (Duty.CURATOR, None, 11, (), "Не хватает 11 кураторов.", "11 curators are missing."),
    ],
)  # fmt: skip
def test_number_subject_and_weeks_agree(
    duty: Duty, subject: str | None, people: int, weeks: tuple[date, ...], ru: str, en: str
):
    reason = shortage_reason(duty, subject, people, weeks, 3, 0, ())

    assert reason.ru.startswith(f"{ru} ")
    assert reason.en.startswith(f"{en} ")


def test_what_to_do_fits_what_is_wrong():
    full = shortage_reason(Duty.CURATOR, None, 1, (), 2, 4, (("own_school", 1),))
    nobody = shortage_reason(Duty.EXPERT, "hi", 1, (MAY,), 1, 0, (("subject", 3),))

    assert full.ru.endswith("Добавьте людей или поднимите предел нагрузки.")
    assert nobody.ru.endswith("Остальным мешает: другой предмет — 3. Добавьте людей или расширьте срок.")


def test_every_subject_has_its_dative():
    assert set(SUBJECTS_BY) == set(Subject)
