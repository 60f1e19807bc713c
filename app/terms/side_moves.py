"""Side moves of a case and decisions over many cases."""

from __future__ import annotations

from app.terms.term import Term


class PauseCause(Term):
    """Why the clock of a stage stands still."""

    HOLD = "hold", "дело отложено", "case on hold"
    QUESTION = "question", "ждём ответа школы", "waiting for the school's answer"


class HandOverStatus(Term):
    PROPOSED = "proposed", "ждёт ответа", "waiting for an answer"
    ACCEPTED = "accepted", "принято, нужен приказ", "accepted, an order is needed"
    DONE = "done", "передано", "handed over"
    DECLINED = "declined", "отклонено", "declined"
    EXPIRED = "expired", "срок истёк", "expired"
    WITHDRAWN = "withdrawn", "отозвано", "withdrawn"


HAND_OVERS_OPEN = (HandOverStatus.PROPOSED, HandOverStatus.ACCEPTED)


class Addressee(Term):
    """To whom a case goes back with a question."""

    SCHOOL = "school", "школе", "the school"
    CURATOR = "curator", "куратору", "the curator"
    STAGE = "stage", "на более ранний этап", "an earlier stage"


class EpisodeOrigin(Term):
    BY_HAND = "by_hand", "открыто решением", "opened by decision"
    NEXT_CYCLE = "next_cycle", "открыто следующей процедурой", "opened by the next procedure"


class ClosureCheckOutcome(Term):
    """What a later screening says of a closed case."""

    CONFIRMED = "confirmed", "закрытие подтвердилось", "closure confirmed"
    WATCHED = "watched", "слабые признаки, наблюдать", "weak signs, watch"
    REOPENED = "reopened", "признаки вернулись", "the signs came back"


class Dynamics(Term):
    """What the years since the first signs show."""

    POSITIVE = "positive", "положительная", "positive"
    NOT_POSITIVE = "not_positive", "положительной нет", "not positive"
    UNKNOWN = "unknown", "не оценить", "cannot be assessed"


class AdminMeasureKind(Term):
    REMARK = "remark", "замечание", "remark"
    REPRIMAND = "reprimand", "выговор", "reprimand"
    OTHER = "other", "иная мера", "another measure"


class BulkKind(Term):
    MOVE = "move", "ход дела", "move of a case"
    HOLD = "hold", "отложить", "put on hold"
    HANDOVER = "handover", "предложить передачу куратору", "propose a hand-over"
    INTERVIEW = "interview", "поручить собеседование", "assign the interview"


class BulkStatus(Term):
    DRAFT = "draft", "примерка", "dry run"
    QUEUED = "queued", "в очереди", "queued"
    RUNNING = "running", "выполняется", "running"
    DONE = "done", "выполнено", "done"
    WITHDRAWN = "withdrawn", "отозвано", "withdrawn"


class BulkRowStatus(Term):
    UNABLE = "unable", "нельзя", "not possible"
    WAITING = "waiting", "можно", "possible"
    DONE = "done", "выполнено", "done"
    CHANGED = "changed", "дело успело измениться", "the case has changed meanwhile"
    REFUSED = "refused", "отказано", "refused"
    RESTORED = "restored", "возвращено", "put back"
    KEPT = "kept", "вернуть нельзя", "cannot be put back"
    CALLED_OFF = "called_off", "не выполнялось", "called off"
