"""Оповещения: what this person was told, the daily letter, and the personal calendar feed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from app import auth
from app.admin import words
from app.admin.base import say
from app.errors import NotFound, Reason, Refused
from app.models import Digest, FeedKey, Mailbox, Notice
from app.terms import NoticeKind
from app.workflows import digests, feeds, notices

inbox = Blueprint("inbox", __name__)

PAGE = 40
TONES = {
    NoticeKind.OVERDUE: "bad",
    NoticeKind.NOT_HAPPENED: "bad",
    NoticeKind.ESCALATED: "bad",
    NoticeKind.DUE_SOON: "warn",
    NoticeKind.ABSENCE: "warn",
    NoticeKind.LOST: "warn",
}


@inbox.route("/inbox")
@auth.door(auth.SIGNED_IN)
def index() -> str:
    """Unread ones first, then the newest."""
    own = Notice.user_id == auth.actor().user_id
    only_unread = request.args.get("show") != "all"
    statement = (
        select(Notice)
        .where(own)
        .order_by(Notice.read_at.is_not(None), Notice.at.desc(), Notice.id.desc())
        .limit(PAGE + 1)
    )
    if only_unread:
        statement = statement.where(Notice.read_at.is_(None))
    rows = list(auth.db().scalars(statement))
    unread = auth.db().scalar(select(func.count(Notice.id)).where(own, Notice.read_at.is_(None)))
    return render_template(
        "pages/inbox.html",
        rows=rows[:PAGE],
        has_more=len(rows) > PAGE,
        n_unread=unread or 0,
        only_unread=only_unread,
        tones=TONES,
        text=lambda row: row.text_en if words.locale() == "en" else row.text_ru,
    )


@inbox.route("/inbox/<row:notice_id>", methods=["POST"])
@auth.door(auth.SIGNED_IN)
def follow(notice_id: int) -> Any:
    """Open what a notice is about; it is read with that."""
    row = (
        auth.db().scalars(select(Notice).where(Notice.id == notice_id, Notice.user_id == auth.actor().user_id)).first()
    )
    if row is None:
        raise NotFound(_("Такого оповещения у вас нет."))
    notices.mark_read(auth.db(), auth.actor(), [row.id], at=auth.now())
    auth.commit()
    return redirect(auth.local_target(row.href))


@inbox.route("/inbox/read", methods=["POST"])
@auth.door(auth.SIGNED_IN)
def read_all() -> Any:
    n = notices.mark_read(auth.db(), auth.actor(), None, at=auth.now())
    auth.commit()
    say(_("Прочитано: %(n)s.", n=words.number(n)))
    return redirect(url_for("inbox.index"))


@inbox.route("/inbox/settings", methods=["GET", "POST"])
@auth.door(auth.SIGNED_IN)
def settings() -> Any:
    """Where the daily letter goes, and whether; the calendar feed."""
    if request.method == "GET":
        return _settings()
    address = request.form.get("address", "").strip()
    try:
        digests.set_mailbox(auth.db(), auth.actor(), address, is_on="is_on" in request.form, at=auth.now())
    except Refused as refused:
        auth.db().rollback()
        return _settings(reasons=refused.reasons, address=address), 409
    auth.commit()
    say(_("Сохранено."))
    return redirect(url_for("inbox.settings"))


@inbox.route("/inbox/feed", methods=["POST"])
@auth.door(auth.SIGNED_IN)
def make_feed() -> Any:
    """A new secret address; it is shown on this one page and never again."""
    key = feeds.make_key(auth.db(), auth.actor(), at=auth.now())
    auth.commit()
    response = make_response(_settings(feed=f"{auth.context().settings.site_url}/feeds/{key}.ics"))
    response.headers["Cache-Control"] = "no-store"
    return response


@inbox.route("/inbox/feed/revoke", methods=["POST"])
@auth.door(auth.SIGNED_IN)
def revoke_feed() -> Any:
    if feeds.revoke_key(auth.db(), auth.actor(), at=auth.now()):
        say(_("Подписка отозвана: прежний адрес больше ничего не показывает."))
    auth.commit()
    return redirect(url_for("inbox.settings"))


@inbox.route("/feeds/<string:key>.ics")
@auth.door(auth.PUBLIC)
def feed(key: str) -> Response:
    """The feed itself: calendar programs cannot sign in, so the address is the secret."""
    context = auth.context()
    today = words.today()
    content = feeds.feed_for(context.sessions, key, context.settings.site_url, at=auth.now(), today=today)
    if content is None:
        raise NotFound(_("Такой календарной подписки нет или её отозвали. Создайте новую в настройках оповещений."))
    response = Response(content, mimetype="text/calendar")
    response.headers["Content-Disposition"] = 'inline; filename="obektiv.ics"'
    response.headers["Cache-Control"] = "private, max-age=600"
    response.add_etag()
    response.make_conditional(request)
    return response


def _settings(*, reasons: tuple[Reason, ...] = (), address: str | None = None, feed: str | None = None) -> str:
    session, own = auth.db(), auth.actor().user_id
    box = session.get(Mailbox, own)
    key = session.scalars(select(FeedKey).where(FeedKey.user_id == own, FeedKey.revoked_at.is_(None))).first()
    last = session.scalars(select(Digest).where(Digest.user_id == own).order_by(Digest.on.desc()).limit(1)).first()
    return render_template(
        "pages/inbox_settings.html",
        box=box,
        address=address if address is not None else (box.address if box else ""),
        key=key,
        feed=feed,
        last=last,
        reasons=reasons,
        hour=notices.load_rules().hour,
        is_mail_on=bool(auth.context().settings.smtp_url),
    )
