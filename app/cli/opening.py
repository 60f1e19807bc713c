"""How every command opens the installation: settings from the environment, the schema in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import Misconfigured

if TYPE_CHECKING:
    from app.context import AppContext


def open_context(*, is_migrating: bool = True) -> AppContext:
    """The installation named by the environment, its schema brought up to the program's.

    Raises
    ------
    Misconfigured
        With `is_migrating` off, when the schema is not the program's.
    """
    from app import migrating
    from app.context import AppContext
    from app.settings import Settings

    context = AppContext.from_settings(Settings.from_env())
    if is_migrating:
        migrating.upgrade(context)
    elif migrating.current(context.engine) != migrating.head():
        raise Misconfigured("схема базы не совпадает с версией программы; выполните `obektiv migrate`")
    return context
