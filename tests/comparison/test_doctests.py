"""Examples in the docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import app.comparison

MODULES = sorted(module.name for module in pkgutil.iter_modules(app.comparison.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_give_what_they_say(name: str) -> None:
    result = doctest.testmod(importlib.import_module(f"app.comparison.{name}"))

    assert result.failed == 0
