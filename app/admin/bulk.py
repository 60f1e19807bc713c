"""«Массовые решения»: one decision over a whole filter of the list of cases, tried dry, carried out, withdrawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response, current_app, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload
from wtforms import DateField, RadioField, SelectField, TextAreaField
from wtforms.validators import Length, Optional

from app import auth
from app.admin import case_fields, export, words
from app.admin.base import Page, say
from app.errors import NotFound, Reason, Refused
from app.models import BulkDecision, BulkRow, Case, OutboxJob, User
from app.policy import Permission
from app.terms import BulkKind, BulkRowStatus, BulkStatus, JobStatus, Role
from app.workflows import bulk, bulk_verbs, bulk_withdrawal
from app.workflows.side_rules import load_rules

SHOWN = 300
"""Rows on the page; the export has all."""

ROW_TONES = {
    BulkRowStatus.DONE: "good",
    BulkRowStatus.WAITING: "accent",
    BulkRowStatus.UNABLE: "warn",
    BulkRowStatus.CHANGED: "warn",
    BulkRowStatus.REFUSED: "bad",
    BulkRowStatus.RESTORED: "good",
    BulkRowStatus.KEPT: "warn",
}
STATUS_TONES = {
    BulkStatus.DRAFT: "muted",
    BulkStatus.QUEUED: "warn",
    BulkStatus.RUNNING: "warn",
    BulkStatus.DONE: "good",
    BulkStatus.WITHDRAWN: "bad",
}


class BulkFields(FlaskForm):
    what = RadioField(_l("Что сделать"), [case_fields.NEEDED])
    until_on = DateField(
        _l("Отложить до"),
        [Optional()],
        format=case_fields.DAY_FORMATS,
        description=_l("Нужно, только если дела откладывают."),
    )
    person_id = SelectField(
        _l("Куратор"),
        [Optional()],
        coerce=int,
        description=_l("Нужен, если дела передают или поручают собеседование."),
    )
    reason = TextAreaField(
        _l("Почему"), [case_fields.NEEDED, Length(max=2000)], description=_l("Встанет в журнал каждого дела.")
    )


@dataclass(frozen=True)
class Group:
    """Cases that cannot be decided on for one reason."""

    text: str
    rows: list[BulkRow]


class BulkPage(Page):
    permission = Permission.CASE_BULK

    @expose("/")
    @auth.door(Permission.CASE_BULK)
    def index(self) -> str:
        """The newest decisions in sight."""
        found = auth.db().scalars(select(BulkDecision).order_by(BulkDecision.id.desc()).limit(100)).all()
        return self.render("pages/bulk_list.html", decisions=found, title_of=title_of, tones=STATUS_TONES)

    @expose("/new", methods=("GET", "POST"))
    @auth.door(Permission.CASE_BULK)
    def new(self) -> Any:
        """The form of a decision over the cases that the address's filter holds; sending it tries the decision dry."""
        conditions = _cases_view().conditions()
        # What is closed moves no more; it would only lengthen the list of what cannot be done.
        conditions.append(Case.closed_at.is_(None))
        n = auth.db().scalar(select(func.count(Case.id)).where(*conditions)) or 0
        form = BulkFields()
        form.what.choices = kinds()
        form.person_id.choices = [(0, "—"), *_curators()]
        told: tuple[Reason, ...] = ()
        if request.method == "POST" and form.validate():
            most = load_rules().most_cases
            ids = auth.db().scalars(select(Case.id).where(*conditions).order_by(Case.id).limit(most + 1)).all()
            kind, _mark, move = form.what.data.partition(":")
            trigger, _mark, code = move.partition(":")
            try:
                made = bulk.try_dry(
                    auth.db(),
                    BulkKind(kind),
                    ids,
                    trigger=trigger,
                    params=_params(BulkKind(kind), form, code),
                    filters={key: value for key, value in request.args.items() if value},
                    reason=form.reason.data or "",
                    actor=auth.actor(),
                    at=auth.now(),
                )
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                told = refused.reasons
            else:
                return redirect(url_for("bulk.decision", decision_id=made.id))
        page = self.render(
            "pages/bulk_new.html",
            form=form,
            n=n,
            filters=filter_words(dict(request.args)),
            told=told,
            problems=case_fields.field_errors(form),
            minutes=load_rules().letters_minutes,
        )
        return (page, 409) if told else (page, 422) if form.errors else page

    @expose("/<row:decision_id>")
    @auth.door(Permission.CASE_BULK)
    def decision(self, decision_id: int) -> str:
        return self._page(one(decision_id))

    @expose("/<row:decision_id>/confirm", methods=("POST",))
    @auth.door(Permission.CASE_BULK)
    def confirm(self, decision_id: int) -> Any:
        one(decision_id)
        try:
            bulk.confirm(auth.db(), decision_id, actor=auth.actor(), at=auth.now())
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._page(one(decision_id), refused.reasons), 409
        say(_("Решение выполняется. Пока письма не ушли, его можно отозвать."))
        return redirect(url_for("bulk.decision", decision_id=decision_id))

    @expose("/<row:decision_id>/withdraw", methods=("POST",))
    @auth.door(Permission.CASE_BULK)
    def withdraw(self, decision_id: int) -> Any:
        one(decision_id)
        reason = request.form.get("reason", "")[:2000]
        try:
            bulk_withdrawal.withdraw(auth.db(), decision_id, reason, actor=auth.actor(), at=auth.now())
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._page(one(decision_id), refused.reasons, reason), 409
        say(_("Решение отозвано: письма не уйдут, дела возвращаются."))
        return redirect(url_for("bulk.decision", decision_id=decision_id))

    @expose("/<row:decision_id>/export/<kind>", methods=("POST",))
    @auth.door(Permission.CASE_BULK)
    def export_rows(self, decision_id: int, kind: str) -> Response:
        """The report per row as a file."""
        if kind not in export.MIMETYPES:
            raise Refused(Reason("export_kind", _("Список выгружается в xlsx или csv.")))
        found = one(decision_id)
        titles = [_("Школа"), _("Дело"), _("Итог"), _("Почему"), _("Где дело сейчас")]
        table = [
            [
                row.case.school.name,
                row.case.number,
                words.title(row.status),
                reasons_of(row),
                words.stage(row.case),
            ]
            for row in _rows(found)
        ]
        name = f"{title_of(found)} {words.day(auth.now(), 'short')}"
        note = _("Решение № %(n)s: %(why)s", n=found.id, why=found.reason)
        content = export.as_csv(titles, table) if kind == "csv" else export.as_xlsx(titles, table, _("Дела"), note)
        auth.note("bulk:export", "bulk", found.id, rows=len(table), kind=kind)
        return export.attachment(content, f"{name}.{kind}", export.MIMETYPES[kind])

    def _page(self, found: BulkDecision, told: tuple[Reason, ...] = (), reason: str = "") -> str:
        counts = bulk.counts(auth.db(), found)
        rows = _rows(found, SHOWN)
        until = bulk_withdrawal.until(found)
        is_open = until is not None and auth.now() < until and found.status is not BulkStatus.WITHDRAWN
        return self.render(
            "pages/bulk_decision.html",
            decision=found,
            title=title_of(found),
            tone=STATUS_TONES[found.status],
            filters=filter_words(found.filters),
            counts=counts,
            able=[row for row in rows if row.status is BulkRowStatus.WAITING],
            groups=groups_of(found),
            rows=rows,
            row_tones=ROW_TONES,
            reasons_of=reasons_of,
            is_working=_is_working(found, counts),
            is_stopped=_is_stopped(found),
            is_own=found.made_by_id == auth.actor().user_id,
            is_old=auth.now() - found.tried_at > bulk.DRAFT_LIFE,
            left=_left(until - auth.now()) if is_open and until is not None else None,
            told=told,
            reason=reason,
        )


def one(decision_id: int) -> BulkDecision:
    found = auth.db().scalars(select(BulkDecision).where(BulkDecision.id == decision_id)).first()
    if found is None:
        raise NotFound(_("Такого решения нет, или оно относится к другой территории."))
    return found


def kinds() -> list[tuple[str, str]]:
    """What can be decided: every move of the workflows in use, once a listed reason, then the rest."""
    locale, session = words.locale(), auth.db()
    moves = []
    for trigger, (ru, en) in bulk_verbs.triggers(session).items():
        title = _("Ход: %(title)s", title=en if locale == "en" else ru)
        if bulk_verbs.goes_without_code(session, trigger):
            moves.append((f"move:{trigger}", title))
        for code, reason in bulk_verbs.reason_codes(session, trigger).items():
            moves.append((f"move:{trigger}:{code}", f"{title} — {reason.title(locale)}"))
    return [*moves, *((kind.value, words.capital(words.title(kind))) for kind in BulkKind if kind != BulkKind.MOVE)]


def title_of(found: BulkDecision) -> str:
    """A decision by name: the move, or what is done with the cases."""
    if found.kind is BulkKind.MOVE:
        ru, en = bulk_verbs.triggers(auth.db()).get(found.trigger, (found.trigger, found.trigger))
        title = en if words.locale() == "en" else ru
        reason = bulk_verbs.reason_codes(auth.db(), found.trigger).get(found.params.get("reason_code", ""))
        return f"{title} — {reason.title(words.locale())}" if reason is not None else title
    if found.kind is BulkKind.HOLD:
        return _("Отложить до %(day)s", day=words.day(found.params.get("until_on"), "short"))
    return words.capital(words.title(found.kind))


def filter_words(filters: dict[str, Any]) -> list[tuple[str, str]]:
    """The filter of the list in words: title and choice."""
    found = []
    for item in _cases_view().filters:
        value = str(filters.get(item.name) or "")
        title = next((title for choice, title in item.choices() if choice == value), None)
        if title is not None:
            found.append((str(item.title), title))
    if filters.get("search"):
        found.append((_("Поиск"), str(filters["search"])[:80]))
    return found


def groups_of(found: BulkDecision) -> list[Group]:
    """Rows that were not carried out, by their first reason, the largest group first."""
    rows = (
        auth.db()
        .scalars(
            select(BulkRow)
            .where(
                BulkRow.decision_id == found.id,
                BulkRow.status.in_(
                    [BulkRowStatus.UNABLE, BulkRowStatus.CHANGED, BulkRowStatus.REFUSED, BulkRowStatus.KEPT]
                ),
            )
            .options(selectinload(BulkRow.case).selectinload(Case.school))
            .order_by(BulkRow.id)
        )
        .all()
    )
    by_code: dict[str, list[BulkRow]] = defaultdict(list)
    for row in rows:
        by_code[row.reasons[0]["code"] if row.reasons else ""].append(row)
    grouped = [Group(reasons_of(same[0], first_only=True), same) for same in by_code.values()]
    return sorted(grouped, key=lambda group: -len(group.rows))


def reasons_of(row: BulkRow, *, first_only: bool = False) -> str:
    """Why a row was not carried out, in the reader's language."""
    told = [str(reason.get(words.locale()) or reason["ru"]) for reason in row.reasons]
    return told[0] if first_only and told else " ".join(told)


def progress_of(found: BulkDecision) -> dict[str, Any]:
    """Share done of the job that carries a decision out or puts it back."""
    counts = bulk.counts(auth.db(), found)
    left = counts[BulkRowStatus.DONE.value if found.status is BulkStatus.WITHDRAWN else BulkRowStatus.WAITING.value]
    n = max(found.n_able, 1)
    text = _("%(done)s из %(all)s", done=words.number(n - left), all=words.number(n))
    return {"share": (n - left) / n, "text": text, "done": not _is_working(found, counts)}


def _is_working(found: BulkDecision, counts: dict[str, int]) -> bool:
    if found.status is BulkStatus.WITHDRAWN:
        return bool(counts.get(BulkRowStatus.DONE.value))
    return found.status in (BulkStatus.QUEUED, BulkStatus.RUNNING)


def _is_stopped(found: BulkDecision) -> bool:
    """Whether the job died after failures: an administrator can set it going again."""
    return (
        auth.db().scalar(
            select(OutboxJob.id)
            .where(
                OutboxJob.kind.in_(["bulk_decision", "bulk_withdraw"]),
                OutboxJob.subject_id == found.id,
                OutboxJob.status == JobStatus.DEAD,
            )
            .limit(1)
        )
        is not None
    )


def _rows(found: BulkDecision, limit: int | None = None) -> list[BulkRow]:
    statement = (
        select(BulkRow)
        .where(BulkRow.decision_id == found.id)
        .options(selectinload(BulkRow.case).selectinload(Case.school))
        .order_by(BulkRow.status, BulkRow.id)
    )
    return list(auth.db().scalars(statement.limit(limit) if limit else statement))


def _params(kind: BulkKind, form: BulkFields, code: str) -> dict[str, Any]:
    if kind is BulkKind.HOLD:
        return {"until_on": form.until_on.data.isoformat() if form.until_on.data else None}
    if kind is BulkKind.MOVE:
        return {"reason_code": code} if code else {}
    return {"person_id": form.person_id.data or None}


def _curators() -> list[tuple[int, str]]:
    people = auth.db().execute(
        select(User.id, User.name).where(User.role == Role.CURATOR, User.is_active).order_by(User.name)
    )
    return [(row.id, row.name) for row in people]


def _left(time: timedelta) -> str:
    minutes = max(1, round(time.total_seconds() / 60))
    return words.plural(minutes, ("минута", "минуты", "минут"), ("minute", "minutes"))


def _cases_view() -> Any:
    (admin,) = current_app.extensions["admin"]
    return next(view for view in admin._views if view.endpoint == "cases")
