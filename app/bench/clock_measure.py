"""One measurement of `obektiv bench time`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """One measurement on one database; `bar` is None where nothing was promised."""

    title: str
    engine: str
    seconds: float
    bar: float | None
    detail: str

    @property
    def is_met(self) -> bool:
        return self.bar is None or self.seconds <= self.bar
