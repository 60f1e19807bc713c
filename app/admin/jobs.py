"""Background jobs as rows: what waits, what runs, what died, and the button that sets a dead one going again."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import redirect, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import choices
from app.admin.base import Column, Filter, ScopedView, say
from app.errors import Conflict
from app.models import OutboxJob
from app.policy import Permission
from app.terms import JobStatus
from app.workflows import journal, outbox

TONES = {
    JobStatus.DONE: "good",
    JobStatus.DEAD: "bad",
    JobStatus.RUNNING: "warn",
    JobStatus.PENDING: "muted",
    JobStatus.CALLED_OFF: "muted",
}
KINDS = {
    "bulk_decision": _l("массовое решение"),
    "bulk_withdraw": _l("отзыв массового решения"),
    "apply_plan": _l("назначения по плану"),
    "case_moved": _l("сообщение о ходе дела"),
    "cases_led": _l("сообщение о переводе дел"),
    "change_calendar": _l("изменение календаря и сроков"),
    "issue_document": _l("оформление документа"),
    "migrate_cases": _l("перевод дел на другую версию"),
    "undo_migration": _l("возврат переведённых дел"),
    "draw_recheck": _l("составление выборки"),
    "read_upload": _l("чтение файла"),
    "screen_year": _l("проверка года"),
    "solve_plan": _l("расчёт плана назначений"),
    "find_low_results": _l("поиск школ с низкими результатами"),
    "link_scales": _l("общая шкала работ"),
    "day_round": _l("ежедневный обход сроков"),
    "send_digest": _l("письмо за день"),
    "tell_of_absence": _l("сообщение об отсутствии"),
    "tell_of_pair": _l("сообщение о паре наставничества"),
    "tell_of_work": _l("сообщение о поручении"),
}


class JobsView(ScopedView):
    permission = Permission.JOB_READ
    heading: ClassVar[Any] = _l("Задания")
    lead: ClassVar[Any] = _l(
        "Работа, которую программа делает в фоне. Остановленное после сбоев можно запустить снова."
    )
    empty: ClassVar[Any] = _l("Заданий пока не было.")
    list_template = "pages/jobs.html"
    columns = (
        Column("id", _l("№"), lambda j: j.id, kind="number"),
        Column("kind", _l("Что"), lambda j: str(KINDS.get(j.kind, j.kind)), kind="strong"),
        Column("subject_id", _l("Запись"), lambda j: str(j.subject_id)),
        Column("status", _l("Состояние"), lambda j: j.status, kind="pill", tone=lambda j: TONES.get(j.status, "")),
        Column("attempts", _l("Попыток"), lambda j: j.attempts, kind="number"),
        Column("created_at", _l("Создано"), lambda j: j.created_at, kind="moment", sort="created_at"),
        Column("done_at", _l("Готово"), lambda j: j.done_at, kind="moment", is_wide_only=True),
        Column("error", _l("Ошибка"), lambda j: (j.error or "").splitlines()[-1][:160] if j.error else "—"),
    )
    filters = (
        Filter("status", _l("Состояние"), lambda: choices.terms(JobStatus), lambda v: OutboxJob.status == v),
        Filter(
            "kind",
            _l("Что"),
            lambda: choices.named(KINDS),
            lambda v: OutboxJob.kind == v,
        ),
    )

    @expose("/<row:job_id>/retry", methods=("POST",))
    @auth.door(Permission.JOB_RETRY)
    def retry(self, job_id: int) -> AnyResponse:
        """Set a dead job going again."""
        job = self.get_one(job_id)
        if not outbox.retry(auth.db(), job.id, at=auth.now()):
            raise Conflict(_("Задание сейчас не остановлено: обновите страницу."))
        journal.append(
            auth.db(), actor=auth.actor(), at=auth.now(), action="job:retry", subject="job", subject_id=job.id
        )
        auth.db().info.setdefault("to_wake", []).append(job.id)
        auth.commit()
        say(_("Задание запущено снова."))
        return redirect(url_for("outbox.index_view"))
