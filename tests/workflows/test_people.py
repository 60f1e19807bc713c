from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.models import AuthSession, LoginAttempt
from app.workflows import people


def test_ended_sign_ins_and_old_tries_are_forgotten_and_fresh_ones_stay(session, cast, at) -> None:
    for number, days in enumerate((40, 2)):
        moment = at - timedelta(days=days)
        session.add(
            AuthSession(
                key_hash=bytes([number]) * 32,
                user_id=cast["marat"].id,
                created_at=moment,
                seen_at=moment,
                expires_at=moment,
            )
        )
        session.add(LoginAttempt(login="marat", address="::1", at=moment, is_success=False))
    session.flush()

    people.forget_sign_ins(session, at=at)

    assert [row.created_at for row in session.scalars(select(AuthSession))] == [at - timedelta(days=2)]
    assert [row.at for row in session.scalars(select(LoginAttempt))] == [at - timedelta(days=2)]
