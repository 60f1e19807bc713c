from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.context import AppContext

Obektiv = Callable[..., Result]


@pytest.fixture
def obektiv(context: AppContext, monkeypatch: pytest.MonkeyPatch) -> Obektiv:
    """Runs the program on the test's installation."""
    monkeypatch.setenv("OBEKTIV_HOME", str(context.settings.home))
    monkeypatch.setenv("DATABASE_URL", context.settings.database_url)
    monkeypatch.delenv("REDIS_URL", raising=False)

    def run(*words: str, **options: object) -> Result:
        return CliRunner().invoke(main, list(words), prog_name="obektiv", catch_exceptions=False, **options)

    return run
