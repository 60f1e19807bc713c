from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import bind
from app.policy import SYSTEM
from tests.people import Cast, make_cast


@pytest.fixture
def session(context: AppContext) -> Iterator[Session]:
    """A session of the system on a fresh database."""
    with context.sessions() as session:
        bind(session, SYSTEM)
        yield session


@pytest.fixture
def cast(session: Session) -> Cast:
    cast = make_cast(session)
    session.commit()
    return cast
