"""What a request of the API says, checked before anything is done with it."""

from __future__ import annotations

from typing import Any

from flask import request

from app.errors import Reason, WrongFormat

MOST = 200


def wrong(text_ru: str, text_en: str, code: str = "malformed") -> WrongFormat:
    return WrongFormat(Reason(code, text_ru, text_en))


def body(**kinds: type) -> dict[str, Any]:
    """The JSON object of the request with exactly these keys; a missing one, a further one or a wrong type is refused.

    Raises
    ------
    WrongFormat
        With the key that does not fit.
    """
    try:
        found = request.get_json(force=True, silent=False)
    except Exception as error:  # malformed, too deep, not UTF-8: one answer
        raise wrong("Тело запроса не читается как JSON.", "The body cannot be read as JSON.") from error
    if not isinstance(found, dict):
        raise wrong("Тело запроса должно быть объектом JSON.", "The body must be a JSON object.")
    for key in found:
        if key not in kinds:
            raise wrong(f"Неизвестный ключ «{str(key)[:40]}».", f"Unknown key “{str(key)[:40]}”.")
    for key, kind in kinds.items():
        value = found.get(key)
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise wrong(f"Ключ «{key}»: нужен {kind.__name__}.", f"Key “{key}”: {kind.__name__} is needed.")
        if isinstance(value, int) and not isinstance(value, bool) and not 0 <= value < 2**31:
            raise wrong(f"Ключ «{key}»: число вне границ.", f"Key “{key}”: the number is out of range.")
        if isinstance(value, str) and not _is_text(value):
            raise wrong(f"Ключ «{key}»: недопустимые знаки.", f"Key “{key}”: characters that are not allowed.")
    return found


def _is_text(value: str) -> bool:
    """No NUL and no lone surrogates: neither database keeps them."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def whole(name: str, default: int, *, most: int) -> int:
    """A whole number of the address, refused when it is anything else."""
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise wrong(f"Параметр «{name}»: нужно целое число.", f"Parameter “{name}”: a whole number is needed.")
    return min(int(text), most)
