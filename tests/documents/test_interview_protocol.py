from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.documents import Agreed, Decisions, InterviewProtocol, render
from app.terms import DocumentKind

PROTOCOL = DocumentKind.INTERVIEW_PROTOCOL


def test_protocol_says_everything_its_context_says(protocol: InterviewProtocol, words: Callable[[bytes], str]) -> None:
    text = words(render(PROTOCOL, protocol))

    for expected in (
        "21 октября 2026 г.",
        "№ 12",
        "Управление образования, кабинет 204",
        "Форма: очно",
        "дело № 2026-0143",
        "СОШ № 417",
        "sch050417",
        "Иванова Мария Петровна директор",
        "Петров Олег Иванович куратор",
        "баллы скапливаются у границ, математика, 5 класс",
        "Работы проверял один учитель.",
        "Повторной проверки не было.",
        "ошибки проверки; сильный набор",
        "положение о ВСОКО",
        "Создать комиссию по проверке 10 ноября 2026 г. Петров О. И.",
        "Обучить учителей не установлен Иванова М. П.",
        "Начальник управления",
        "М. П. Соколова",
        "Директор школы",
        "Признаки — не вывод о нарушении.",
    ):
        assert expected in text


def test_protocol_says_yes_or_no_to_each_decision(protocol: InterviewProtocol, words: Callable[[bytes], str]) -> None:
    text = words(render(PROTOCOL, replace(protocol, decisions=Decisions(True, False, True))))

    assert "Назначить школе куратора да, требуется" in text
    assert "Направить независимых наблюдателей на следующую работу нет" in text
    assert "Перепроверить работы участников выборочно да, требуется" in text


def test_empty_parts_of_a_protocol_are_said_aloud(protocol: InterviewProtocol, words: Callable[[bytes], str]) -> None:
    bare = replace(protocol, signs=(), explanation="  \n", reasons=(), documents_shown=(), agreed=(), department="")

    text = words(render(PROTOCOL, bare))

    for expected in (
        "Признаки не предъявлялись.",
        "Объяснение не дано.",
        "не названы",
        "Документы не представлены.",
        "Мероприятия не согласованы.",
    ):
        assert expected in text


def test_long_protocol_repeats_the_table_header_and_stays_the_same(
    protocol: InterviewProtocol, pages: Callable[[bytes], list[str]]
) -> None:
    agreed = tuple(Agreed(f"Мероприятие номер {i} " * 4, None, "Иванова М. П.") for i in range(40))
    long = replace(protocol, agreed=agreed, explanation="Пояснение <b>школы</b>. " * 300)

    first, second = render(PROTOCOL, long), render(PROTOCOL, long)

    assert first == second
    text = pages(first)
    assert sum("№ Мероприятие Срок Ответственный" in page for page in text) >= 2
    assert "Пояснение <b>школы</b>." in " ".join(text)
