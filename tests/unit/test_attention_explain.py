"""An explanation tells of the verdict that was given, never another one."""

from __future__ import annotations

import pytest

from sync.attention import interpret, parse_subject
from sync.attention.explain import explain
from tests.unit.attention_cases.building import NOW, Labelled, days, dialog, never_opened, sent
from tests.unit.attention_cases.letters import BOTH, NOTIFIED, letter
from tests.unit.test_attention_cases import CASES


@pytest.mark.parametrize("labelled", CASES[::5], ids=lambda each: each.row)
def test_the_explained_verdict_is_the_verdict(labelled: Labelled) -> None:
    subject = parse_subject(labelled.body)
    told = explain(subject, labelled.now)
    assert told.verdict == interpret(subject, labelled.now)
    assert [each.rank for each in told.signals] == sorted(each.rank for each in told.signals)
    assert told.would_change


def test_signals_come_with_their_ranks_strongest_first() -> None:
    body = letter("RequiresAttention", NOTIFIED, confirm=BOTH, due=days(9), labels=("Archive",))
    told = explain(parse_subject(body), NOW)
    assert [(each.rank, each.name) for each in told.signals] == [
        (3, "confirm action"),
        (9, "status"),
        (12, "writing API action"),
        (13, "dueAt"),
        (15, "label"),
    ]


def test_an_unopened_dialog_says_first_that_opening_could_change_it() -> None:
    told = explain(
        parse_subject(never_opened(dialog("RequiresAttention", transmissions=[sent("Request", days(-1))]))), NOW
    )
    assert "Opening the dialog" in told.would_change[0]
    assert (5, "open request") in [(each.rank, each.name) for each in told.signals]
