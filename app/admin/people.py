"""People: the register, one person's card, who could be invited where, who needs a training."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask import Response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, String, cast, select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import case_fields, choices, people_forms, people_work, words
from app.admin import people_rows as rows
from app.admin.absence_page import AbsencePages
from app.admin.base import Column, Filter, ScopedView, like, say
from app.admin.people_import import ImportPages
from app.conflicts import PersonFacts, comes_from_objective_place, load_rules, training_state
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import (
    Absence,
    Declaration,
    Person,
    PersonDuty,
    PersonPost,
    PersonRelation,
    School,
    Training,
)
from app.policy import Permission
from app.terms import Duty, Subject, TrainingState
from app.workflows import absences, candidates, independence, people_register, ties


class PeopleView(AbsencePages, ImportPages, ScopedView):
    permission = Permission.PEOPLE_READ
    heading: ClassVar[Any] = _l("Люди")
    lead: ClassVar[Any] = _l(
        "Кураторы, наблюдатели, эксперты, руководители и координаторы школ: где работают, обучены ли, на месте ли."
    )
    empty: ClassVar[Any] = _l("Людей в реестре пока нет. Внесите карточку или создайте учётную запись куратора.")
    list_template = "pages/people.html"
    export_endpoint = "people.export_people"
    search_hint: ClassVar[Any] = _l("Фамилия или имя")
    order = (("name", False), ("id", False))
    eager = (
        selectinload(Person.municipality),
        selectinload(Person.posts).selectinload(PersonPost.workplace),
    )
    columns = (
        Column("name", _l("Человек"), lambda p: p.name, kind="strong", sort="name", below=lambda p: rows.place_of(p)),
        Column("municipality_id", _l("Муниципалитет"), lambda p: rows.municipality_of(p), is_wide_only=True),
        Column("duties", _l("Внесён как"), lambda p: rows.duties_of(p), is_wide_only=True),
        Column("subjects", _l("Предметы"), lambda p: rows.subjects_of(p), is_wide_only=True),
        Column(
            "training",
            _l("Обучение"),
            lambda p: rows.training_of(p)[0],
            kind="pill",
            tone=lambda p: rows.training_of(p)[1],
        ),
        Column(
            "absence",
            _l("На месте"),
            lambda p: rows.presence_of(p)[0],
            kind="pill",
            tone=lambda p: rows.presence_of(p)[1],
        ),
        Column("load", _l("В работе"), lambda p: rows.load_of(p), kind="short"),
        Column("email", _l("Почта"), lambda p: p.email, is_export_only=True),
    )
    filters = (
        Filter("duty", _l("Внесён как"), lambda: choices.terms(Duty), lambda v: rows.has_duty(Duty(v))),
        Filter(
            "subject",
            _l("Предмет"),
            lambda: choices.terms(Subject),
            lambda v: cast(Person.subjects, String).like(f'%"{v}"%'),
        ),
        Filter(
            "training",
            _l("Обучение"),
            lambda: choices.terms(TrainingState),
            lambda v: rows.is_trained(TrainingState(v)),
        ),
        Filter("absence", _l("Присутствие"), lambda: rows.presences(), lambda v: rows.is_away(v == "away")),
        Filter("load", _l("Нагрузка"), lambda: rows.loads(), lambda v: rows.is_full(v == "full")),
        Filter("municipality", _l("Муниципалитет"), choices.municipalities, lambda v: Person.municipality_id == int(v)),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        return Person.name.ilike(like(text), escape="\\")

    def href(self, row: Person) -> str | None:
        return self.get_url(".person", person_id=row.id)

    def get_list(self, *args: Any, **kwargs: Any) -> Any:
        count, found = super().get_list(*args, **kwargs)
        rows.facts_here().update(independence.facts_of(auth.db(), words.today(), person_ids=[row.id for row in found]))
        return count, found

    @expose("/export/<kind>", methods=("POST",))
    @auth.door(Permission.PEOPLE_READ)
    def export_people(self, kind: str) -> Response:
        return self.export_rows(kind)

    @expose("/add", methods=("GET", "POST"))
    @auth.door(Permission.PEOPLE_KEEP)
    def add(self) -> Any:
        return self._serve_card(None)

    @expose("/<row:person_id>")
    @auth.door(Permission.PEOPLE_READ)
    def person(self, person_id: int) -> str:
        return self._page(self.get_one(person_id))

    @expose("/<row:person_id>/edit", methods=("GET", "POST"))
    @auth.door(Permission.PEOPLE_KEEP)
    def edit(self, person_id: int) -> Any:
        return self._serve_card(self.get_one(person_id))

    @expose("/<row:person_id>/do/<form>", methods=("GET", "POST"))
    @auth.door(Permission.PEOPLE_KEEP)
    def do(self, person_id: int, form: str) -> Any:
        """One of the card's forms."""
        person, spec = self.get_one(person_id), people_forms.FORMS.get(form)
        if spec is None:
            raise NotFound(_("Такой формы нет."))
        fields = spec.prepare(person)
        told: tuple[Reason, ...] = ()
        if request.method == "POST" and fields.validate():
            try:
                kept = spec.save(person, fields)
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                told = refused.reasons
                person = self.get_one(person_id)
            else:
                say(str(spec.done))
                return redirect(spec.then(kept) if spec.then else url_for("people.person", person_id=person_id))
        page = self.render(
            "pages/person_form.html",
            person=person,
            form=fields,
            spec=spec,
            told=told,
            problems=case_fields.field_errors(fields),
        )
        return (page, 409) if told else (page, 422) if fields.errors else page

    @expose("/<row:person_id>/end", methods=("POST",))
    @auth.door(Permission.PEOPLE_KEEP)
    def end(self, person_id: int) -> AnyResponse | tuple[str, int]:
        """End a post, a duty, an absence or a tie of the card."""
        person = self.get_one(person_id)
        row_id = case_fields.whole(request.form.get("row", ""))
        how: dict[str, Any] = {"actor": auth.actor(), "at": auth.now()}
        verbs = {
            "post": lambda: people_register.end_post(auth.db(), row_id, words.today(), **how),
            "duty": lambda: people_register.end_duty(auth.db(), row_id, words.today(), **how),
            "absence": lambda: absences.cancel_absence(auth.db(), row_id, **how),
            "tie": lambda: ties.withdraw_tie(auth.db(), row_id, request.form.get("reason", ""), **how),
        }
        verb = verbs.get(request.form.get("what", ""))
        if verb is None or row_id < 0:
            raise NotFound(_("Такой записи нет."))
        try:
            verb()
            auth.commit()
        except (Refused, Conflict) as error:
            auth.db().rollback()
            told = error.reasons if isinstance(error, Refused) else (Reason("stale", str(error), str(error)),)
            return self._page(self.get_one(person_id), told), 409
        say(_("Сохранено."))
        return redirect(url_for("people.person", person_id=person.id))

    @expose("/training")
    @auth.door(Permission.PEOPLE_READ)
    def training(self) -> str:
        """Trainings that ran out, run out soon or are missing, by workplace and duty."""
        return self.render(
            "pages/people_training.html",
            places=candidates.training_needs(auth.db(), words.today()),
            days=load_rules().expiry_days,
            tones=rows.TRAINING_TONES,
        )

    @expose("/check")
    @auth.door(Permission.PEOPLE_KEEP)
    def check(self) -> str:
        """Who could be invited to a school; asking invites nobody."""
        on = _day(request.args.get("on", "")) or words.today()
        duty = request.args.get("duty", "")
        chosen = Duty(duty) if duty in set(Duty) else Duty.OBSERVER
        school_id = case_fields.whole(request.args.get("school", ""))
        school = auth.db().scalars(select(School).where(School.id == school_id)).first() if school_id > 0 else None
        found = candidates.check(auth.db(), school.id, chosen, on) if school is not None else []
        return self.render(
            "pages/people_check.html",
            school=school,
            schools=choices.schools(),
            duties=choices.terms(Duty),
            duty=chosen,
            on=on,
            able=[c for c in found if not c.reasons],
            unable=[c for c in found if c.reasons],
            tones=rows.TRAINING_TONES,
            pairs_words=rows.pairs_words,
            needs_training=chosen in load_rules().training,
        )

    def _serve_card(self, person: Person | None) -> Any:
        form = people_forms.card_form(person)
        told: tuple[Reason, ...] = ()
        conflict = None
        if request.method == "POST" and form.validate():
            try:
                how: dict[str, Any] = {"actor": auth.actor(), "at": auth.now()}
                card, version = people_forms.card_of(form), case_fields.whole(form.version.data or "")
                kept = (
                    people_register.add_person(auth.db(), card, **how)
                    if person is None
                    else people_register.change_person(auth.db(), person.id, card, expected_version=version, **how)
                )
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                told = refused.reasons
            except Conflict as error:
                auth.db().rollback()
                conflict = str(error)
            else:
                say(_("Сохранено."))
                return redirect(url_for("people.person", person_id=kept.id))
            person = self.get_one(person.id) if person is not None else None
        form.version.data = str(person.version) if person is not None else "0"
        page = self.render(
            "pages/person_card.html",
            form=form,
            person=person,
            told=told,
            conflict=conflict,
            problems=case_fields.field_errors(form),
        )
        return (page, 409) if told or conflict else (page, 422) if form.errors else page

    def _page(self, person: Person, told: tuple[Reason, ...] = ()) -> str:
        session, today = auth.db(), words.today()
        facts = independence.facts_of(session, today, person_ids=[person.id])[person.id]
        rows.facts_here()[person.id] = facts

        def of(model: Any, *conditions: Any) -> Any:
            return session.scalars(select(model).where(model.person_id == person.id, *conditions).order_by(model.id))

        return self.render(
            "pages/person.html",
            person=person,
            facts=facts,
            told=told,
            today=today,
            work=people_work.all_of(person),
            posts=list(of(PersonPost)),
            duties=list(of(PersonDuty)),
            trainings=sorted(of(Training), key=lambda t: t.valid_until or rows.FOREVER, reverse=True),
            absences=list(of(Absence, Absence.cancelled_at.is_(None), Absence.until_on >= today)),
            ties=list(of(PersonRelation, PersonRelation.withdrawn_at.is_(None))),
            declarations=list(of(Declaration))[-10:][::-1],
            missing=_missing(person, facts),
            training=rows.training_of(person),
            presence=rows.presence_of(person),
            load=rows.load_of(person),
            subjects=rows.subjects_of(person),
            expiry=load_rules().expiry_days,
        )


def _missing(person: Person, facts: PersonFacts) -> list[dict[str, Any]]:
    """What the card needs before its person can be appointed."""
    today = words.today()
    entered = [entry.duty for entry in facts.entries if entry.covers(today)]
    rules = load_rules()

    def form(name: str) -> str:
        return url_for("people.do", person_id=person.id, form=name)

    wanted = [
        (_("Место работы указано"), bool(facts.posts_on(today)), form("post")),
        (_("Внесён куратором, наблюдателем или экспертом"), bool(entered), form("duty")),
        (_("Есть учётная запись с этой ролью"), bool(set(entered) & facts.account_duties), None),
    ]
    for duty in entered:
        if duty in rules.objective_place:
            title = _("Работает в методической службе или школе из реестра объективных")
            wanted.append((title, comes_from_objective_place(facts, today), form("post")))
        if duty in rules.training:
            state = training_state(facts, duty, today, rules)
            is_fine = state is TrainingState.VALID
            wanted.append((_("Обучение действует ещё %(n)s дней", n=rules.expiry_days), is_fine, form("training")))
    return [{"title": title, "done": done, "href": href, "label": _("Внести")} for title, done, href in wanted]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
