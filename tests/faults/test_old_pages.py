"""A page may lie for minutes before its dialogs are opened: what a person marked meanwhile is left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync.passes.schedule import Pass, Wanted
from sync.passes.walks import MailboxCursor, Walk, plan_walks
from tests.faults.playground import A, Playground, playground
from tests.faults.restoring import is_unread, labels, marks

SEARCH = r"/enduser/dialogs\?"


def wait(
    play: Playground, seconds: int, meanwhile: Callable[[], None] = lambda: None, path: str = "/transmissions$"
) -> None:
    """The server asks for a pause once; then something happens."""
    play.fault(path, status=503, headers={"Retry-After": str(seconds)}, body="closed", times=1)

    def hear(name: str, _fields: object) -> None:
        if name == "throttled":
            play.on_told = None
            meanwhile()

    play.on_told = hear


def read(play: Playground) -> str:
    """A dialog with a letter that a person has opened."""
    dialog_id = play.dialog(A)
    play.letter(dialog_id)
    play.human_opens(dialog_id)
    return dialog_id


def asked(play: Playground, dialog_id: str) -> list[str]:
    """Openings and lists, in order."""
    entries = [entry for entry in play.world.requests.entries if entry.caller and not entry.caller.startswith("pid:")]
    return [
        "opening" if entry.path.endswith(dialog_id) else "list"
        for entry in entries
        if entry.path.endswith((dialog_id, "/enduser/dialogs"))
    ]


@pytest.mark.parametrize("policy", ["after-human", "restore-unread"])
def test_what_a_person_marks_while_the_server_lets_us_wait_is_not_opened(tmp_path: Path, policy: str) -> None:
    with playground(tmp_path, policy) as play:
        dialog_id = read(play)
        wait(play, 300, lambda: marks(play, dialog_id))
        play.sync()
        assert asked(play, dialog_id) == ["list", "list"]
        assert is_unread(play, dialog_id)
        assert play.row(dialog_id)["details_status"] is None
        assert "opening" not in [name for name, _ in play.told]

        play.human_opens(dialog_id)
        play.runner.run(play.archive, Wanted(frozenset({Pass.SWEEP})))
        assert play.row(dialog_id)["details_status"] == 200
        assert play.differences() == []


@pytest.mark.parametrize("policy", ["after-human", "restore-unread"])
def test_what_a_person_marks_while_the_opening_itself_is_told_to_wait_is_not_opened(
    tmp_path: Path, policy: str
) -> None:
    with playground(tmp_path, policy) as play:
        dialog_id = read(play)
        wait(play, 300, lambda: marks(play, dialog_id), path=f"{dialog_id}$")
        play.sync()
        assert is_unread(play, dialog_id)

        play.human_opens(dialog_id)
        play.runner.run(play.archive, Wanted(frozenset({Pass.SWEEP})))
        assert play.row(dialog_id)["details_status"] == 200
        assert play.differences() == []


@pytest.mark.parametrize(
    ("status", "body"), [(400, "no"), (200, "{}"), (200, '{"items": []}'), (200, '{"items": [], "hasNextPage": true}')]
)
def test_where_the_list_cannot_be_asked_again_the_opening_is_put_off_and_made_later(
    tmp_path: Path, status: int, body: str
) -> None:
    with playground(tmp_path) as play:
        dialog_id = read(play)
        broken: dict[str, Any] = {"status": status, "body": body}
        wait(play, 300, lambda: play.fault(r"createdAfter=", **broken))
        assert play.sync().exit_code == 4
        assert play.row(dialog_id)["details_status"] is None
        play.calm()
        play.clock.skip(600)
        assert play.sync().exit_code == 0
        assert play.row(dialog_id)["details_status"] == 200
        assert play.archive.quarantined() == []


def test_a_page_that_waited_behind_another_is_as_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(mailboxes: Sequence[MailboxCursor], most: int) -> list[Walk]:
        return [replace(walk, limit=1) for walk in plan_walks(mailboxes, most)]

    monkeypatch.setattr("sync.passes.poll.plan_walks", planned)
    with playground(tmp_path) as play:
        first, second = read(play), read(play)
        wait(play, 300, lambda: marks(play, second), path=f"{first}/context/labellog$")
        play.sync()
        assert is_unread(play, second)


@pytest.mark.parametrize(
    ("policy", "seconds", "looks"), [("after-human", 300, 1), ("after-human", 30, 0), ("always", 300, 0)]
)
def test_what_nobody_has_touched_is_opened_and_looked_at_again_only_where_it_matters(
    tmp_path: Path, policy: str, seconds: int, looks: int
) -> None:
    with playground(tmp_path, policy) as play:
        dialog_id = read(play)
        wait(play, seconds)
        assert play.sync().exit_code == 0
        assert asked(play, dialog_id) == ["list", *["list"] * looks, "opening"]
        assert play.differences() == []


def test_a_duty_takes_the_place_of_another_look(tmp_path: Path) -> None:
    with playground(tmp_path, "restore-unread") as play:
        dialog_id = play.dialog(A)
        play.letter(dialog_id)
        wait(play, 300, lambda: marks(play, dialog_id))
        play.sync()
        assert asked(play, dialog_id)[:2] == ["list", "opening"]
        assert is_unread(play, dialog_id)


def test_details_that_a_change_made_old_are_read_when_a_person_has_opened_the_dialog_again(tmp_path: Path) -> None:
    with playground(tmp_path) as play:
        dialog_id = play.dialog(A, status="Completed")
        play.human_opens(dialog_id)
        play.sync()
        play.retitle(dialog_id, "Nytt")
        play.sync()
        assert asked(play, dialog_id).count("opening") == 1
        play.human_opens(dialog_id)
        play.sync()
        assert asked(play, dialog_id).count("opening") == 2
        assert play.differences() == []
        labels(play, dialog_id, add=("Archive",))
        play.sync()
        assert asked(play, dialog_id).count("opening") == 2
