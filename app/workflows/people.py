"""People: their passwords, their rights at this moment, and the changes an administrator makes to them."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import argon2
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import AuthSession, LoginAttempt, School, User
from app.policy import Actor, Permission, require
from app.terms import Role
from app.workflows import journal, people_register
from app.workflows.sight import bars_of, sight_of

SHORTEST_PASSWORD = 12
_HASHER = argon2.PasswordHasher()


def actor_for(session: Session, user: User, at: datetime) -> Actor:
    """The actor `user` is at the moment `at`: role, place, what stands open and what is barred to it now (`sight`)."""
    actor = Actor.for_user(user)
    if not user.is_active or user.role is Role.SCHOOL:
        return actor
    if user.role not in (Role.CURATOR, Role.INSPECTOR):
        return replace(actor, bars=bars_of(session, user, day_of(at)))
    sight = sight_of(session, user, day_of(at))
    return replace(actor, school_ids=sight.schools, undeclared=sight.undeclared, stands_in=sight.stands_in)


def normal_password(password: str) -> str:
    """One form for a password however the keyboard composed its «й»."""
    return unicodedata.normalize("NFC", password)


def normal_login(login: str) -> str:
    return unicodedata.normalize("NFC", login).strip().casefold()[:80]


def hash_password(password: str) -> str:
    """Argon2id hash of `password`."""
    return _HASHER.hash(normal_password(password))


@functools.cache
def _hash_of_nobody() -> str:
    return hash_password("a password that nobody has")


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` belongs to the hash; without one the same work is done, so that time tells nothing."""
    try:
        _HASHER.verify(password_hash or _hash_of_nobody(), normal_password(password))
    except (argon2.exceptions.Argon2Error, argon2.exceptions.InvalidHashError):
        return False
    return password_hash is not None


def check_password(password: str, login: str) -> None:
    """Refuse a password that is too short, too plain or made of the login.

    Raises
    ------
    Refused
        With the rule that is not met.
    """
    password = normal_password(password)
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(
            Reason(
                "password_short",
                f"Пароль короче {SHORTEST_PASSWORD} знаков. Возьмите фразу из нескольких слов.",
                f"The password is shorter than {SHORTEST_PASSWORD} characters. Take a phrase of several words.",
            )
        )
    if len(set(password)) < 5 or (login and normal_login(login) in password.casefold()):
        raise Refused(
            Reason(
                "password_plain",
                "Пароль слишком прост: он состоит из немногих знаков или содержит логин.",
                "The password is too plain: it has few different characters or contains the login.",
            )
        )


@dataclass(frozen=True)
class UserForm:
    """What an administrator may say about an account; nothing else of the row can be written through it.

    `person_id` is the person's card in the register; without one a curator's or an inspector's is made.
    """

    name: str
    post: str
    role: Role
    municipality_id: int | None = None
    school_id: int | None = None
    is_active: bool = True
    person_id: int | None = None


def create_user(session: Session, login: str, password: str, form: UserForm, *, actor: Actor, at: datetime) -> User:
    """Add a person with a sign-in."""
    require(actor, Permission.USER_MANAGE)
    login = normal_login(login)
    if not login:
        raise Refused(Reason("login_empty", "Укажите логин.", "Give a login."))
    if session.scalars(select(User).where(User.login == login)).first() is not None:
        raise Refused(Reason("login_taken", f"Логин «{login}» уже занят.", f"The login “{login}” is taken."))
    check_password(password, login)
    user = User(login=login, password_hash=hash_password(password), **_placed(session, form))
    session.add(user)
    session.flush()
    people_register.follow_account(session, user, form.person_id, form.post, actor=actor, at=at)
    journal.append(
        session, actor=actor, at=at, action="user:create", subject="user", subject_id=user.id, facts=_facts(user)
    )
    return user


def change_user(
    session: Session, user_id: int, form: UserForm, *, actor: Actor, at: datetime, expected_version: int
) -> User:
    """Change a person; a change of rights or place ends all the sessions of that person at once."""
    require(actor, Permission.USER_MANAGE)
    user = _user(session, user_id)
    if user.version != expected_version:
        raise Conflict(f"Карточку «{user.name}» уже изменил другой человек. Обновите страницу.", version=user.version)
    values = _placed(session, form)
    if user.id == actor.user_id and (not form.is_active or form.role is not user.role):
        raise Refused(
            Reason(
                "own_rights",
                "Свою роль и доступ меняет другой администратор.",
                "Another administrator changes your own role and access.",
            )
        )
    rights = ("role", "municipality_id", "school_id", "is_active")
    changed = sorted(key for key, value in values.items() if getattr(user, key) != value)
    for key in changed:
        setattr(user, key, values[key])
    session.flush()
    people_register.follow_account(session, user, form.person_id, form.post, actor=actor, at=at)
    if any(key in rights for key in changed):
        end_sessions(session, user.id, at=at)
    journal.append(
        session,
        actor=actor,
        at=at,
        action="user:change",
        subject="user",
        subject_id=user.id,
        facts={"changed": changed, **_facts(user)},
    )
    return user


def set_password(
    session: Session, user_id: int, password: str, *, actor: Actor, at: datetime, keep_session_id: int | None = None
) -> None:
    """Give a person a new password: one's own, or anybody's for an administrator. Other sessions end."""
    if actor.user_id != user_id:
        require(actor, Permission.USER_MANAGE)
    user = _user(session, user_id)
    check_password(password, user.login)
    user.password_hash = hash_password(password)
    session.flush()
    end_sessions(session, user.id, at=at, keep_session_id=keep_session_id)
    journal.append(session, actor=actor, at=at, action="user:password", subject="user", subject_id=user.id)


def set_locale(session: Session, user_id: int, locale: str) -> None:
    """Keep the language a person chose for its own pages."""
    user = _user(session, user_id)
    if user.locale != locale:
        user.locale = locale
        session.flush()


def end_sessions(session: Session, user_id: int, *, at: datetime, keep_session_id: int | None = None) -> None:
    """Revoke the sessions of a person, except the one in which a password was changed."""
    statement = update(AuthSession).where(AuthSession.user_id == user_id, AuthSession.revoked_at.is_(None))
    if keep_session_id is not None:
        statement = statement.where(AuthSession.id != keep_session_id)
    session.execute(statement.values(revoked_at=at).execution_options(synchronize_session=False))


def _user(session: Session, user_id: int) -> User:
    user = session.scalars(select(User).where(User.id == user_id)).first()
    if user is None:
        raise NotFound("Человек не найден.")
    return user


def _placed(session: Session, form: UserForm) -> dict[str, Any]:
    """Columns of the form, with the place made consistent with the role."""
    school_id = form.school_id if form.role is Role.SCHOOL else None
    municipality_id = form.municipality_id
    if form.role is Role.SCHOOL:
        school = session.get(School, school_id) if school_id else None
        if school is None:
            raise Refused(
                Reason("school_missing", "Для роли «школа» укажите школу.", "The role “school” needs a school.")
            )
        municipality_id = school.municipality_id
    if form.role is Role.DEPARTMENT and municipality_id is None:
        raise Refused(
            Reason(
                "municipality_missing",
                "Для роли «отдел образования» укажите муниципалитет.",
                "The role “education department” needs a municipality.",
            )
        )
    if form.role in (Role.REGION_MANAGER, Role.ADMIN):
        municipality_id = None
    if not form.name.strip():
        raise Refused(Reason("name_empty", "Укажите фамилию, имя и отчество.", "Give the person's name."))
    return {
        "name": form.name.strip()[:200],
        "post": form.post.strip()[:200],
        "role": form.role,
        "municipality_id": municipality_id,
        "school_id": school_id,
        "is_active": form.is_active,
    }


def _facts(user: User) -> dict[str, Any]:
    return {
        "role": user.role.value,
        "municipality_id": user.municipality_id,
        "school_id": user.school_id,
        "is_active": user.is_active,
    }


SIGN_INS_KEPT = timedelta(days=30)
"""How long ended sign-ins and tries are kept; the journal keeps who signed in for good."""


def forget_sign_ins(session: Session, *, at: datetime) -> None:
    """Delete sign-ins that ended and tries that were made more than `SIGN_INS_KEPT` before `at`."""
    session.execute(delete(AuthSession).where(AuthSession.expires_at < at - SIGN_INS_KEPT))
    session.execute(delete(LoginAttempt).where(LoginAttempt.at < at - SIGN_INS_KEPT))
