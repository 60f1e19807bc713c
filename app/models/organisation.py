"""Municipalities and schools of the installation's region."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject


class Municipality(Base):
    __tablename__ = "municipalities"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))

    def __str__(self) -> str:
        return self.name


class School(Base):
    """A school; `code` is the digits of its login, the same for sch and edu; ksh keeps its prefix."""

    __tablename__ = "schools"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(400))
    kind: Mapped[str | None] = mapped_column(String(60))
    settlement: Mapped[str | None] = mapped_column(String(200))
    is_objective: Mapped[bool] = mapped_column(Boolean, default=False)
    context: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipalities.id"), index=True)

    municipality: Mapped[Municipality] = relationship(lazy="joined", innerjoin=True)

    def __str__(self) -> str:
        return self.name
