"""The life of an attention item: every row of its truth table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync.attention import interpret, parse_subject
from sync.attention.life import Finding, Item, Move, changes_silently, evidence_of, moves
from tests.unit.attention_cases import letters, nav
from tests.unit.attention_cases.building import never_opened

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
OPEN = Item("confirm", "person", "2026-03-10T00:00:00.000000Z", overdue=False, evidence="one", text="words")
BY_EVIDENCE = replace(OPEN, closed_by="evidence")
BY_RULE = replace(OPEN, closed_by="rule")
BY_HAND = replace(OPEN, closed_by="hand")
SNOOZED = replace(OPEN, snoozed_until=LATER)
ASKED = Finding(True, "confirm", "person", "2026-03-10T00:00:00.000000Z", overdue=False, evidence="one", text="words")
QUIET = replace(ASKED, wanted=False)
STALE = replace(ASKED, certain=False)
NEW = replace(ASKED, evidence="two")
LATE = replace(ASKED, overdue=True, text="late")
OTHER_STEP = replace(ASKED, next_step="read")

TABLE: list[tuple[str, Item | None, Finding, tuple[Move, ...]]] = [
    ("nothing stands and nothing is asked", None, QUIET, ()),
    ("something is asked for the first time", None, ASKED, ("open",)),
    ("what may be over silently waits for a read", None, STALE, ("hold",)),
    ("what evidence had closed comes back", BY_EVIDENCE, ASKED, ("open",)),
    ("what evidence had closed stays closed", BY_EVIDENCE, QUIET, ()),
    ("what evidence had closed comes back stale", BY_EVIDENCE, STALE, ("hold",)),
    ("what a rule had closed comes back without it", BY_RULE, ASKED, ("open",)),
    ("done by hand, and nothing new", BY_HAND, ASKED, ()),
    ("done by hand, and the clock alone made it late", BY_HAND, LATE, ()),
    ("done by hand, and nothing is asked any more", BY_HAND, QUIET, ()),
    ("done by hand, then something new is said", BY_HAND, NEW, ("reopen",)),
    ("done by hand, then something new that may be over", BY_HAND, replace(NEW, certain=False), ("hold",)),
    ("open, and nothing differs", OPEN, ASKED, ()),
    ("open and stale, and nothing differs", OPEN, STALE, ()),
    ("open, and the evidence has closed it", OPEN, QUIET, ("close",)),
    ("open, and closed although it was not read lately", OPEN, replace(QUIET, certain=False), ("close",)),
    ("another step", OPEN, OTHER_STEP, ("change",)),
    ("another actor", OPEN, replace(ASKED, actor="machine"), ("change",)),
    ("another deadline", OPEN, replace(ASKED, deadline=None), ("change",)),
    ("another step that may be over silently", OPEN, replace(OTHER_STEP, certain=False), ("hold",)),
    ("its deadline passes", OPEN, LATE, ("overdue",)),
    ("its deadline passes, but it may be over silently", OPEN, replace(LATE, certain=False), ("hold",)),
    ("it was late already", replace(OPEN, overdue=True, text="late"), LATE, ()),
    ("other words", OPEN, replace(ASKED, text="others"), ("refresh",)),
    ("new evidence for the same", OPEN, NEW, ("refresh",)),
    ("put off, and nothing is new", SNOOZED, ASKED, ()),
    ("put off, and its time has come", replace(SNOOZED, snoozed_until=NOW), ASKED, ("wake",)),
    ("put off, then something new is said", SNOOZED, NEW, ("refresh", "wake")),
    ("put off, and the clock alone made it late", SNOOZED, LATE, ("overdue",)),
    ("put off, then the evidence closes it", SNOOZED, QUIET, ("close",)),
    ("put off, then another step with new evidence", SNOOZED, replace(OTHER_STEP, evidence="two"), ("change", "wake")),
]


@pytest.mark.parametrize(("item", "found", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_happens_to_an_item(item: Item | None, found: Finding, expected: tuple[Move, ...]) -> None:
    assert moves(item, found, NOW) == expected


def test_reading_filing_and_opening_are_no_new_evidence() -> None:
    for labelled in (*letters.CASES, *nav.CASES):
        bare = parse_subject(labelled.body)
        step = interpret(bare, labelled.now).next_step
        before = evidence_of(bare, step)
        assert (
            evidence_of(replace(bare, labels=("Archive",), human_seen_at=NOW, has_unopened_content=False), step)
            == before
        )
        assert (
            evidence_of(replace(bare, api_actions=(), gui_actions=(), attachments=(), main_content=None), step)
            == before
        )
        unopened = parse_subject(never_opened(labelled.body))
        assert evidence_of(unopened, step) == before, labelled.row


def test_a_new_message_status_deadline_or_step_is_new_evidence() -> None:
    subject = parse_subject(nav.CASES[0].body)
    before = evidence_of(subject, "read")
    newer = replace(subject.transmissions[0], id="another") if subject.transmissions else None
    others = [
        replace(subject, status="Completed"),
        replace(subject, extended_status="utgaatt"),
        replace(subject, due_at=NOW),
        replace(subject, transmissions=(*subject.transmissions, newer) if newer else ()),
    ]
    assert newer is not None
    assert all(evidence_of(other, "read") != before for other in others)
    assert evidence_of(subject, "confirm") != before


def test_only_correspondence_ends_an_obligation_silently() -> None:
    letter = parse_subject(letters.CASES[0].body)
    assert letter.correspondence
    assert changes_silently(letter, "confirm") and changes_silently(letter, "read")
    assert not changes_silently(letter, "get_access")
    assert not changes_silently(parse_subject(nav.CASES[0].body), "read")
    refused = {**never_opened(letters.CASES[0].body), "fetch": {"details_status": 403}}
    assert not changes_silently(parse_subject(refused), "read")


def test_a_letter_that_correspondence_sent_into_anothers_dialog_is_opened_silently_too() -> None:
    sent_into = {each.row: parse_subject(each.body) for each in letters.CASES if each.row.startswith("3 sent as")}
    waiting = sent_into["3 sent as a transmission into a completed dialog"]
    assert changes_silently(waiting, "read")
    assert not changes_silently(waiting, "answer_request")
    opened = replace(waiting, transmissions=tuple(replace(each, opened=True) for each in waiting.transmissions))
    assert not changes_silently(opened, "read")
