import doctest
import importlib
import pkgutil

import pytest

import app.detectors

MODULES = sorted(module.name for module in pkgutil.iter_modules(app.detectors.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_give_what_they_say(name):
    result = doctest.testmod(importlib.import_module(f"app.detectors.{name}"))

    assert result.failed == 0
