"""The declarative base: constraint names, enum columns, UTC moments and the mark of territory on every tenant row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Enum, ForeignKey, Index, MetaData, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from app.terms import Term

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no zone, so the zone is put back on reading; a naive moment is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"moment without a time zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


def term(enum: type[Term], name: str | None = None) -> Enum:
    """Column type of a vocabulary: stored as its value, checked by the database, read back as a member.

    `name` ends the check constraint's name; give one where a table has two columns of the same vocabulary.
    """
    return Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        values_callable=lambda members: [member.value for member in members],
        length=40,
        name=name or enum.__name__.lower(),
    )


class Tenant:
    """A row that belongs to a territory. `app.database` narrows every query on these classes to the actor's.

    A null `municipality_id` belongs to the region as a whole; a null `school_id` to the municipality as a whole.
    """

    @declared_attr
    def municipality_id(self) -> Mapped[int | None]:
        return mapped_column(ForeignKey("municipalities.id"), index=True)

    @declared_attr
    def school_id(self) -> Mapped[int | None]:
        return mapped_column(ForeignKey("schools.id"), index=True)


class Versioned:
    """A row that says when it was changed since it was read: an update of another version is a stale one."""

    # The last column of its table, whatever the order of the mixins.
    version: Mapped[int] = mapped_column(default=1, sort_order=900)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, object]:  # noqa: N805 - the mapper calls it on the class
        return {"version_id_col": cls.__table__.c.version}  # type: ignore[attr-defined]


def case_index(table: str) -> Index:
    """Index of the rows of a case as people of a municipality ask for them.

    Every such question names the case and, by the policy, the municipality. With an index on each alone SQLite may take
    the municipality's and read all its rows.
    """
    return Index(f"ix_{table}_case_id", "case_id", "municipality_id")


JsonObject = dict[str, Any]
