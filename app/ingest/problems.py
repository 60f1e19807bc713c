"""What is wrong with one cell, row or column, said to the person who can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

Severity = Literal["rejected", "doubtful", "note"]

REJECTED: Final = "rejected"
DOUBTFUL: Final = "doubtful"
NOTE: Final = "note"

VALUE_LIMIT = 120
"""Longest value repeated in a problem, in characters."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file.

    `row` is Excel's row number, from 1; `column` the header's text; both are None where the problem is wider than that.
    `severity`: "rejected" — the row is not taken; "doubtful" — the row is taken and something in it was set aside;
    "note" — for information.
    """

    sheet: str
    row: int | None
    column: str | None
    value: str | None
    code: str
    message: str
    severity: Severity

    def to_json(self) -> dict[str, Any]:
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "code": self.code,
            "message": self.message,
            "severity": self.severity,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Problem:
        return cls(**data)


CODES: dict[str, tuple[Severity, str]] = {
    # identity of a row
    "login_malformed": (REJECTED, "Логин школы не распознан (нужны sch или edu и 6–8 цифр): исправьте логин в файле"),
    "participant_missing": (REJECTED, "Нет кода участника: впишите код из протокола школы"),
    "participant_malformed": (REJECTED, "Код участника должен состоять из цифр: исправьте код"),
    "duplicate_row": (REJECTED, "Строка повторяет строку {first}: учтена один раз"),
    "duplicate_conflict": (
        REJECTED,
        "Та же запись уже есть в строке {first}, но с другими данными: учтена первая; проверьте обе строки",
    ),
    "duplicate_kept": (
        DOUBTFUL,
        "Запись повторена ниже с другими данными (строка {other}): учтена эта строка; проверьте обе",
    ),
    "other_paper": (REJECTED, "Строка относится к другой работе ({other}): загрузите её отдельным файлом"),
    # whole works
    "work_empty": (REJECTED, "Нет ни баллов за задания, ни итога, ни отметки об отсутствии: заполните строку"),
    "part_missing": (
        REJECTED,
        "Выполнена только одна из двух частей работы: балл нельзя сравнить со шкалой, работа не учитывается",
    ),
    "absent_scored": (
        DOUBTFUL,
        "Участник отмечен отсутствовавшим, но баллы проставлены: строка посчитана как отсутствие",
    ),
    "item_above_max": (
        REJECTED,
        "Балл больше наибольшего за задание ({max}): работа не учитывается; возможно, заполнена форма другой работы",
    ),
    "total_above_max": (
        REJECTED,
        "Итог больше наибольшего балла работы ({max}), баллов за задания нет: исправьте итог",
    ),
    "score_above_max": (
        REJECTED,
        "Сумма баллов больше наибольшего балла работы ({max}): проверьте, та ли форма заполнена",
    ),
    # cells of a work
    "item_unreadable": (DOUBTFUL, "Значение не является баллом: засчитано как 0; впишите балл, X или «Не пройд.»"),
    "item_blank": (DOUBTFUL, "Балл за задание не вписан: засчитано как 0; впишите балл, X или «Не пройд.»"),
    "item_column_blank": (NOTE, "За задание нет баллов ни у одной работы: балл работы взят из итога"),
    "items_missing": (DOUBTFUL, "Баллов за задания нет: взят итог; проверки по заданиям эту работу не увидят"),
    "total_differs": (DOUBTFUL, "Итог не равен сумме баллов за задания ({sum}): взята сумма; сверьте с работой"),
    "total_missing": (DOUBTFUL, "Итог не проставлен: взята сумма баллов за задания ({sum})"),
    "total_unreadable": (DOUBTFUL, "Итог не читается как число: взята сумма баллов за задания ({sum})"),
    "extra_values": (
        DOUBTFUL,
        "Правее последнего задания стоят ещё значения — похоже на форму другой работы: учтены только задания "
        "этой; сверьте",
    ),
    "variant_unknown": (DOUBTFUL, "Вариант не указан или не существует: впишите номер варианта"),
    "journal_mark_none": (NOTE, "Отметки в журнале нет: в сравнение с журналом работа не войдёт"),
    "journal_mark_unreadable": (
        DOUBTFUL,
        "Отметка в журнале не читается (нужны 2, 3, 4, 5 или «нет отметки»): не учтена",
    ),
    "textbook_shifted": (
        NOTE,
        "Правее столбцов выгрузки стоит ещё текст, обычно учебник (строк: {count}): на баллы это не влияет",
    ),
    "grade_doubtful": (DOUBTFUL, "Первая цифра кода не подходит к классу работы: класс участника взят по остальным"),
    # schools
    "municipality_missing": (DOUBTFUL, "Муниципалитет не указан: школу отнесут по справочнику"),
    "municipality_differs": (NOTE, "Школа записана в двух муниципалитетах ({other}): взят первый"),
    # whole file
    "scale_unknown": (NOTE, "Шкалы работы {paper} нет в справочнике: отметки не пересчитаны; добавьте шкалу"),
    "scale_unverified": (NOTE, "Шкала работы {paper} не подтверждена официальным описанием: проверьте границы отметок"),
    "items_unknown": (NOTE, "Наибольшие баллы за задания работы {paper} неизвестны: превышения не проверялись"),
    "max_differs": (
        DOUBTFUL,
        "Сумма наибольших баллов в заголовках ({sum}) не равна официальной ({max}): отметки не пересчитаны",
    ),
    "column_missing": (NOTE, "В файле нет столбца «{what}»: эти сведения останутся пустыми"),
    "sheet_ignored": (NOTE, "Лист не похож на данные выгрузки и не читался"),
    # context form
    "personal_dropped": (NOTE, "Столбец с личными данными не загружен: такие сведения не хранятся"),
    "answer_unreadable": (DOUBTFUL, "Ответ не распознан: оставлен пустым; выберите ответ из списка формы"),
    "number_unreadable": (DOUBTFUL, "Нужно целое число не меньше нуля: значение оставлено пустым"),
    "context_contradiction": (DOUBTFUL, "Сельский населённый пункт с населением больше 100 тыс.: уточните ответ школы"),
    "context_placeholder": (
        DOUBTFUL,
        "Все численности равны {number} — похоже на заглушку: оставлены пустыми; уточните у школы",
    ),
    "side_row_unmatched": (DOUBTFUL, "Школы нет на первом листе: строка не присоединена"),
    "side_row_repeated": (DOUBTFUL, "Школа повторена на втором листе: учтена первая строка"),
    "side_row_missing": (NOTE, "Школы нет на втором листе: сведения о численности неизвестны"),
    # ready reports
    "report_sum": (
        REJECTED,
        "Значения строки не складываются ни в 100 %, ни в число участников: выгрузите отчёт заново",
    ),
    "report_number": (REJECTED, "Значение не читается как число: выгрузите отчёт заново"),
    "report_empty": (REJECTED, "В строке нет значений: проверьте, сдавала ли школа эту работу"),
    "report_participants": (REJECTED, "Число участников не читается: нужно целое число больше нуля"),
    "report_above_max": (REJECTED, "Есть участники с баллом выше наибольшего ({max}): проверьте, та ли это работа"),
    "report_outside": (REJECTED, "Процент выполнения должен быть от 0 до 100: выгрузите отчёт заново"),
    "report_parts": (REJECTED, "Под строкой нет всех трёх частей (понизили, подтвердили, повысили): строка не учтена"),
    "report_paper": (REJECTED, "Год, класс или предмет строки не распознаны: исправьте их в файле"),
    "report_max_differs": (
        DOUBTFUL,
        "Наибольший балл отчёта ({max}) не равен официальному ({official}): проверьте, та ли это работа",
    ),
    # results of ОГЭ and ЕГЭ
    "exam_unknown": (REJECTED, "Экзамен не распознан: впишите ОГЭ или ЕГЭ"),
    "exam_subject_unknown": (REJECTED, "Предмет не распознан: впишите название или код предмета"),
    "exam_subject_other": (REJECTED, "По этому предмету нет ВПР, сравнить не с чем: строка не нужна"),
    "exam_basic_level": (
        REJECTED,
        "ЕГЭ по математике базового уровня не учитывается: его сдают на отметку и не все; нужен профильный",
    ),
    "exam_year": (REJECTED, "Год экзамена не читается: впишите год четырьмя цифрами"),
    "exam_participants": (REJECTED, "Число участников не читается: нужно целое число не меньше 1"),
    "exam_mean": (REJECTED, "Средний результат не читается: впишите число"),
    "exam_mark_outside": (REJECTED, "Средняя отметка ОГЭ бывает от 2 до 5: впишите отметку, а не первичный балл"),
    "exam_score_outside": (REJECTED, "Средний балл ЕГЭ бывает от 0 до 100: проверьте значение"),
    "exam_score_low": (
        DOUBTFUL,
        "Средний балл ЕГЭ не больше 5 — похоже на отметку: нужен тестовый балл от 0 до 100; проверьте столбец",
    ),
    "exam_below": (
        DOUBTFUL,
        "Не набравших минимум не может быть меньше нуля или больше участников; укажите число или процент: не учтено",
    ),
    "exam_spread": (DOUBTFUL, "Стандартное отклонение должно быть числом не меньше 0: не учтено"),
    "exam_school_missing": (REJECTED, "Школа не указана: впишите логин школы или её код в ОГЭ и ЕГЭ"),
    "exam_code_unknown": (
        REJECTED,
        "Школы с этим кодом {exam} нет в контекстных данных: впишите логин школы или сначала примите контекстную форму "
        "с кодами ОГЭ и ЕГЭ, а этот файл отклоните и загрузите снова",
    ),
    "exam_code_shared": (
        REJECTED,
        "Этот код {exam} в контекстных данных стоит у нескольких школ: впишите логин школы или исправьте форму",
    ),
    "exam_school_differs": (
        DOUBTFUL,
        "Логин и код {exam} указывают на разные школы (по коду — {other}): взят логин; проверьте строку",
    ),
    # federal list
    "year_unreadable": (REJECTED, "Год списка не читается: впишите год четырьмя цифрами"),
    "marker_unreadable": (DOUBTFUL, "Маркер должен быть 1 или пусто: значение не учтено"),
    "markers_differ": (DOUBTFUL, "Количество маркеров не равно их сумме ({sum}): взята сумма"),
    "markers_none": (DOUBTFUL, "У школы нет ни одного маркера: проверьте, нужна ли строка"),
}
"""Code → severity and sentence. The only place where problems get their words."""


def problem(
    code: str,
    /,
    *,
    sheet: str,
    row: int | None = None,
    column: str | None = None,
    value: str | None = None,
    **words: object,
) -> Problem:
    """Build a problem; `words` fill the places of the sentence."""
    severity, message = CODES[code]
    if value is not None and len(value) > VALUE_LIMIT:
        value = value[: VALUE_LIMIT - 1] + "…"
    return Problem(sheet, row, column, value, code, message.format(**words) if words else message, severity)
