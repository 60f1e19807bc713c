"""One measure of a programme to adapt, one task to carry out, the file that proves it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app import auth
from app.admin import plan_forms, programme_page, words
from app.admin.base import say
from app.admin.plan_forms import Told
from app.errors import NotFound, Reason, Refused
from app.models import JournalEntry, ProgrammeMeasure, ProgrammeTask, User
from app.policy import Permission, holds
from app.terms import ProgrammeStatus
from app.workflows import programme_tasks as verbs
from app.workflows import programmes

task_routes = Blueprint("programme_tasks", __name__, url_prefix="/programmes")


@task_routes.route("/measures/<row:measure_id>", methods=["GET", "POST"])
@auth.door(Permission.PROGRAMME_KEEP)
def measure(measure_id: int) -> Any:
    """Reword a measure, give it another term or a person, leave it out with a reason."""
    row = _measure(measure_id)
    programmes.own(row.programme, auth.actor())
    told = Told()
    if request.method == "POST":

        def verb() -> None:
            person = request.form.get("responsible_id", "")
            adapted = programmes.Adapted(
                plan_forms.typed("what"),
                plan_forms.typed("result"),
                plan_forms.typed("evidence"),
                plan_forms.rule(row.rule),
                int(person) if person.isascii() and person.isdigit() and len(person) <= 9 else None,
                plan_forms.typed("responsible_name", 300),
                plan_forms.typed("left_out_reason") if request.form.get("left_out") else "",
            )
            programmes.adapt(
                auth.db(),
                row.id,
                adapted,
                actor=auth.actor(),
                at=auth.now(),
                expected_version=plan_forms.version(),
                reason=plan_forms.typed("reason"),
            )

        if request.form.get("left_out") and not plan_forms.typed("left_out_reason"):
            told = Told((Reason("no_reason", _("Объясните, почему мероприятие не входит в программу.")),))
        else:
            told = plan_forms.attempt(verb)
        if not told.is_bad:
            say(_("Мероприятие сохранено."))
            return redirect(url_for("programmes.programme", programme_id=row.programme_id, tab="table"))
        row = _measure(measure_id)
    people = auth.db().scalars(select(User).where(User.is_active).order_by(User.name).limit(1000)).all()
    page = render_template(
        "pages/programme_measure.html",
        measure=row,
        programme=row.programme,
        is_running=row.programme.status is not ProgrammeStatus.DRAFT,
        told=told,
        typed=request.form,
        people=people,
        rules=plan_forms.rule_choices(),
        when=plan_forms.when(row.rule, row.when_note),
        roles=plan_forms.parties(row.roles),
        section=programme_page.section_titles(row.programme).get(row.section, row.section),
    )
    return (page, 409) if told.is_bad else page


@task_routes.route("/tasks/<row:task_id>")
@auth.door(Permission.PROGRAMME_READ)
def task(task_id: int) -> Any:
    return _page(_task(task_id), Told())


@task_routes.route("/tasks/<row:task_id>/act", methods=["POST"])
@auth.door(Permission.PROGRAMME_KEEP)
def act(task_id: int) -> Any:
    """Done, waived, moved, back to its rule, or taken up again: the form's button names it."""
    row = _task(task_id)
    who: dict[str, Any] = {"actor": auth.actor(), "at": auth.now(), "expected_version": plan_forms.version()}
    session, action = auth.db(), request.form.get("action", "")

    def verb() -> None:
        if action == "done":
            verbs.complete(session, auth.context().store, row.id, plan_forms.report(), **who)
        elif action == "waive":
            verbs.waive(session, row.id, plan_forms.typed("reason"), **who)
        elif action == "move":
            due_on = plan_forms.day("due_on", _("новый срок"))
            verbs.move(session, row.id, due_on, plan_forms.typed("reason"), **who)
        elif action == "unpin":
            verbs.unpin(session, row.id, **who)
        elif action == "reopen":
            verbs.reopen(session, row.id, plan_forms.typed("reason"), **who)
        else:
            raise Refused(Reason("action", _("Выберите действие на странице.")))

    told = plan_forms.attempt(verb)
    if told.is_bad:
        return _page(_task(task_id), told), 409
    say(_("Сохранено."))
    if action == "done":
        return redirect(url_for("programmes.programme", programme_id=row.programme_id))
    return redirect(url_for("programme_tasks.task", task_id=task_id))


@task_routes.route("/tasks/<row:task_id>/file")
@auth.door(Permission.PROGRAMME_READ)
def file(task_id: int) -> Any:
    """The file that proves a task is done."""
    row = _task(task_id)
    auth.note("programme:file", "programme", row.programme_id, task_id=row.id)
    return plan_forms.file_of(row)


def _page(row: ProgrammeTask, told: Told) -> str:
    measure_row = row.measure
    entries = auth.db().scalars(
        select(JournalEntry)
        .where(JournalEntry.subject == "programme", JournalEntry.subject_id == row.programme_id)
        .order_by(JournalEntry.seq.desc())
        .limit(300)
    )
    return render_template(
        "pages/programme_task.html",
        task=row,
        measure=measure_row,
        programme=measure_row.programme,
        what=programme_page.what_of(measure_row),
        who=programme_page.who_of(measure_row),
        when=plan_forms.when(row.rule, measure_row.when_note),
        section=programme_page.section_titles(measure_row.programme).get(measure_row.section, ""),
        others=[other for other in measure_row.tasks if other.id != row.id],
        state_of=plan_forms.state,
        told=told,
        course=[
            {
                "title": str(ACTIONS.get(entry.action, entry.action)),
                "at": words.moment(entry.at),
                "by": entry.actor_name,
                "text": entry.reason,
            }
            for entry in entries
            if entry.facts.get("task_id") == row.id
        ],
        may_act=auth.actor().may(Permission.PROGRAMME_KEEP) and holds(auth.actor(), row),
        action_url=url_for("programme_tasks.act", task_id=row.id),
        file_url=url_for("programme_tasks.file", task_id=row.id),
        may_waive=True,
        **plan_forms.page_of(row, measure_row.kind),
    )


ACTIONS = {
    "programme:done": _l("Отмечено выполнение"),
    "programme:waive": _l("Снято с причиной"),
    "programme:move": _l("Срок перенесён"),
    "programme:unpin": _l("Срок снова следует правилу"),
    "programme:reopen": _l("Открыто снова"),
}


def _measure(measure_id: int) -> ProgrammeMeasure:
    row = auth.db().scalars(select(ProgrammeMeasure).where(ProgrammeMeasure.id == measure_id)).first()
    if row is None:
        raise NotFound(_("Такого мероприятия нет, или оно относится к другой территории."))
    return row


def _task(task_id: int) -> ProgrammeTask:
    row = auth.db().scalars(select(ProgrammeTask).where(ProgrammeTask.id == task_id)).first()
    if row is None:
        raise NotFound(_("Такой задачи нет, или она относится к другой территории."))
    return row
