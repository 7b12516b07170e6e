"""Presence is published with its history in one transaction, and nothing of a dialog's content moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from store.archive import Archive
from store.batch import Written
from store.publication import Listed, PresenceChange, Publication
from tests.store.rows import AT, LATER, ORG, PERSON, batch, dialog, uuid

EACH = Callable[[Callable[[Archive], object]], object]


def filled(archive: Archive) -> None:
    archive.write(batch(*(dialog(n, title=f"Nummer {n}", connection="c", identity="") for n in range(4))))


def publication(*changes: PresenceChange, **more: object) -> Publication:
    return Publication(LATER, list(changes), **more)  # type: ignore[arg-type]


def test_a_change_of_presence_is_written_with_its_history(archive: Archive) -> None:
    filled(archive)
    changes = [PresenceChange(uuid(1), "present", "deleted"), PresenceChange(uuid(2), "present", "no_access", "denied")]
    assert archive.publish(publication(*changes, probed=[uuid(1)])) == Written(2, 2, 2)

    held = {each.id: each for each in archive.held(ORG)}
    assert [held[uuid(n)].presence for n in range(4)] == ["present", "deleted", "no_access", "present"]
    assert (held[uuid(1)].probed_at, held[uuid(1)].last_changed_at) == (LATER, LATER)
    assert (held[uuid(3)].probed_at, held[uuid(3)].last_changed_at) == (None, AT)
    history = archive.view("history")
    assert {(row["dialog_id"], row["what"], row["before"], row["after"]) for row in history} == {
        (uuid(1), "presence", '"present"', '"deleted"'),
        (uuid(2), "presence", '"present"', '"no_access"'),
    }
    found = archive.dialog(uuid(2))
    assert found is not None
    assert (found.dialog["access"], found.dialog["title"]) == ("denied", "Nummer 2")


def test_publishing_twice_writes_once(archive: Archive) -> None:
    filled(archive)
    told = publication(PresenceChange(uuid(1), "present", "deleted"))
    archive.publish(told)
    assert archive.publish(told) == Written()
    assert len(archive.view("history")) == 1


def test_a_dialog_that_somebody_met_meanwhile_keeps_its_presence(archive: Archive) -> None:
    filled(archive)
    assert archive.publish(publication(PresenceChange(uuid(1), "absent", "expired"))) == Written()
    assert archive.held(ORG)[1].presence == "present"
    assert archive.view("history") == []


def test_a_dialog_that_somebody_wrote_meanwhile_keeps_its_presence(archive: Archive) -> None:
    filled(archive)
    seen = [
        PresenceChange(uuid(n), "present", "no_access", held_at=archive.held(ORG)[n].last_changed_at) for n in (1, 2)
    ]
    archive.write(batch(dialog(1, connection="d", identity="", is_new=False, last_changed_at=LATER)))
    assert archive.publish(publication(*seen)) == Written(1, 1, 1)
    assert [each.presence for each in archive.held(ORG)] == ["present", "present", "no_access", "present"]


def test_a_publication_is_written_whole_or_not_at_all(archive: Archive) -> None:
    filled(archive)
    with pytest.raises(ValueError, match="no column"):
        archive.publish(
            publication(
                PresenceChange(uuid(1), "present", "deleted"),
                listed=[Listed("c", "", ORG, frozenset({uuid(0)}), AT)],
                mailboxes=[{"connection": "c", "identity": "", "party": ORG, "nonsense": 1}],
            )
        )
    assert archive.held(ORG)[1].presence == "present"
    assert archive.listed() == []


def test_what_an_identity_listed_is_kept_and_replaced(archive: Archive) -> None:
    first = Listed("c", "", ORG, frozenset({uuid(1), uuid(2)}), AT)
    other = Listed("d", "310000108/lonn", ORG, frozenset(), AT)
    elsewhere = Listed("c", "", PERSON, frozenset({uuid(3)}), AT)
    archive.publish(publication(listed=[first, other, elsewhere]))
    assert archive.listed(ORG) == [first, other]
    assert archive.listed() == [first, elsewhere, other]

    for newer in (replace(first, swept_at=LATER), Listed("c", "", ORG, frozenset({uuid(9)}), LATER)):
        archive.publish(publication(listed=[newer]))
        assert archive.listed(ORG) == [newer, other]


def test_the_bookkeeping_of_a_mailbox_goes_with_it(archive: Archive) -> None:
    row = {
        "connection": "c",
        "identity": "",
        "party": ORG,
        "alarm": "Mange mangler.",
        "alarm_at": LATER,
        "swept_count": 7,
    }
    archive.publish(publication(mailboxes=[row]))
    kept = archive.mailboxes("c")[0]
    assert {name: kept[name] for name in row} == row


def test_a_dialog_is_handed_over_without_a_change(archive: Archive) -> None:
    filled(archive)
    assert archive.publish(publication(handed_over=[(uuid(1), "d", "lonn")])) == Written(0, 1, 0)
    assert [(each.connection, each.identity) for each in archive.held(ORG)[:2]] == [("c", ""), ("d", "lonn")]
    assert archive.view("history") == []


def test_parties_of_delegated_dialogs(archive: Archive) -> None:
    archive.write(
        batch(
            dialog(1, delegated=True, connection="c", identity=""),
            dialog(2, delegated=True, connection="d", identity="", party=PERSON),
            dialog(3, connection="c", identity="", party=PERSON),
        )
    )
    assert archive.delegating("c", "") == [ORG]


def test_both_engines_answer_alike(same: EACH) -> None:
    def ask(archive: Archive) -> object:
        filled(archive)
        changes = [PresenceChange(uuid(1), "present", "expired", "level_too_low")]
        done = archive.publish(
            publication(*changes, probed=[uuid(2)], listed=[Listed("c", "", ORG, frozenset({uuid(0)}), AT)])
        )
        return done, archive.held(ORG), archive.listed(), archive.view("history")

    assert same(ask)
