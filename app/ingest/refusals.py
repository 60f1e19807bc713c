"""Why a whole file is refused: each reason says what is wrong and what to do. The only place where refusals get their
words.
"""

from __future__ import annotations

from app.errors import Reason, WrongFormat

REFUSALS: dict[str, tuple[str, str]] = {
    "empty_file": (
        "Файл пуст (0 байт): выгрузите его заново и загрузите ещё раз.",
        "The file is empty: export it again and upload it.",
    ),
    "not_a_table": (
        "Это не таблица ({what}): загрузите файл .xlsx или .csv.",
        "This is not a table ({what}): upload .xlsx or .csv.",
    ),
    "html_named_table": (
        "Это веб-страница или XML с расширением таблицы: откройте её в Excel и сохраните как «Книга Excel (.xlsx)».",
        "This is a web page or XML named as a table: open it in Excel and save it as an .xlsx workbook.",
    ),
    "old_xls": (
        "Это книга старого формата .xls: откройте её в Excel и сохраните как «Книга Excel (.xlsx)».",
        "This is an old .xls workbook: open it in Excel and save it as .xlsx.",
    ),
    "encrypted": (
        "Книга защищена паролем: откройте её, снимите пароль (Файл → Сведения → Защита книги) и загрузите снова.",
        "The workbook is protected by a password: remove the password and upload it again.",
    ),
    "other_office_file": (
        "Это документ другого вида ({what}): сохраните таблицу как «Книга Excel (.xlsx)».",
        "This is another kind of document ({what}): save the table as an .xlsx workbook.",
    ),
    "damaged": (
        "Файл повреждён или загружен не до конца: скачайте его заново и загрузите ещё раз.",
        "The file is damaged or was not uploaded to the end: download it again and upload it once more.",
    ),
    "too_large_inside": (
        "Внутри файла слишком много данных ({what}): такой файл не читается; выгрузите только нужный лист.",
        "There is too much data inside the file ({what}): export only the sheet that is needed.",
    ),
    "too_many_parts": (
        "В файле {count} вложенных частей, допускается {limit}: сохраните данные в новую книгу.",
        "The file has {count} parts, {limit} are allowed: save the data in a new workbook.",
    ),
    "too_many_sheets": (
        "В книге {count} листов, допускается {limit}: оставьте листы с данными и загрузите снова.",
        "The workbook has {count} sheets, {limit} are allowed: keep the sheets with data and upload it again.",
    ),
    "doctype": (
        "Внутри книги есть запрещённые объявления XML (DOCTYPE): пересохраните её в Excel.",
        "The workbook contains forbidden XML declarations (DOCTYPE): save it again in Excel.",
    ),
    "too_many_rows": (
        "На листе «{sheet}» {count} строк, допускается {limit}: разделите файл.",
        "Sheet “{sheet}” has {count} rows, {limit} are allowed: split the file.",
    ),
    "too_many_columns": (
        "На листе «{sheet}» {count} столбцов, допускается {limit}: удалите лишние столбцы.",
        "Sheet “{sheet}” has {count} columns, {limit} are allowed: delete the surplus columns.",
    ),
    "cell_too_long": (
        "На листе «{sheet}», строка {row}, ячейка длиннее {limit} знаков: сократите её.",
        "On sheet “{sheet}”, row {row}, a cell is longer than {limit} characters: shorten it.",
    ),
    "encoding": (
        "Кодировка текста не распознана: сохраните файл как «CSV UTF-8» и загрузите снова.",
        "The text encoding is not recognised: save the file as CSV UTF-8 and upload it again.",
    ),
    "unknown_layout": (
        "Столбцы файла не похожи ни на одну известную раскладку: загрузите региональную выгрузку ВПР, "
        "отчёт раздела «Аналитика», контекстную форму, "
        "федеральный список или результаты ОГЭ и ЕГЭ без изменения заголовков.",
        "The columns match no known layout: upload a regional export, a federal report, the context form, the "
        "federal list or results of OGE and EGE with their headers.",
    ),
    "people_no_names": (
        "Не найден столбец с именами: назовите его «ФИО» и сохраните файл как «CSV UTF-8» или книгу .xlsx.",
        "The column of names is not found: call it “ФИО” and save the file as CSV UTF-8 or .xlsx.",
    ),
    "report_not_supported": (
        "Это отчёт «{title}» раздела «Аналитика» ФИС ОКО, но его таблица не похожа ни на одну известную: выгрузите "
        "отчёт заново и загрузите без изменения заголовков.",
        "This is the report “{title}” of the federal cabinet, but its table has no known header: export it again and "
        "upload it as it is.",
    ),
    "report_no_paper": (
        "В отчёте не названа работа (в ячейке A3 ожидается «ВПР 2026 Русский язык 4 класс»): выгрузите отчёт заново "
        "или укажите год, предмет и класс.",
        "The report does not name its paper (cell A3): export it again or name the year, subject and grade.",
    ),
    "report_years": (
        "В сводке строки за разные годы ({what}): сохраните каждый год отдельным файлом.",
        "The table mixes years ({what}): save each year as its own file.",
    ),
    "layout_not_supported": ("{refusal}", "This kind of file is recognised but not supported: {layout}."),
    "mixed_layouts": (
        "В книге листы разного вида ({what}): сохраните их отдельными файлами.",
        "The workbook mixes different kinds of sheets ({what}): save them as separate files.",
    ),
    "personal_data": (
        "В файле есть личные данные ({what}). Такие файлы не принимаются: удалите эти столбцы, оставьте "
        "только коды участников, "
        "и загрузите снова. Содержимое файла не сохранено в данных.",
        "The file contains personal data ({what}): delete these columns, keep participant codes only, and "
        "upload it again.",
    ),
    "paper_unknown": (
        "По содержимому не удалось определить работу ({what}): укажите год, предмет и класс работы.",
        "The paper cannot be settled from the content ({what}): name the year, subject and grade.",
    ),
    "paper_contradicts": (
        "Указана работа «{given}», а по содержимому файла это не она: {what}. Проверьте указанную работу или файл.",
        "The named paper contradicts the content of the file: {what}. Check the paper or the file.",
    ),
    "mixed_papers": (
        "В файле работы разных предметов или классов ({what}): загрузите каждую отдельным файлом.",
        "The file holds several papers ({what}): upload each as its own file.",
    ),
    "wrong_paper": (
        "Баллы не подходят к работе «{paper}»: у {count} работ из {total} баллы больше наибольших. Проверьте,"
        " та ли работа указана "
        "и та ли форма выгружена.",
        "The points do not fit the paper: {count} works of {total} exceed the maxima. Check the paper and the file.",
    ),
    "items_count": (
        "В файле {count} столбцов с баллами, а в работе «{paper}» {expected} заданий: выгрузите файл заново "
        "со всеми заданиями "
        "или проверьте, та ли это работа.",
        "The file has {count} item columns, the paper has {expected} items: export it again or check the paper.",
    ),
    "exam_no_school": (
        "В таблице результатов ОГЭ и ЕГЭ нет столбца, по которому узнаётся школа: добавьте столбец «Логин» "
        "или «Код ОО».",
        "The table of examination results names no school: add a column with logins or examination codes.",
    ),
    "exam_no_mean": (
        "В таблице результатов ОГЭ и ЕГЭ нет среднего результата: добавьте столбец «Средняя отметка» (ОГЭ) или "
        "«Средний балл» (ЕГЭ).",
        "The table of examination results has no mean: add a column with the mean mark or the mean score.",
    ),
    "no_rows": (
        "Под заголовком нет ни одной строки данных: выгрузите файл заново.",
        "There are no rows below the header: export the file again.",
    ),
    "too_many_problems": (
        "Больше {limit} замечаний: похоже, столбцы сдвинуты или это другой файл. Сверьте заголовки и загрузите снова.",
        "More than {limit} problems: the columns seem to be shifted, or this is another file.",
    ),
    "out_of_memory": (
        "Файл не удалось прочитать в отведённой памяти: в нём слишком большая область ячеек. Скопируйте "
        "таблицу на новый лист и "
        "сохраните новой книгой.",
        "The file could not be read within the memory allowed: copy the table to a new sheet and save a new workbook.",
    ),
    "timed_out": (
        "Файл не удалось прочитать за отведённое время: скопируйте таблицу на новый лист и сохраните новой книгой.",
        "The file could not be read within the time allowed: copy the table to a new sheet and save a new workbook.",
    ),
    "unreadable": (
        "Файл не удалось прочитать: он повреждён или устроен необычно. Откройте его в Excel, сохраните новой "
        "книгой и загрузите снова.",
        "The file could not be read: open it in Excel, save it as a new workbook and upload it again.",
    ),
}


def refuse(code: str, **words: object) -> WrongFormat:
    """Build the exception of a refusal; `words` fill the places of its sentences."""
    ru, en = REFUSALS[code]
    return WrongFormat(Reason(code, ru.format(**words), en.format(**words)))
