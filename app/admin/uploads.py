"""Files of the region: receive several at once, see what reading found, accept or reject."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from flask import Response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import choices, export, words
from app.admin.base import Column, Filter, ScopedView, say
from app.errors import Conflict, Reason, Refused
from app.models import Upload
from app.policy import Permission
from app.terms import FileKind, Procedure, Subject, UploadStatus
from app.workflows.intake import accept_upload, paper_named, problems_of, receive_upload, reject_upload

STATUS_TONES = {
    UploadStatus.ACCEPTED: "good",
    UploadStatus.PREVIEWED: "warn",
    UploadStatus.REFUSED: "bad",
    UploadStatus.REJECTED: "muted",
    UploadStatus.RECEIVED: "muted",
}
SHOWN_PER_CODE = 20
MOST_FILES = 20
SEVERITIES = {"rejected": _l("строка не принята"), "doubtful": _l("принято с сомнением"), "note": _l("к сведению")}


class UploadsView(ScopedView):
    permission = Permission.DATA_READ
    heading: ClassVar[Any] = _l("Данные")
    lead: ClassVar[Any] = _l(
        "Файлы региона: работы ВПР, КДР и РДР, готовые отчёты ФИС ОКО, контекст школ, федеральный список, ОГЭ и ЕГЭ. "
        "Вид файла узнаётся по содержанию."
    )
    empty: ClassVar[Any] = _l("Файлов пока нет. Загрузите выгрузку региона: несколько файлов можно сразу.")
    list_template = "pages/uploads.html"
    search_hint: ClassVar[Any] = _l("Имя файла")
    columns = (
        Column(
            "file_name",
            _l("Файл"),
            lambda u: u.file_name,
            kind="strong",
            below=lambda u: words.title(u.kind) if u.kind else "—",
        ),
        Column("subject", _l("Работа"), lambda u: words.paper(u.subject, u.grade, u.year) if u.kind else "—"),
        Column(
            "status", _l("Состояние"), lambda u: u.status, kind="pill", tone=lambda u: STATUS_TONES.get(u.status, "")
        ),
        Column("rows_accepted", _l("Принято строк"), lambda u: u.rows_accepted, kind="number"),
        Column("n_problems", _l("Замечаний"), lambda u: u.n_problems, kind="number", sort="n_problems"),
        Column("uploaded_at", _l("Загружен"), lambda u: u.uploaded_at, kind="moment", sort="uploaded_at"),
        Column("uploaded_by_name", _l("Кем"), lambda u: words.short_name(u.uploaded_by_name), is_wide_only=True),
    )
    filters = (
        Filter("status", _l("Состояние"), lambda: choices.terms(UploadStatus), lambda v: Upload.status == v),
        Filter("kind", _l("Что это"), lambda: choices.terms(FileKind), lambda v: Upload.kind == v),
    )

    def search(self, text: str) -> Any:
        from app.admin.base import like

        return Upload.file_name.ilike(like(text), escape="\\")

    def href(self, row: Upload) -> str | None:
        return self.get_url(".upload", upload_id=row.id)

    def render(self, template: str, **kwargs: Any) -> str:
        kwargs.setdefault("subjects", choices.terms(Subject))
        kwargs.setdefault("procedures", choices.terms(Procedure))
        return super().render(template, **kwargs)

    @expose("/new", methods=("POST",))
    @auth.door(Permission.DATA_IMPORT)
    def receive(self) -> AnyResponse:
        """Keep the files as they came; each is told about on its own, one bad file stops no other."""
        files = [file for file in request.files.getlist("files") if file.filename]
        back = url_for("uploads.index_view")
        if not files:
            raise Refused(Reason("no_file", "Выберите хотя бы один файл.", "Choose at least one file.", back))
        if len(files) > MOST_FILES:
            raise Refused(Reason("too_many", f"Не больше {MOST_FILES} файлов за раз.", "Too many files at once.", back))
        named = _named_paper()
        limit = auth.context().settings.max_upload_mb
        received = []
        for file in files:
            name = str(file.filename)
            content = file.stream.read(limit * 2**20 + 1)
            try:
                if len(content) > limit * 2**20:
                    raise Refused(
                        Reason(
                            "too_large",
                            f"Файл «{name}» больше {limit} МБ. Разделите его по предметам.",
                            "Too large.",
                            back,
                        )
                    )
                with auth.db().begin_nested():
                    upload = receive_upload(
                        auth.db(),
                        auth.context().store,
                        content=content,
                        file_name=name,
                        actor=auth.actor(),
                        at=auth.now(),
                        paper=named,
                    )
                received.append(upload.id)
            except Refused as refused:
                for reason in refused.reasons:
                    say(reason.text(words.locale()), "error")
        auth.commit()
        if received:
            say(_("Файлов принято: %(n)s. Идёт чтение.", n=len(received)))
        if len(received) == 1 and len(files) == 1:
            return redirect(url_for("uploads.upload", upload_id=received[0]))
        return redirect(back)

    @expose("/<row:upload_id>")
    @auth.door(Permission.DATA_READ)
    def upload(self, upload_id: int) -> str:
        """The preview: what the file is, its counts, and its problems by kind."""
        return self._show(self.get_one(upload_id))

    @expose("/<row:upload_id>/accept", methods=("POST",))
    @auth.door(Permission.DATA_IMPORT)
    def accept(self, upload_id: int) -> Any:
        return self._decide(upload_id, is_accepting=True)

    @expose("/<row:upload_id>/reject", methods=("POST",))
    @auth.door(Permission.DATA_IMPORT)
    def reject(self, upload_id: int) -> Any:
        return self._decide(upload_id, is_accepting=False)

    @expose("/<row:upload_id>/problems/<kind>")
    @auth.door(Permission.DATA_READ)
    def problems(self, upload_id: int, kind: str) -> Response:
        """Every problem with its sheet, row and column, for the person who can mend the file."""
        upload = self.get_one(upload_id)
        if kind not in export.MIMETYPES:
            raise Refused(Reason("export_kind", _("Список выгружается в xlsx или csv.")))
        titles = [_("Лист"), _("Строка"), _("Столбец"), _("Значение"), _("Что не так"), _("Что сделано"), _("Код")]
        rows = [
            (
                p["sheet"],
                p["row"],
                p["column"],
                p["value"],
                p["message"],
                str(SEVERITIES.get(p["severity"], "")),
                p["code"],
            )
            for p in problems_of(auth.context().store, upload)
        ]
        note = _("Замечания к файлу «%(name)s»", name=upload.file_name)
        content = export.as_csv(titles, rows) if kind == "csv" else export.as_xlsx(titles, rows, _("Замечания"), note)
        auth.note("upload:problems", "upload", upload.id, rows=len(rows))
        return export.attachment(content, f"{note}.{kind}", export.MIMETYPES[kind])

    @expose("/<row:upload_id>/original")
    @auth.door(Permission.DATA_IMPORT)
    def original(self, upload_id: int) -> Response:
        """The bytes as they came."""
        upload = self.get_one(upload_id)
        content = auth.context().store.read(upload.sha256)
        auth.note("upload:read", "upload", upload.id)
        return export.attachment(content, upload.file_name, "application/octet-stream")

    def _decide(self, upload_id: int, *, is_accepting: bool) -> Any:
        upload = self.get_one(upload_id)
        reason = request.form.get("reason", "")[:2000]
        try:
            if is_accepting:
                accept_upload(
                    auth.db(), auth.context().store, upload.id, actor=auth.actor(), at=auth.now(), reason=reason.strip()
                )
            else:
                reject_upload(auth.db(), upload.id, actor=auth.actor(), at=auth.now(), reason=reason)
            auth.commit()
        except (Refused, Conflict) as error:
            auth.db().rollback()
            told = error.reasons if isinstance(error, Refused) else (Reason("conflict", str(error)),)
            return self._show(self.get_one(upload_id), told=told, reason=reason), 409
        say(_("Файл принят, данные доступны проверкам.") if is_accepting else _("Файл отклонён."))
        return redirect(url_for("uploads.index_view" if not is_accepting else "uploads.upload", upload_id=upload_id))

    def _show(self, upload: Upload, told: tuple[Reason, ...] = (), reason: str = "") -> str:
        groups: list[dict[str, Any]] = []
        if upload.problems_sha256:
            by_code: dict[str, list[dict[str, Any]]] = {}
            for problem in problems_of(auth.context().store, upload):
                by_code.setdefault(problem["code"], []).append(problem)
            order = {"rejected": 0, "doubtful": 1, "note": 2}
            for code, found in by_code.items():
                groups.append(
                    {
                        "code": code,
                        "n": len(found),
                        "severity": found[0]["severity"],
                        "severity_title": str(SEVERITIES.get(found[0]["severity"], "")),
                        "message": found[0]["message"],
                        "rows": found[:SHOWN_PER_CODE],
                    }
                )
            groups.sort(key=lambda g: (order.get(g["severity"], 3), -g["n"]))
        return self.render(
            "pages/upload.html",
            upload=upload,
            groups=groups,
            told=told,
            reason=reason,
            tone=STATUS_TONES.get(upload.status, ""),
            versions=json.dumps(upload.versions, ensure_ascii=False, sort_keys=True),
        )


def _named_paper() -> dict[str, Any] | None:
    """Year, subject and grade when the person names them; most files tell it themselves."""

    def integer(name: str) -> int | None:
        text = request.form.get(name, "").strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 4):
            raise Refused(Reason("paper", "Год и класс — целые числа.", "Year and grade are whole numbers."))
        return int(text)

    procedure = request.form.get("procedure", Procedure.VPR.value)
    if procedure not in set(Procedure):
        raise Refused(Reason("procedure", "Выберите процедуру из списка.", "Choose the procedure from the list."))
    subject = request.form.get("subject", "").strip() or None
    return paper_named(integer("year"), subject, integer("grade"), Procedure(procedure))
