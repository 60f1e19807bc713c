"""Reading workflows: the shipped files and any text."""

from __future__ import annotations

from functools import cache

from app.datafiles import DATA_DIR
from app.flows.checking import Grants, check
from app.flows.definition import Definition
from app.flows.problems import WrongDefinition
from app.flows.shape import Shape

FOLDER = DATA_DIR / "workflows"


def read(text: str, name: str, *, grants: Grants | None = None) -> Definition:
    """The workflow that `text` describes; `name` is the file's, for the message.

    Raises
    ------
    WrongDefinition
        With every problem.
    """
    problems = check(text, grants=grants)
    definition = Shape(text).definition()
    if problems or definition is None:
        raise WrongDefinition(name, problems)
    return definition


def sketch(text: str) -> Definition | None:
    """What a draft describes as far as it reads, whatever else is wrong with it; None when it does not read."""
    shape = Shape(text)
    definition = shape.definition()
    return None if shape.problems else definition


@cache
def shipped() -> dict[str, tuple[Definition, str]]:
    """The workflows that come with the program, by id, each with its text.

    Raises
    ------
    WrongDefinition
    """
    found: dict[str, tuple[Definition, str]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        definition = read(text, path.name)
        found[definition.id] = (definition, text)
    return found
