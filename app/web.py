"""The web process: one Flask application, built from an `AppContext`, with nothing done at import time.

Here stand the things every page shares: headers, languages, error pages and the order in which the edges are mounted.
Neither pandas nor scipy is imported by this process; the workers have them.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, render_template, request, url_for
from flask_babel import Babel, get_locale
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.context import AppContext
from app.errors import Conflict, NotFound, NotPermitted, Reason, Refused, WrongFormat

log = logging.getLogger("obektiv.web")

ADMIN = Path(__file__).parent / "admin"
LOCALES = {"ru": "Русский", "en": "English"}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class RowId(IntegerConverter):
    """An id in an address: digits only, and no larger than a row's id can be."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=2**31 - 1)


def create_app(context: AppContext) -> Flask:
    """The application of one installation."""
    app = Flask(
        "app",
        root_path=str(Path(__file__).parent),
        template_folder=str(ADMIN / "templates"),
        static_folder=str(ADMIN / "static"),
        static_url_path="/static",
    )
    settings = context.settings
    app.config.update(
        SECRET_KEY=settings.keys["session"],
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 2**20 * 8,  # several files at once; each is capped on its own
        MAX_FORM_MEMORY_SIZE=2 * 2**20,
        MAX_FORM_PARTS=5000,
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
        SESSION_COOKIE_NAME="__Host-page" if settings.secure_cookies else "page",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # A protocol takes longer to type than an hour; the token lives as long as the signed-in session.
        WTF_CSRF_TIME_LIMIT=int(auth.ABSOLUTE.total_seconds()),
        WTF_CSRF_SSL_STRICT=False,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        BABEL_DEFAULT_LOCALE="ru",
        BABEL_DEFAULT_TIMEZONE=settings.timezone,
        BABEL_TRANSLATION_DIRECTORIES=str(ADMIN / "translations"),
    )
    app.extensions["obektiv"] = context
    app.url_map.converters["row"] = RowId
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=_locale)
    CSRFProtect(app)
    auth.install(app)
    app.after_request(_add_headers)
    _show_errors(app)

    from app.admin import install_admin
    from app.api import install_api

    install_admin(app)
    install_api(app)
    return app


def _locale() -> str:
    user = g.get("user")
    chosen = user.locale if user is not None else request.cookies.get("locale", "ru")
    return chosen if chosen in LOCALES else "ru"


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    if auth.context().settings.secure_cookies:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


# ---- errors -> screen ----

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotPermitted, 403),
    (WrongFormat, 422),
    (Refused, 409),
    (Conflict, 409),
    (NotFound, 404),
    (StaleDataError, 409),
    (IntegrityError, 409),
)


def _show_errors(app: Flask) -> None:
    for kind, _status in _STATUS:
        app.register_error_handler(kind, _show_known)
    app.register_error_handler(OperationalError, _show_database)
    app.register_error_handler(HTTPException, _show_http)
    app.register_error_handler(Exception, _show_unexpected)


def _show_known(error: Exception) -> tuple[Any, int]:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    if isinstance(error, Refused):
        return _page(status, _title(status), error.reasons)
    if isinstance(error, Conflict | NotFound):
        if isinstance(error, NotFound):
            return _page(status, _title(status), (Reason("not_found", str(error)),))
        reason = Reason("conflict", str(error))
        return _page(status, _title(status), (reason,), state=error.state, version=error.version)
    incident = _incident(error)
    text = _("Запись успел изменить другой человек, или такая уже есть. Обновите страницу и повторите.")
    return _page(status, _title(status), (Reason("conflict", text),), incident=incident)


def _show_database(error: OperationalError) -> tuple[Any, int]:
    incident = _incident(error)
    text = _("База данных занята или на диске нет места. Ничего не записано; повторите через минуту.")
    is_busy = isinstance(error.orig, sqlite3.OperationalError) or "disk" in str(error.orig)
    return _page(503 if is_busy else 500, _title(503), (Reason("database", text),), incident=incident)


def _show_http(error: HTTPException) -> AnyResponse | tuple[Any, int]:
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()
    if isinstance(error, SecurityError):
        # The host is not ours: no page of ours is drawn for it.
        return Response("Unknown host", 400, content_type="text/plain; charset=utf-8")
    if isinstance(error, CSRFError):
        text = _(
            "Страница устарела или открыта из другого места. Вернитесь, обновите её и повторите: введённое сохранится."
        )
        return _page(400, _title(400), (Reason("csrf", text),))
    texts = {
        400: _("Запрос составлен неверно."),
        401: _("Вход не выполнен или его срок истёк. Войдите снова."),
        403: _("У вашей роли нет права на эту страницу."),
        404: _("Такой страницы нет, или она относится к другой территории."),
        405: _("Эта страница так не открывается."),
        413: _("Файл или форма больше допустимого размера. Ничего не загружено."),
    }
    return _page(error.code, _title(error.code), (Reason(str(error.code), texts.get(error.code, error.name)),))


def _show_unexpected(error: Exception) -> tuple[Any, int]:
    incident = _incident(error)
    if isinstance(error, OSError) and error.errno == 28:
        return _page(
            507, _title(503), (Reason("disk_full", _("На диске нет места. Ничего не записано.")),), incident=incident
        )
    text = _("Произошла непредвиденная ошибка. Ничего не записано. Сообщите номер происшествия администратору.")
    return _page(500, _title(500), (Reason("unexpected", text),), incident=incident)


def _incident(error: Exception) -> str:
    """Log `error` under a number that the person may quote; the page says nothing more of it."""
    number = secrets.token_hex(4)
    log.error("incident %s at %s %s", number, request.method, request.path, exc_info=error)
    return number


def _title(status: int) -> str:
    titles = {
        400: _("Запрос не принят"),
        401: _("Нужно войти"),
        403: _("Нет доступа"),
        404: _("Не найдено"),
        409: _("Так сделать нельзя"),
        413: _("Слишком большой файл"),
        422: _("Файл или форма не читается"),
        503: _("Сейчас не получилось"),
    }
    return titles.get(status, _("Ошибка"))


def _page(
    status: int,
    title: str,
    reasons: tuple[Reason, ...],
    *,
    incident: str | None = None,
    state: str | None = None,
    version: int | None = None,
) -> tuple[Any, int]:
    _let_go()
    locale = str(get_locale() or "ru")
    if auth.wants_json():
        body = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "reasons": [{"code": r.code, "text": r.text(locale), "href": r.href} for r in reasons],
        }
        extra = {"incident": incident, "state": state, "version": version}
        body.update({key: value for key, value in extra.items() if value is not None})
        response = jsonify(body)
        response.content_type = "application/problem+json"
        return response, status
    page = render_template(
        "pages/error.html",
        title=title,
        status=status,
        reasons=reasons,
        incident=incident,
        back=_back(),
    )
    return page, status


def _let_go() -> None:
    """Nothing of a failed request is kept, and its error page asks the database nothing."""
    session = g.get("db")
    if session is not None:
        session.rollback()
    g.menu = []


def _back() -> str:
    """Where «Вернуться» leads: the page the person came from when it is ours."""
    referrer = request.referrer or ""
    if referrer.startswith(request.host_url):
        target = "/" + referrer[len(request.host_url) :]
        if auth.is_local(target):
            return target
    return url_for("admin.index")
