"""Who is at the door: sign-in, server-side sessions, the throttle, and the guard before every route.

Every route names its door: a permission, `SIGNED_IN` or `PUBLIC`. A route without a door stays shut. The cookie holds a
random key only; its row, found by the key's hash, says whose session it is and until when.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask import session as page_session
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.context import AppContext
from app.database import acting, bind
from app.errors import NotPermitted, Reason
from app.models import AuthSession, LoginAttempt, User
from app.policy import SYSTEM, Actor, Permission, require
from app.workflows import journal
from app.workflows.outbox import take_woken
from app.workflows.people import actor_for, normal_login, password_matches

PUBLIC, SIGNED_IN = "public", "signed_in"
IDLE, ABSOLUTE = timedelta(minutes=60), timedelta(hours=12)
_SEEN_EVERY = timedelta(minutes=1)

FREE_TRIES, LONGEST_PAUSE = 5, timedelta(minutes=15)
ADDRESS_TRIES, ADDRESS_WINDOW = 20, timedelta(minutes=15)

IMPERSONAL = frozenset({"static", "health.healthz", "health.readyz"})
"""Routes that neither ask nor learn who is there."""

View = TypeVar("View", bound=Callable[..., Any])


def door(needs: Permission | str) -> Callable[[View], View]:
    """Name what a route needs: a permission, `SIGNED_IN` or `PUBLIC`."""

    def mark(view: View) -> View:
        view.door = needs  # type: ignore[attr-defined]
        return view

    return mark


def door_of(app: Flask, endpoint: str | None) -> Permission | str | None:
    """What `endpoint` needs; None means that nobody said, and the route stays shut."""
    if endpoint is None:
        return None
    if endpoint in IMPERSONAL:
        return PUBLIC
    view = app.view_functions.get(endpoint)
    own = getattr(view, "door", None)
    return own if own is not None else getattr(getattr(view, "__self__", None), "permission", None)


# ---- the request's own things ----


def context() -> AppContext:
    return cast(AppContext, current_app.extensions["obektiv"])


def now() -> datetime:
    """The moment of this request; edges are the only ones who look at the clock."""
    if "at" not in g:
        g.at = datetime.now(UTC)
    return cast(datetime, g.at)


def wants_json() -> bool:
    """Whether a program asks: the API and the progress of jobs."""
    return request.path.startswith(("/api/", "/jobs/"))


def is_signed_in() -> bool:
    return g.get("actor") is not None


def actor() -> Actor:
    """Who sent this request."""
    if not is_signed_in():
        raise NotPermitted(Reason("no_actor", "Войдите в систему.", "Sign in first."))
    return cast(Actor, g.actor)


def db() -> Session:
    """The request's session: bound to its actor, reading only for GET, closed when the request ends."""
    if "db" not in g:
        g.db = bind(_new_session(is_reading=is_reading()), actor())
    return cast(Session, g.db)


def is_reading() -> bool:
    return request.method in ("GET", "HEAD", "OPTIONS")


def commit() -> None:
    """Commit the request's changes and wake the workers for the jobs they added."""
    session = db()
    session.commit()
    waiting = take_woken(session)
    if waiting:
        from app.jobs import wake

        wake(context(), waiting)


def note(action: str, subject: str, subject_id: int | None = None, **facts: Any) -> None:
    """Write one journal entry at once: a read or an export that leaves no other trace."""

    def write(session: Session) -> None:
        journal.append(
            session, actor=actor(), at=now(), action=action, subject=subject, subject_id=subject_id, facts=facts
        )

    if is_reading():
        with acting(context().sessions, actor()) as session:
            write(session)
    else:
        # The request's own session holds the writer's lock: a second one would wait for it in vain.
        write(db())
        db().commit()


def _new_session(*, is_reading: bool) -> Session:
    if not is_reading:
        return context().sessions()
    return context().sessions(bind=context().engine.execution_options(readonly=True))


# ---- the guard ----


def install(app: Flask) -> None:
    """Put the guard before every route and close the session after it."""
    app.before_request(_guard)
    app.teardown_request(_close)


def _guard() -> AnyResponse | None:
    if request.endpoint is None:
        return None  # nothing is there; the error page says so
    needs = door_of(current_app, request.endpoint)
    if request.endpoint in IMPERSONAL:
        return None
    for name in ("url", "next"):
        value = request.args.get(name)
        if value and not is_local(value):
            abort(400)
    _recognise()
    if needs == PUBLIC:
        return None
    if not is_signed_in():
        if request.method != "GET" or wants_json():
            abort(401)
        return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
    if needs is None:
        raise NotPermitted(Reason("no_door", "Эта страница закрыта.", "This page is closed."))
    if needs != SIGNED_IN:
        require(actor(), Permission(needs))
    return None


def _recognise() -> None:
    """Find whose session the cookie names, and make the actor of this request anew."""
    g.actor = g.user = g.auth_session_id = None
    key = request.cookies.get(cookie_name(), "")
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        return
    at = now()
    with _new_session(is_reading=True) as session:
        bind(session, SYSTEM)
        row = session.scalars(select(AuthSession).where(AuthSession.key_hash == _digest(key))).first()
        if row is None or not _is_alive(row, at):
            return
        g.actor = actor_for(session, row.user, at)
        g.user, g.auth_session_id = row.user, row.id
        seen_at = row.seen_at
    if at - seen_at >= _SEEN_EVERY:
        with acting(context().sessions, SYSTEM) as session:
            fresh = session.get(AuthSession, g.auth_session_id)
            if fresh is not None:
                fresh.seen_at = max(fresh.seen_at, at)


def _is_alive(row: AuthSession, at: datetime) -> bool:
    return row.revoked_at is None and row.user.is_active and at < row.expires_at and at - row.seen_at < IDLE


def _close(_error: BaseException | None) -> None:
    session = g.pop("db", None)
    if session is not None:
        session.close()


# ---- sessions ----


def open_session(session: Session, user: User, *, at: datetime, address: str = "") -> str:
    """A new signed-in session of `user`; returns the key for its cookie. `session` acts for the system."""
    key = secrets.token_hex(32)
    session.add(
        AuthSession(
            key_hash=_digest(key),
            user_id=user.id,
            created_at=at,
            seen_at=at,
            expires_at=at + ABSOLUTE,
            address=address[:60],
        )
    )
    session.flush()
    return key


def give_cookie(response: Response, key: str) -> None:
    """Hand the browser its key. Whatever the anonymous page session held is dropped."""
    page_session.clear()
    response.set_cookie(
        cookie_name(),
        key,
        max_age=int(ABSOLUTE.total_seconds()),
        httponly=True,
        secure=context().settings.secure_cookies,
        samesite="Lax",
        path="/",
    )


def drop_cookie(response: Response) -> None:
    page_session.clear()
    response.delete_cookie(
        cookie_name(), path="/", secure=context().settings.secure_cookies, httponly=True, samesite="Lax"
    )


def cookie_name() -> str:
    return "__Host-obektiv" if context().settings.secure_cookies else "obektiv"


def _digest(key: str) -> bytes:
    return hashlib.sha256(bytes.fromhex(key)).digest()


# ---- signing in ----


class TooManyTries(Exception):
    """The throttle asks to wait; whether the login exists plays no part in it."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(str(wait))
        self.seconds = max(1, int(wait.total_seconds() + 0.999))


def sign_in(login: str, password: str, *, address: str, at: datetime) -> str | None:
    """Check a login and a password; the key of a new session, or None when they do not fit.

    The try is written before the password is looked at, in a transaction of its own, so that a hundred tries at once
    are a hundred tries.

    Raises
    ------
    TooManyTries
        The account or the address has to wait.
    """
    login = normal_login(login)
    with acting(context().sessions, SYSTEM) as session:
        wait = _wait(session, login, address, at)
        if wait > timedelta(0):
            raise TooManyTries(wait)
        attempt = LoginAttempt(login=login, address=address[:60], at=at, is_success=False)
        session.add(attempt)
        session.flush()
        attempt_id = attempt.id
    with _new_session(is_reading=True) as session:
        bind(session, SYSTEM)
        user = session.scalars(select(User).where(User.login == login)).first()
    is_right = password_matches(user.password_hash if user is not None else None, password)
    with acting(context().sessions, SYSTEM) as session:
        if user is None or not is_right or not user.is_active:
            # A password typed into the login field must not stay in the journal: only known logins are named.
            journal.append(
                session,
                actor=SYSTEM,
                at=at,
                action="session:refused",
                subject="user",
                subject_id=user.id if user is not None else None,
                facts={"address": address},
            )
            return None
        tried = session.get(LoginAttempt, attempt_id)
        if tried is not None:
            tried.is_success = True
        key = open_session(session, user, at=at, address=address)
        journal.append(
            session,
            actor=Actor.for_user(user),
            at=at,
            action="session:sign_in",
            subject="user",
            subject_id=user.id,
            facts={"address": address},
        )
    return key


def sign_out(*, at: datetime) -> None:
    """End the session of this request."""
    who = actor()
    with acting(context().sessions, SYSTEM) as session:
        row = session.get(AuthSession, g.auth_session_id)
        if row is not None and row.revoked_at is None:
            row.revoked_at = at
        journal.append(session, actor=who, at=at, action="session:sign_out", subject="user", subject_id=who.user_id)


def _wait(session: Session, login: str, address: str, at: datetime) -> timedelta:
    """How long this account and this address still have to wait."""
    tries = session.execute(
        select(LoginAttempt.at, LoginAttempt.is_success)
        .where(LoginAttempt.login == login, LoginAttempt.at > at - timedelta(days=1))
        .order_by(LoginAttempt.id.desc())
        .limit(50)
    ).all()
    failures = 0
    for row in tries:
        if row.is_success:
            break
        failures += 1
    wait = timedelta(0)
    if failures >= FREE_TRIES:
        pause = min(timedelta(seconds=2 ** min(failures - FREE_TRIES + 1, 20)), LONGEST_PAUSE)
        wait = tries[0].at + pause - at
    of_address = (
        session.execute(
            select(LoginAttempt.at)
            .where(
                LoginAttempt.address == address[:60],
                LoginAttempt.at > at - ADDRESS_WINDOW,
                LoginAttempt.is_success.is_(False),
            )
            .order_by(LoginAttempt.at.desc())
            .limit(ADDRESS_TRIES)
        )
        .scalars()
        .all()
    )
    if len(of_address) >= ADDRESS_TRIES:
        wait = max(wait, of_address[-1] + ADDRESS_WINDOW - at)
    return wait


# ---- addresses ----

_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,1999}")


def is_local(target: str) -> bool:
    """Whether a redirect to `target` stays on this site: a path, no host, no backslash, no control character."""
    return _LOCAL.fullmatch(target) is not None


def local_target(target: str | None, default: str = "/") -> str:
    return target if target and is_local(target) else default
