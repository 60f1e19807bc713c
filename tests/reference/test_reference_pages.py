import json
import re
from pathlib import Path

from app.detectors import DETECTORS
from app.reference import pages
from app.reference.accuracy_page import accuracy_page
from app.reference.detectors_page import detectors_page, markdown, parsed
from app.reference.tables import markdown_table

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_detector_has_its_question_formula_limits_and_sources():
    page = detectors_page()

    for row in DETECTORS:
        section = page.split(f"(`{row.name}`)", 1)[1].split("\n## ", 1)[0]
        assert row.question_ru in section
        assert f"меньше {row.smallest_n} работ" in section
        assert "**Формула, допущения, источники.**" in section


def test_a_formula_that_stands_in_a_docstring_stands_on_the_page():
    page = detectors_page()

    assert r"r_i = g_i - E g_i - c_i^T C_i^{-1}(t - E t)" in page
    assert "C. R. Rao" in page
    assert ":math:" not in page
    assert ".. math::" not in page
    assert page.count("```math") * 2 == page.count("```")


def test_a_docstring_is_taken_apart_by_its_sections():
    def function():
        """Do it.

        More of it.

        Notes
        -----
        Let :math:`a
        = b` be; see ``x`` and [1]_.

        .. math:: c = d \\
                  e

        Then.

        References
        ----------
        .. [1] A. Author, "Title", 2000,
           p. 3.
        """

    text = parsed(function)

    assert text.summary == "Do it.\n\nMore of it."
    assert list(text.sections) == ["Notes", "References"]
    told = markdown(text.sections["Notes"])
    assert "Let $`a = b`$ be; see `x` and [1]." in told
    assert "```math\nc = d" in told
    assert told.endswith("Then.")


def test_a_table_lines_its_columns_up():
    lines = markdown_table(["a", "b"], [["long cell", "1"], ["x|y", "22"]]).splitlines()

    assert len({len(line) for line in lines}) == 1
    assert lines[1].endswith(":|")
    assert r"x\|y" in lines[3]


def test_the_page_on_accuracy_appears_with_the_run_that_was_kept(tmp_path):
    assert "accuracy.md" not in pages(tmp_path)


def test_the_committed_run_is_rendered_as_it_is():
    result = json.loads((DOCS / "accuracy.json").read_text(encoding="utf-8"))

    page = (DOCS / "accuracy.md").read_text(encoding="utf-8")
    assert accuracy_page(result) in page
    assert re.search(r"Выполнено \d+ из \d+", page)
