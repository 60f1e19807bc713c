"""What the checker says of each mistake: what is wrong and what to do, in both languages."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "duplicate_state": (
        "состояние описано {times} раза; оставьте одно.",
        "the state is described {times} times; keep one.",
    ),
    "no_closed": (
        "нет состояния «closed»: последнее состояние всегда называется так; добавьте его.",
        "there is no state “closed”: the final state is always called so; add it.",
    ),
    "no_initial": (
        "начального состояния «{name}» нет среди открытых; назовите одно из них.",
        "the initial state “{name}” is none of the open ones; name one of them.",
    ),
    "closed_has_work": (
        "в закрытом деле ничего не делают: оставьте только code, ru и en.",
        "nothing is done in a closed case: keep code, ru and en only.",
    ),
    "no_budget": (
        "нет срока этапа; укажите days = число рабочих дней.",
        "the stage has no budget; give days = number of working days.",
    ),
    "unknown_form": (
        "формы «{name}» нет; есть: {known}.",
        "there is no form “{name}”; there are: {known}.",
    ),
    "next_not_offered": (
        "следующий шаг — форма «{name}», но этап её не предлагает; добавьте её в forms.",
        "the next step is form “{name}”, which the stage does not offer; add it to forms.",
    ),
    "unknown_document": (
        "документа «{name}» нет; есть: {known}.",
        "there is no document “{name}”; there are: {known}.",
    ),
    "unknown_field": (
        "поля «{name}» нет; есть: {known}.",
        "there is no field “{name}”; there are: {known}.",
    ),
    "duplicate_trigger": (
        "из этого состояния такой ход уже есть; назовите ходы по-разному.",
        "this state has such a move already; name the moves differently.",
    ),
    "unknown_source": (
        "открытого состояния «{name}» нет; исправьте код.",
        "there is no open state “{name}”; mend the code.",
    ),
    "unknown_dest": (
        "состояния «{name}» нет; исправьте код.",
        "there is no state “{name}”; mend the code.",
    ),
    "goes_nowhere": (
        "ход ведёт туда же, откуда начат; назовите другое состояние.",
        "the move leads to where it begins; name another state.",
    ),
    "reserved_trigger": (
        "слово «{name}» журнал уже занял; назовите ход иначе.",
        "the journal already uses “{name}”; name the move differently.",
    ),
    "unknown_permission": (
        "права «{name}» нет; есть: {known}.",
        "there is no permission “{name}”; there are: {known}.",
    ),
    "role_without_permission": (
        "роль «{role}» не имеет права «{name}»; уберите роль или назовите другое право.",
        "role “{role}” does not hold “{name}”; remove the role or name another permission.",
    ),
    "nobody_may": (
        "право «{name}» не дано ни одной роли: ход никто не сделает; назовите другое право.",
        "no role holds “{name}”: nobody can make the move; name another permission.",
    ),
    "duplicate_reason": (
        "коды оснований повторяются; назовите их по-разному.",
        "reason codes repeat; name them differently.",
    ),
    "reason_without_text": (
        "у основания «{name}» нет текста ru или en; напишите оба.",
        "reason “{name}” lacks its text; write ru and en.",
    ),
    "unknown_guard": (
        "условия «{name}» нет; есть: {known}.",
        "there is no guard “{name}”; there are: {known}.",
    ),
    "unknown_parameter": (
        "у условия «{guard}» нет параметра «{name}»; есть: {known}.",
        "guard “{guard}” has no parameter “{name}”; it has: {known}.",
    ),
    "missing_parameter": (
        "условию «{guard}» нужен параметр «{name}»; добавьте его: {known}.",
        "guard “{guard}” needs parameter “{name}”; add it: {known}.",
    ),
    "wrong_parameter": (
        "условие «{guard}»: {name} = {value} не подходит; нужно: {known}.",
        "guard “{guard}”: {name} = {value} does not do; needed: {known}.",
    ),
    "form_not_offered": (
        "условие «{guard}» выполняет форма «{name}», но состояние «{state}» её не предлагает; добавьте её в forms.",
        "guard “{guard}” is met by form “{name}”, which state “{state}” does not offer; add it to forms.",
    ),
    "duplicate_guard": (
        "условие названо дважды; оставьте одно.",
        "a guard is named twice; keep one.",
    ),
    "no_second_person": (
        "закрытие утверждает второй человек; добавьте условие «second».",
        "closing needs a second person; add guard “second”.",
    ),
    "no_verdict": (
        "у закрытия должен быть вывод: добавьте одно из условий «conclusion», «dismissal».",
        "a closure needs its verdict: add one of guards “conclusion”, “dismissal”.",
    ),
    "no_verdict_here": (
        "в состоянии «{state}» нельзя предложить подходящий вывод; добавьте его в verdicts.",
        "state “{state}” lets nobody propose a fitting verdict; add it to verdicts.",
    ),
    "cannot_close": (
        "от начального состояния нет пути к «closed»: дело нельзя закрыть; добавьте ход.",
        "no way leads from the initial state to “closed”: a case could never close; add a move.",
    ),
    "unreachable": (
        "в это состояние ничто не ведёт; добавьте ход или уберите состояние.",
        "nothing leads to this state; add a move or remove the state.",
    ),
    "dead_end": (
        "из этого состояния нельзя дойти до закрытия; добавьте ход.",
        "this state has no way to closure; add a move.",
    ),
}
"""Code of a mistake → Russian and English, with the words in braces filled in."""
