from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import jinja2
import pytest
from pypdf import PdfReader

from app.documents import KINDS, Distribution, Sign, SignsNotice, render
from app.documents.render import environment, to_pdf
from app.terms import DocumentKind

NOTICE = DocumentKind.SIGNS_NOTICE


def test_every_kind_of_document_has_a_template_that_loads() -> None:
    assert set(KINDS) == set(DocumentKind)
    for kind in KINDS.values():
        environment().get_template(kind.template)


def test_notice_says_everything_its_context_says(notice: SignsNotice, words: Callable[[bytes], str]) -> None:
    text = words(render(NOTICE, notice))

    for expected in (
        "Управление образования Приозёрского округа",
        "14 октября 2026 г.",
        "№ 118",
        "Дело № 2026-0143",
        "МБОУ «СОШ № 417»",
        "sch050417",
        "Иванова Мария Петровна",
        "2026 год",
        "дело",
        "У границ «3», «4» и «5» стоит 111 работ из 131.",
        "математика, 5 класс",
        "131 участник; регион, 341 школа",
        "ошибка выгрузки",
        "2025 год: один признак",
        "28 октября 2026 г.",
        "Начальник управления",
        "М. П. Соколова",
        "прогон 14, boundary_push 1, sha256 3f2a9c",
        "1 признак ",
    ):
        assert expected in text


def test_notice_says_that_signs_are_not_a_verdict_and_names_the_right_of_reply(
    notice: SignsNotice, words: Callable[[bytes], str]
) -> None:
    text = words(render(NOTICE, notice))

    assert "Признаки — не вывод о нарушении." in text
    assert "не служит основанием для мер" in text
    assert "Право ответа" in text
    assert "Молчание не считается согласием." in text


def test_chart_names_every_cut_and_the_numbers_on_the_bars_at_the_cuts(
    notice: SignsNotice, words: Callable[[bytes], str]
) -> None:
    text = words(render(NOTICE, notice))

    for label in ("с 7 — «3»", "с 11 — «4»", "с 15 — «5»", "33", "39", "ожидаемое при том же среднем балле"):
        assert label in text


def test_same_context_gives_the_same_bytes(notice: SignsNotice) -> None:
    assert render(NOTICE, notice) == render(NOTICE, notice)
    assert render(NOTICE, notice) != render(NOTICE, replace(notice, number="119"))


def test_notice_without_head_and_without_term_of_reply_reads_well(
    notice: SignsNotice, words: Callable[[bytes], str]
) -> None:
    text = words(render(NOTICE, replace(notice, head=None, reply_until=None, history="")))

    assert "None" not in text
    assert "Школа вправе письменно ответить" in text
    assert "сведений нет" in text


def test_word_that_the_context_does_not_have_is_an_error(notice: SignsNotice, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = jinja2.DictLoader({"odd.j2": "<document><p>{{ curator }}</p></document>"})
    monkeypatch.setattr(environment(), "loader", loader)

    with pytest.raises(jinja2.UndefinedError, match="curator"):
        to_pdf("odd.j2", notice)


def test_empty_value_never_prints_as_none(notice: SignsNotice) -> None:
    with pytest.raises(jinja2.UndefinedError, match="пустое значение"):
        render(NOTICE, replace(notice, department=None))  # type: ignore[arg-type]


def test_context_of_another_kind_is_refused(notice: SignsNotice) -> None:
    with pytest.raises(TypeError, match="InterviewProtocol"):
        render(DocumentKind.INTERVIEW_PROTOCOL, notice)


@pytest.mark.parametrize(
    "payload",
    [
        '<img src="/etc/hostname" width="90" height="90"/>',
        '<a href="javascript:alert(1)">ссылка</a>',
        "<i>z",
        "a <br> b",
        "5<6 and <b",
        "OOO <School> town",
        "{{ 7 * 7 }} {% for %}",
        "&lt;b&gt; &amp;",
        "]]> <!-- --> <?xml?>",
    ],
)
def test_markup_in_a_value_is_printed_letter_by_letter(
    notice: SignsNotice, sign: Sign, payload: str, words: Callable[[bytes], str]
) -> None:
    signs = (replace(sign, title=payload, sentence=payload, paper=payload, reference=payload),)

    pdf = render(NOTICE, replace(notice, head=payload, signs=signs, history=payload, signatory=payload))

    text = words(pdf).replace(" ", "")
    assert text.count(payload.replace(" ", "")) >= 6
    page = PdfReader(BytesIO(pdf)).pages[0]
    assert len(page.images) == 0
    assert "/Annots" not in page


def test_control_and_direction_marks_do_not_reach_the_page(notice: SignsNotice, words: Callable[[bytes], str]) -> None:
    text = words(render(NOTICE, replace(notice, head="Ива\x00но\u202eва\u200b\x1b М. П.")))

    assert "Ива но" in text
    assert "\u202e" not in text


def test_long_names_wrap_inside_the_page(
    notice: SignsNotice, words: Callable[[bytes], str], lines: Callable[[bytes], list[str]]
) -> None:
    name = "Муниципальное бюджетное общеобразовательное учреждение " * 5 + "«" + "Ъ" * 180 + "»"

    pdf = render(NOTICE, replace(notice, school_name=name, signatory_post=name))

    assert max(len(line) for line in lines(pdf)) < 140
    assert max(line.count("Ъ") for line in lines(pdf)) < 90
    assert words(pdf).replace(" ", "").count("Ъ" * 180) >= 1


def test_number_sign_never_parts_from_its_number(
    notice: SignsNotice, sign: Sign, lines: Callable[[bytes], list[str]]
) -> None:
    many = " ".join(f"приказ № {number} и" for number in range(100, 190))

    printed = lines(render(NOTICE, replace(notice, signs=(replace(sign, sentence=many),))))

    assert not [line for line in printed if line.rstrip().endswith("№")]


def test_twelve_signs_span_pages_and_every_page_has_number_and_running_header(
    notice: SignsNotice, sign: Sign, pages: Callable[[bytes], list[str]]
) -> None:
    signs = tuple(replace(sign, title=f"Признак {i}") for i in range(1, 13))

    text = pages(render(NOTICE, replace(notice, signs=signs)))

    assert len(text) >= 4
    for number, page in enumerate(text, start=1):
        assert f"Стр. {number} из {len(text)}" in page
        assert "Дело № 2026-0143" in page
        if number > 1:
            assert "Уведомление о признаках № 118 от 14 октября 2026 г. · МБОУ «СОШ № 417»" in page
    assert all(f"{i}. Признак {i} ·" in " ".join(text) for i in range(1, 13))


def test_header_of_a_long_table_is_repeated_on_the_next_page(
    notice: SignsNotice, sign: Sign, pages: Callable[[bytes], list[str]]
) -> None:
    signs = tuple(replace(sign, title=f"Признак {i}", chart=None) for i in range(1, 60))

    text = pages(render(NOTICE, replace(notice, signs=signs)))

    assert "№ Признак Работа Участников" in text[0]
    assert "№ Признак Работа Участников" in text[1]


def test_only_pt_fonts_carry_the_text_and_they_are_embedded(notice: SignsNotice) -> None:
    reader = PdfReader(BytesIO(render(NOTICE, notice)))

    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]
    embedded = {font["/BaseFont"].split("+")[-1] for font in fonts if "/FontDescriptor" in font}
    assert embedded >= {"PTSerif-Regular", "PTSans-Bold"}
    assert reader.metadata is not None
    assert reader.metadata.title == "Уведомление о признаках № 118"


@pytest.mark.parametrize(("observed", "expected"), [((1,), None), ((1, 2), (1.0,))])
def test_distribution_whose_lengths_differ_is_refused(
    observed: tuple[int, ...], expected: tuple[float, ...] | None
) -> None:
    with pytest.raises(ValueError, match="баллов 2"):
        Distribution((0, 1), observed, expected, (1,))
