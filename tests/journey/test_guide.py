"""The guide for users holds together: links lead somewhere, pictures are there, used and small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.supervisor import ROOT

GUIDE = ROOT / "docs" / "ru"
PAGES = [*sorted(GUIDE.glob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/journey.md"))]
LARGEST = 120 * 1024


def links(page: Path) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if not link.startswith("http")]


def anchors(page: Path) -> set[str]:
    """Headings as they are linked to: small letters, spaces as hyphens, punctuation dropped."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_something(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_picture_is_used_and_small() -> None:
    used = {Path(link).name for page in GUIDE.glob("*.md") for link in links(page) if link.startswith("images/")}

    pictures = {path.name: path.stat().st_size for path in (GUIDE / "images").iterdir()}

    assert set(pictures) == used
    assert max(pictures.values()) < LARGEST


@pytest.mark.parametrize("page", sorted(GUIDE.glob("*.md")), ids=lambda page: page.name)
def test_a_number_never_parts_from_its_sign(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)

    assert not re.findall(r"№ |\d %", text)
    assert '"' not in text
