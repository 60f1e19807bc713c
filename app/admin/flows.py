"""«Ход дела»: the workflows as data, their versions, drafts, and what new cases get where."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import flow_fields, flow_migrations, words
from app.admin.base import Page, say
from app.errors import Conflict, Reason, Refused
from app.flows import Definition, Problem, Step
from app.flows.comparing import compare
from app.flows.diagram import svg
from app.flows.vocabulary import GUARDS
from app.models import Municipality, WorkflowVersion
from app.policy import GRANTS, Permission
from app.terms import CaseKind, Role, Verdict, WorkflowStatus
from app.workflows import flow_versions as versions
from app.workflows.definitions import as_numbers, chosen_name, newest

STATUS_TONES = {WorkflowStatus.DRAFT: "warn", WorkflowStatus.PUBLISHED: "good", WorkflowStatus.RETIRED: "muted"}
Answer = str | AnyResponse | tuple[str, int]


class FlowsPage(Page):
    permission = Permission.WORKFLOW_READ

    @expose("/")
    @auth.door(Permission.WORKFLOW_READ)
    def index(self) -> Answer:
        """Every version, and which workflow new cases get."""
        return self._index()

    @expose("/choose", methods=("POST",))
    @auth.door(Permission.WORKFLOW_CHOOSE)
    def choose(self) -> Answer:
        """Say what new cases of a kind get in one's own territory."""
        kind = request.form.get("kind", "")
        try:
            if kind not in set(CaseKind):
                raise Refused(Reason("bad_kind", "Выберите вид дел.", "Choose a kind of cases."))
            versions.choose(
                auth.db(),
                CaseKind(kind),
                request.form.get("name", "")[:40],
                municipality_id=auth.actor().municipality_id,
                reason=request.form.get("reason", "")[:2000],
                actor=auth.actor(),
                at=auth.now(),
            )
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._index(refused.reasons), 409
        say(_("Новые дела пойдут выбранным ходом; начатые продолжаются как были."))
        return redirect(url_for("flows.index"))

    @expose("/<row:version_id>")
    @auth.door(Permission.WORKFLOW_READ)
    def version(self, version_id: int) -> Answer:
        """One version: diagram, stages, moves."""
        return self._version(versions.version_of(auth.db(), version_id))

    @expose("/<row:version_id>/draft", methods=("POST",))
    @auth.door(Permission.WORKFLOW_EDIT)
    def draft(self, version_id: int) -> Answer:
        """Start a draft from a version."""
        try:
            row = versions.start_draft(
                auth.db(),
                version_id,
                name=request.form.get("name", "")[:60],
                actor=auth.actor(),
                at=auth.now(),
            )
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._version(versions.version_of(auth.db(), version_id), refused.reasons), 409
        return redirect(url_for("flows.edit", version_id=row.id))

    @expose("/<row:version_id>/edit", methods=("GET", "POST"))
    @auth.door(Permission.WORKFLOW_EDIT)
    def edit(self, version_id: int) -> Answer:
        """A draft as fields and as text; saving keeps it right or wrong and says what is wrong."""
        row = versions.version_of(auth.db(), version_id)
        if row.status is not WorkflowStatus.DRAFT:
            return redirect(url_for("flows.version", version_id=row.id))
        if request.method == "GET":
            return self._edit(row, row.toml)
        text = request.form.get("text", "")
        if request.form.get("mode") == "fields":
            text = flow_fields.text_of(row)
        try:
            problems = versions.save_draft(
                auth.db(), row.id, text, seen=request.form.get("seen", ""), actor=auth.actor(), at=auth.now()
            )
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._edit(versions.version_of(auth.db(), version_id), text, told=refused.reasons), 409
        except Conflict as conflict:
            auth.db().rollback()
            fresh = versions.version_of(auth.db(), version_id)
            return self._edit(fresh, text, conflict=str(conflict)), 409
        if not problems:
            say(_("Черновик сохранён, ошибок нет."))
            return redirect(url_for("flows.edit", version_id=row.id))
        return self._edit(row, row.toml, problems=problems), 422

    @expose("/<row:version_id>/discard", methods=("POST",))
    @auth.door(Permission.WORKFLOW_EDIT)
    def discard(self, version_id: int) -> Answer:
        """Delete a draft."""
        try:
            versions.discard_draft(auth.db(), version_id, actor=auth.actor(), at=auth.now())
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._version(versions.version_of(auth.db(), version_id), refused.reasons), 409
        say(_("Черновик удалён."))
        return redirect(url_for("flows.index"))

    @expose("/<row:version_id>/compare")
    @auth.door(Permission.WORKFLOW_READ)
    def compare(self, version_id: int) -> Answer:
        """What the version changes against the one that new cases get, and the way to publish it."""
        return self._compare(versions.version_of(auth.db(), version_id))

    @expose("/<row:version_id>/publish", methods=("POST",))
    @auth.door(Permission.WORKFLOW_EDIT)
    def publish(self, version_id: int) -> Answer:
        """Publish a draft: asked twice, refused while anything is wrong with it."""
        row = versions.version_of(auth.db(), version_id)
        try:
            if request.form.get("sure") != "yes":
                raise Refused(
                    Reason(
                        "not_sure",
                        "Отметьте, что изменения прочитаны: опубликованную версию уже не исправить.",
                        "Tick that you have read the changes: a published version cannot be mended.",
                    )
                )
            versions.publish(
                auth.db(),
                row.id,
                seen=request.form.get("seen", ""),
                note=request.form.get("note", "")[:2000],
                actor=auth.actor(),
                at=auth.now(),
            )
            auth.commit()
        except (Refused, Conflict) as error:
            auth.db().rollback()
            fresh = versions.version_of(auth.db(), version_id)
            if isinstance(error, Refused):
                return self._compare(fresh, told=error.reasons), 409
            return self._compare(fresh, conflict=str(error)), 409
        say(_("Версия опубликована. Новые дела пойдут по ней, начатые продолжаются по своей."))
        return redirect(url_for("flows.version", version_id=version_id))

    @expose("/<row:version_id>/retire", methods=("POST",))
    @auth.door(Permission.WORKFLOW_EDIT)
    def retire(self, version_id: int) -> Answer:
        """Give the version to no new case any more."""
        try:
            versions.retire(
                auth.db(), version_id, reason=request.form.get("reason", "")[:2000], actor=auth.actor(), at=auth.now()
            )
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._version(versions.version_of(auth.db(), version_id), refused.reasons), 409
        say(_("Версия снята с новых дел."))
        return redirect(url_for("flows.version", version_id=version_id))

    @expose("/<row:version_id>/migrate", methods=("GET", "POST"))
    @auth.door(Permission.WORKFLOW_EDIT)
    def migrate(self, version_id: int) -> Answer:
        """Lead running cases over: the mapping of stages, what it does case by case, and the decision."""
        return flow_migrations.serve(self, versions.version_of(auth.db(), version_id))

    @expose("/migrations/<row:migration_id>", methods=("GET", "POST"))
    @auth.door(Permission.WORKFLOW_EDIT)
    def migration(self, migration_id: int) -> Answer:
        """What a migration did, case by case, and the way back."""
        return flow_migrations.show(self, migration_id)

    # ---- pages ----

    def _index(self, told: tuple[Reason, ...] = ()) -> str:
        session = auth.db()
        rows = session.scalars(select(WorkflowVersion)).all()
        rows = sorted(rows, key=lambda r: (list(CaseKind).index(r.kind), r.name, as_numbers(r.version)))
        here = auth.actor().municipality_id
        choices = []
        for kind in CaseKind:
            names = sorted({r.name for r in rows if r.kind is kind and r.status is WorkflowStatus.PUBLISHED})
            options = [
                (name, flow.definition.title(words.locale())) for name in names if (flow := newest(session, name))
            ]
            choices.append((kind, chosen_name(session, kind, here), options))
        return self.render(
            "pages/flows.html",
            kinds=[(kind, of_kind) for kind in CaseKind if (of_kind := [r for r in rows if r.kind is kind])],
            running=versions.running_cases(session),
            tones=STATUS_TONES,
            choices=choices,
            chosen_place=session.scalar(select(Municipality.name).where(Municipality.id == here)),
            told=told,
        )

    def _version(self, row: WorkflowVersion, told: tuple[Reason, ...] = ()) -> str:
        definition = versions.definition_of(row)
        return self.render(
            "pages/flow.html",
            row=row,
            definition=definition,
            picture=_picture(definition),
            stages=_stages(definition),
            steps=_steps(definition),
            n_running=versions.running_cases(auth.db()).get((row.name, row.version), 0),
            migrations=flow_migrations.of_version(row),
            tones=STATUS_TONES,
            told=told,
        )

    def _edit(
        self,
        row: WorkflowVersion,
        text: str,
        *,
        problems: list[Problem] | None = None,
        told: tuple[Reason, ...] = (),
        conflict: str | None = None,
    ) -> str:
        found = versions.problems_of(row, text) if problems is None else problems
        definition = None if found else versions.definition_of(row)
        return self.render(
            "pages/flow_edit.html",
            row=row,
            text=text,
            problems=[(p.line, p.key, p.text(words.locale())) for p in found],
            definition=definition,
            moves=flow_fields.moves(definition, text),
            picture=_picture(definition),
            told=told,
            conflict=conflict,
        )

    def _compare(self, row: WorkflowVersion, *, told: tuple[Reason, ...] = (), conflict: str | None = None) -> str:
        session = auth.db()
        definition, base = versions.definition_of(row), _base(row)
        flow = None if base is None else versions.definition_of(base)
        changes = compare(flow, definition) if flow and definition else []
        locale = words.locale()
        return self.render(
            "pages/flow_compare.html",
            row=row,
            base=base,
            definition=definition,
            changes=[(c.sign, c.about(locale), c.text(locale)) for c in changes],
            n_running=sum(n for (name, _v), n in versions.running_cases(session).items() if name == row.name),
            problems=[(p.line, p.key, p.text(locale)) for p in versions.problems_of(row)]
            if row.status is WorkflowStatus.DRAFT
            else [],
            told=told,
            conflict=conflict,
        )


def _base(row: WorkflowVersion) -> WorkflowVersion | None:
    """What a version is compared with: the published one before it, of its own name or else the shipped one."""
    for name in dict.fromkeys((row.name, row.kind.value)):
        kept = auth.db().scalars(
            select(WorkflowVersion).where(
                WorkflowVersion.name == name,
                WorkflowVersion.status != WorkflowStatus.DRAFT,
                WorkflowVersion.id != row.id,
            )
        )
        older = [r for r in kept if name != row.name or as_numbers(r.version) < as_numbers(row.version)]
        if older:
            return max(older, key=lambda r: as_numbers(r.version))
    return None


def _picture(definition: Definition | None) -> Markup | None:
    if definition is None:
        return None
    title = _("Ход дела: %(title)s", title=definition.title(words.locale()))
    return Markup(  # noqa: S704 - every text in it has been escaped by `svg`
        svg(definition, words.locale(), title=title, working_days=_("{n} раб. дн."))
    )


def _stages(definition: Definition | None) -> list[dict[str, Any]]:
    from app.admin.case_forms import FORMS

    if definition is None:
        return []
    locale = words.locale()
    return [
        {
            "code": state.code,
            "title": state.title(locale),
            "days": state.days,
            "by": None if state.by is None else f"{state.by[3:]}.{state.by[:2]}",
            "next": None if state.next is None else state.next.title(locale),
            "forms": [str(FORMS[form].title) for form in state.forms],
            "verdicts": [words.title(Verdict(code)) for code in state.verdicts],
        }
        for state in definition.states
    ]


def _steps(definition: Definition | None) -> list[dict[str, Any]]:
    if definition is None:
        return []
    locale = words.locale()
    titles = {state.code: state.title(locale) for state in definition.states}
    lines: dict[str, dict[str, Any]] = {}
    for step in definition.steps:
        line = {
            "dest": titles[step.dest],
            "title": step.title(locale),
            "who": [words.title(role) for role in _who(step)],
            "guards": [GUARDS[use.name].title(use.params, locale) for use in step.guards],
            "reasons": [reason.title(locale) for reason in step.reasons],
            "is_side": step.is_side,
        }
        # The same move out of several stages is one line.
        lines.setdefault(repr(line), {**line, "sources": []})["sources"].append(titles[step.source])
    return list(lines.values())


def _who(step: Step) -> list[Role]:
    """Roles that may make a move: those that hold its right, or the narrower ones that it names."""
    return [role for role in Role if step.permission in GRANTS[role] and (not step.roles or role in step.roles)]
