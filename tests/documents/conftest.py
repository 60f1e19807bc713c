"""Complete contexts, one per kind; a test replaces the one field it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from app.documents import Agreed, Decisions, Distribution, InterviewProtocol, Sign, SignsNotice


@pytest.fixture
def distribution() -> Distribution:
    return Distribution(
        scores=tuple(range(21)),
        observed=(1, 1, 0, 1, 0, 0, 0, 33, 11, 4, 2, 39, 11, 5, 4, 13, 4, 2, 0, 0, 0),
        expected=tuple(12.0 - abs(score - 10) for score in range(21)),
        cuts=(7, 11, 15),
    )


@pytest.fixture
def sign(distribution: Distribution) -> Sign:
    return Sign(
        title="Баллы скапливаются у границ отметок",
        sentence="У границ «3», «4» и «5» стоит 111 работ из 131.",
        paper="математика, 5 класс",
        n=131,
        reference="регион, 341 школа",
        explains_away="ошибка выгрузки",
        chart=distribution,
    )


@pytest.fixture
def notice(sign: Sign) -> SignsNotice:
    return SignsNotice(
        number="118",
        issued_on=date(2026, 10, 14),
        department="Управление образования Приозёрского округа",
        signatory="М. П. Соколова",
        signatory_post="Начальник управления",
        school_name='МБОУ "СОШ № 417"',
        school_code="sch050417",
        head="Иванова Мария Петровна",
        year=2026,
        tier_title="дело",
        signs=(sign,),
        history="2025 год: один признак",
        reply_until=date(2026, 10, 28),
        calculation="прогон 14, boundary_push 1, sha256 3f2a9c",
        case_number="2026-0143",
    )


@pytest.fixture
def protocol() -> InterviewProtocol:
    return InterviewProtocol(
        number="12",
        held_on=date(2026, 10, 21),
        place="Управление образования, кабинет 204",
        form="очно",
        case_number="2026-0143",
        school_name="СОШ № 417",
        school_code="sch050417",
        present=(("Иванова Мария Петровна", "директор"), ("Петров Олег Иванович", "куратор")),
        signs=("баллы скапливаются у границ, математика, 5 класс",),
        explanation="Работы проверял один учитель.\nПовторной проверки не было.",
        reasons=("ошибки проверки", "сильный набор"),
        documents_shown=("положение о ВСОКО",),
        agreed=(
            Agreed("Создать комиссию по проверке", date(2026, 11, 10), "Петров О. И."),
            Agreed("Обучить учителей", None, "Иванова М. П."),
        ),
        decisions=Decisions(curator=True, observers=False, recheck=True),
        signatories=(("М. П. Соколова", "Начальник управления"), ("М. П. Иванова", "Директор школы")),
        department="Управление образования Приозёрского округа",
    )


@pytest.fixture
def pages() -> Callable[[bytes], list[str]]:
    """Reads a PDF back: the text of each page on one line, every kind of space as one plain space."""

    def read(pdf: bytes) -> list[str]:
        texts = (page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
        return [" ".join(text.replace("\u00a0", " ").split()) for text in texts]

    return read


@pytest.fixture
def words(pages: Callable[[bytes], list[str]]) -> Callable[[bytes], str]:
    """Reads a PDF back as one line."""
    return lambda pdf: " ".join(pages(pdf))


@pytest.fixture
def lines() -> Callable[[bytes], list[str]]:
    """Reads a PDF back as its printed lines."""
    return lambda pdf: [line for page in PdfReader(BytesIO(pdf)).pages for line in page.extract_text().splitlines()]
