"""A deadline of any table: the days, and the rule they came from, so that they can follow their event."""

from __future__ import annotations

from datetime import date

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.calendars import Due
from app.models.base import JsonObject


class Dated:
    """Mixin of a row with a deadline.

    `rule` is `app.calendars.Rule.to_json()`, or null where the day was simply set; `occurrence` is the key of the
    occurrence (`app.calendars.Due.key`) the row stands for. A recalculation moves `starts_on` and `due_on` unless
    somebody pinned them, with a reason. `lost_change_id` names the change of the calendar that took the row's event
    away: the day stays without a ground until somebody pins one or chooses another event. A table that mixes it in adds
    `dated_checks()` to its ``__table_args__``.
    """

    rule: Mapped[JsonObject | None] = mapped_column(JSON(none_as_null=True))
    occurrence: Mapped[str | None] = mapped_column(String(80))
    starts_on: Mapped[date | None]
    due_on: Mapped[date | None] = mapped_column(index=True)
    is_pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    pinned_reason: Mapped[str | None] = mapped_column(Text)
    lost_change_id: Mapped[int | None] = mapped_column(ForeignKey("calendar_changes.id"))

    def take(self, due: Due) -> None:
        """Stand for `due`: its days and its key."""
        self.starts_on, self.due_on, self.occurrence = due.starts_on, due.due_on, due.key
        self.lost_change_id = None

    @property
    def is_groundless(self) -> bool:
        """Whether nothing holds the day any more: its event is gone, and nobody has pinned it."""
        return self.lost_change_id is not None and not self.is_pinned


def dated_checks() -> tuple[CheckConstraint, ...]:
    """What the database refuses: a pin without its reason, a beginning after the end."""
    return (
        CheckConstraint("is_pinned = (pinned_reason IS NOT NULL)", name="pinned_has_reason"),
        CheckConstraint("starts_on IS NULL OR due_on IS NULL OR starts_on <= due_on", name="starts_before_due"),
    )
