"""Why a dialog is missing, as a truth table over the two probes that leave no trace."""

from __future__ import annotations

import pytest

from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    BadGateway,
    BadRequest,
    Busy,
    CutBody,
    DialogForbidden,
    Gone,
    LevelTooLow,
    NotAuthenticated,
    NotFound,
    ServerFault,
    Stopped,
    TimedOut,
    TokenRefused,
    Unexpected,
    WrongScope,
)
from sync.passes.presence import Answer, Explanation, answer_of, asks_lookup, explain

OK, GONE, MISSING, NO, LEVEL, NONE = (
    Answer.OK,
    Answer.GONE,
    Answer.NOT_FOUND,
    Answer.FORBIDDEN,
    Answer.LEVEL,
    Answer.NONE,
)

TABLE: list[tuple[Answer, Answer | None, Explanation]] = [
    # the children settle it
    *[(GONE, lookup, Explanation("deleted")) for lookup in (None, *Answer)],
    *[(LEVEL, lookup, Explanation("no_access", "level_too_low")) for lookup in (None, *Answer)],
    *[(NO, lookup, Explanation("no_access")) for lookup in (None, *Answer)],
    *[(NONE, lookup, Explanation("absent", perhaps_listed=True)) for lookup in (None, *Answer)],
    # the children are not there for us: the lookup tells purged from forbidden
    (MISSING, NO, Explanation("no_access")),
    (MISSING, MISSING, Explanation("not_found")),
    (MISSING, OK, Explanation("expired", perhaps_listed=True)),
    (MISSING, NONE, Explanation("absent")),
    (MISSING, None, Explanation("absent")),
    (MISSING, GONE, Explanation("deleted")),
    (MISSING, LEVEL, Explanation("no_access", "level_too_low")),
    # the children answer: expired or hidden, unless it moved while the list was read
    (OK, OK, Explanation("expired", perhaps_listed=True)),
    (OK, NONE, Explanation("expired", perhaps_listed=True)),
    (OK, None, Explanation("expired", perhaps_listed=True)),
    (OK, NO, Explanation("no_access")),
    (OK, MISSING, Explanation("absent")),
    (OK, GONE, Explanation("deleted")),
    (OK, LEVEL, Explanation("no_access", "level_too_low")),
]


@pytest.mark.parametrize(("children", "lookup", "why"), TABLE)
def test_the_probes_together_say_why(children: Answer, lookup: Answer | None, why: Explanation) -> None:
    assert explain(children, lookup) == why


def test_the_table_is_whole() -> None:
    assert len({(children, lookup) for children, lookup, _ in TABLE}) == len(Answer) * (len(Answer) + 1)


def test_the_lookup_is_asked_only_where_it_can_add_something() -> None:
    assert {answer for answer in Answer if asks_lookup(answer)} == {OK, MISSING}
    for answer in set(Answer) - {OK, MISSING}:
        assert len({explain(answer, lookup) for lookup in (None, *Answer)}) == 1


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (None, OK),
        (Gone(""), GONE),
        (NotFound(""), MISSING),
        (DialogForbidden(""), NO),
        (LevelTooLow(""), LEVEL),
        (BadGateway("", status=502), NONE),
        (Busy("", status=503), NONE),
        (ServerFault("", status=500), NONE),
        (TimedOut(""), NONE),
        (CutBody(""), NONE),
        (BadBody(""), NONE),
        (BadRequest("", status=400), NONE),  # our bug on one dialog: the other missing ones are explained all the same
        (Unexpected("", status=404), NONE),  # a 404 that is not the server's own says nothing of a dialog
    ],
)
def test_what_each_refusal_says_of_the_dialog(error: ArkivError | None, answer: Answer) -> None:
    assert answer_of(error) is answer


@pytest.mark.parametrize(
    "error",
    [
        NotAuthenticated(""),
        WrongScope(""),
        Stopped(""),
        TokenRefused("", code="MP-300", permanent=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_concerns_more_than_the_dialog_ends_the_pass(error: ArkivError) -> None:
    with pytest.raises(type(error)):
        answer_of(error)
