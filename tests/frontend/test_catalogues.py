"""Russian stands in the source; English is a catalogue, and it is complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = ROOT / "app" / "admin" / "translations" / "en" / "LC_MESSAGES"
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None}


def source_texts() -> Iterator[tuple[str, object]]:
    """File and text of everything marked for translation."""
    with (ROOT / "app" / "admin" / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    for name, _line, message, _comments, _context in extract_from_dir(
        str(ROOT / "app"), methods, options, KEYWORDS, ()
    ):
        yield name, message


def catalogue() -> dict[object, str]:
    with (ENGLISH / "messages.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale="en") if message.id}


def test_every_text_of_the_source_has_an_english_translation() -> None:
    english = catalogue()

    missing = sorted({f"{name}: {text}" for name, text in source_texts() if not english.get(text)})

    assert missing == []


def test_catalogue_keeps_nothing_the_source_no_longer_says() -> None:
    used = {text for _name, text in source_texts()}

    assert sorted(str(text) for text in catalogue() if text not in used) == []


def test_compiled_catalogue_says_what_the_readable_one_says() -> None:
    with (ENGLISH / "messages.mo").open("rb") as file:
        compiled = {message.id: message.string for message in read_mo(file) if message.id}

    assert compiled == catalogue()


def test_translations_keep_the_places_of_values() -> None:
    placeholder = re.compile(r"%\(\w+\)[sd]")

    places = {
        text: (_places(placeholder, text), _places(placeholder, english)) for text, english in catalogue().items()
    }

    assert [text for text, (russian, english) in places.items() if russian != english] == []


def test_no_text_in_the_source_counts_in_russian_by_a_plural_form() -> None:
    # Russian has three forms and no catalogue of its own: counted nouns go through the `plural` of the templates.
    assert [text for _name, text in source_texts() if isinstance(text, tuple)] == []


def test_english_is_free_of_cyrillic() -> None:
    assert [english for english in catalogue().values() if re.search("[а-яё]", english, re.IGNORECASE)] == []


def _places(pattern: re.Pattern[str], text: object) -> list[str]:
    return sorted(pattern.findall(str(text)))
