"""My mentoring pairs: what I have promised, when we met, and the mentor's note of a meeting."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from app import auth
from app.admin import plan_forms, words
from app.admin.base import say
from app.admin.mentoring import TONES
from app.admin.plan_forms import Told
from app.terms import MentoringStatus
from app.workflows import own_pairs as verbs

own_pairs = Blueprint("own_pairs", __name__, url_prefix="/account/pairs")


@own_pairs.route("/")
@auth.door(auth.SIGNED_IN)
def index() -> Any:
    """Pairs in which I stand by my card of the register."""
    return render_template("pages/own_pairs.html", pairs=verbs.own_pairs(auth.db(), auth.actor()), tones=TONES)


@own_pairs.route("/<row:pair_id>", methods=("GET", "POST"))
@auth.door(auth.SIGNED_IN)
def pair(pair_id: int) -> Any:
    """One of my pairs; the mentor writes meetings down."""
    told = Told()
    if request.method == "POST":
        told = plan_forms.attempt(lambda: _record(pair_id))
        if not told.is_bad:
            say(_("Встреча записана."))
            return redirect(url_for("own_pairs.pair", pair_id=pair_id))
    found = verbs.own_pair(auth.db(), auth.actor(), pair_id)
    page = render_template(
        "pages/own_pair.html",
        pair=found,
        told=told,
        typed=request.form,
        today=words.today(),
        tone=TONES[found.status],
        may_record=found.is_mentor and found.status is MentoringStatus.ACTIVE,
    )
    return (page, 409) if told.is_bad else page


def _record(pair_id: int) -> None:
    verbs.record_own_meeting(
        auth.db(),
        pair_id,
        held_on=plan_forms.day("held_on", _("день встречи")),
        theme=plan_forms.typed("theme", 300),
        agreed=plan_forms.typed("agreed"),
        actor=auth.actor(),
        at=auth.now(),
    )
