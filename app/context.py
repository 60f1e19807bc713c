"""What every edge needs and builds once: settings, engine, sessions, file store."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from app import days
from app.database import make_engine, make_sessions
from app.settings import Settings
from app.storage import ObjectStore


@dataclass(frozen=True)
class AppContext:
    """The installation as one value; nothing is built at import time."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    store: ObjectStore

    @classmethod
    def from_settings(cls, settings: Settings) -> AppContext:
        days.use_zone(settings.timezone)
        engine = make_engine(settings.database_url)
        return cls(settings, engine, make_sessions(engine, settings.keys["journal"]), ObjectStore(settings.objects))
