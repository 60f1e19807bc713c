"""A stage or a move of a draft on a page of its own: added, changed, removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for
from flask_babel import gettext as _

from app import auth
from app.admin import flow_fields, words
from app.admin.base import say
from app.errors import Conflict, NotFound, Reason, Refused
from app.flows import CLOSED, Problem, State, sketch
from app.flows.changes import (
    Move,
    make_initial,
    moves_of,
    put_move,
    put_state,
    remove_move,
    remove_state,
    states_of,
)
from app.flows.vocabulary import FIELDS, RIGHTS
from app.models import WorkflowVersion
from app.terms import DocumentKind, Role, Verdict, WorkflowStatus
from app.workflows import flow_versions as versions
from app.workflows.definitions import ROLE_GRANTS

if TYPE_CHECKING:
    from app.admin.flows import FlowsPage


def stage(view: FlowsPage, row: WorkflowVersion, number: int | None) -> Any:
    """Show a stage of a draft, or keep what its form says; without a number, a new one."""
    if row.status is not WorkflowStatus.DRAFT:
        return redirect(url_for("flows.version", version_id=row.id))
    states = _rows_of(row, states_of(row.toml), number)
    before = None if number is None else states[number]
    sent = flow_fields.state_sent() if request.method == "POST" else before
    told, conflict = _answered(row, lambda text: _stage_changed(text, before, sent, number))
    if request.method == "POST" and not told and conflict is None:
        return redirect(url_for("flows.edit", version_id=row.id))
    definition = sketch(row.toml)
    page = view.render(
        "pages/flow_stage.html",
        row=row,
        state=sent,
        is_new=before is None,
        is_closed=before is not None and before.code == CLOSED,
        is_initial=definition is not None and before is not None and definition.initial == before.code,
        others=[(one.code, one.title(words.locale())) for one in states if one.code != CLOSED],
        after=request.values.get("after", ""),
        n_moves=0 if before is None else sum(before.code in (*m.sources, m.dest) for m in moves_of(row.toml)),
        forms=_forms(),
        verdicts=[(one.value, words.title(one)) for one in Verdict],
        documents=[(one.value, words.title(one)) for one in DocumentKind],
        fields=[(code, names[words.locale() == "en"]) for code, names in FIELDS.items()],
        problems=_here(row, "state", number),
        told=told,
        conflict=conflict,
    )
    return (page, 409) if told or conflict else page


def move(view: FlowsPage, row: WorkflowVersion, number: int | None) -> Any:
    """Show a move of a draft, or keep what its form says; without a number, a new one."""
    if row.status is not WorkflowStatus.DRAFT:
        return redirect(url_for("flows.version", version_id=row.id))
    moves = _rows_of(row, moves_of(row.toml), number)
    before = None if number is None else moves[number]
    sent = flow_fields.move_sent() if request.method == "POST" else before
    told, conflict = _answered(row, lambda text: _move_changed(text, sent, number))
    if request.method == "POST" and not told and conflict is None:
        return redirect(url_for("flows.edit", version_id=row.id))
    locale = words.locale()
    page = view.render(
        "pages/flow_move.html",
        row=row,
        move=sent,
        is_new=before is None,
        source=sent.sources if sent is not None else (request.args.get("source", ""),),
        states=[(one.code, one.title(locale)) for one in states_of(row.toml)],
        closed=CLOSED,
        rights=[(code, _right(code, names, locale)) for code, names in RIGHTS.items()],
        roles=[(role.value, words.title(role)) for role in Role],
        guards=flow_fields.guard_rows(sent, locale),
        reasons=flow_fields.reason_rows(sent),
        problems=_here(row, "transition", number),
        told=told,
        conflict=conflict,
    )
    return (page, 409) if told or conflict else page


def link(row: WorkflowVersion, problem: Problem) -> str:
    """Where a mistake of a draft is mended: the field of a form or, of a text that does not read, the text."""
    if problem.place is None:
        return "#flow-text"
    table, number, key = problem.place
    if table == "state" and problem.code == "no_closed":
        return "#flow-text"
    if table == "state":
        return url_for("flows.stage", version_id=row.id, number=number) + f"#{key or 'code'}"
    if table == "transition":
        return url_for("flows.move", version_id=row.id, number=number) + f"#{key or 'trigger'}"
    return "#stages"


def _rows_of(row: WorkflowVersion, rows: tuple[Any, ...], number: int | None) -> tuple[Any, ...]:
    if number is not None and number >= len(rows):
        raise NotFound(_("Этого места в черновике уже нет. Откройте черновик заново."))
    if not rows:
        raise Refused(
            Reason(
                "does_not_read",
                "В тексте черновика ошибка записи. Исправьте её в тексте, тогда снова откроются формы.",
                "The draft's text does not read. Mend it as text first.",
                url_for("flows.edit", version_id=row.id),
            )
        )
    return rows


def _answered(row: WorkflowVersion, change: Callable[[str], str]) -> tuple[tuple[Reason, ...], str | None]:
    """Do what was sent, if anything was: why it was refused, or that the page was stale."""
    if request.method != "POST":
        return (), None
    try:
        problems = versions.save_draft(
            auth.db(), row.id, change(row.toml), seen=request.form.get("seen", ""), actor=auth.actor(), at=auth.now()
        )
        auth.commit()
    except Refused as refused:
        auth.db().rollback()
        return refused.reasons, None
    except Conflict as conflict:
        auth.db().rollback()
        return (), str(conflict)
    if problems:
        say(_("Сохранено. Опубликовать пока нельзя: ниже сказано, что исправить."))
    else:
        say(_("Черновик сохранён, ошибок нет."))
    return (), None


def _stage_changed(text: str, before: State | None, sent: State | None, number: int | None) -> str:
    assert sent is not None  # it was posted
    if number is not None and request.form.get("what") == "remove":
        return remove_state(text, number)
    if before is not None and before.code == CLOSED:
        sent = State(CLOSED, sent.ru, sent.en)
    text = put_state(text, sent, number=number, after=request.form.get("after", "") or None)
    return make_initial(text, sent.code) if request.form.get("is_initial") and sent.code != CLOSED else text


def _move_changed(text: str, sent: Move | None, number: int | None) -> str:
    assert sent is not None  # it was posted
    if number is not None and request.form.get("what") == "remove":
        return remove_move(text, number)
    return put_move(text, sent, number=number)


def _here(row: WorkflowVersion, table: str, number: int | None) -> list[tuple[str, str]]:
    """What is wrong with this stage or move as it is kept: the field's id and the sentence."""
    return [
        (problem.place[2], problem.text(words.locale()))
        for problem in versions.problems_of(row)
        if problem.place is not None and problem.place[:2] == (table, number)
    ]


def _forms() -> list[tuple[str, str]]:
    from app.admin.case_forms import FORMS
    from app.flows.vocabulary import FORMS as NAMES

    return [(name, str(form.title)) for name, form in FORMS.items() if name in NAMES]


def _right(code: str, names: tuple[str, str], locale: str) -> str:
    holders = [words.title(Role(role)) for role, held in ROLE_GRANTS.items() if code in held]
    return f"{names[locale == 'en']} ({', '.join(holders)})"
