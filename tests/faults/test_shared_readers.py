"""One dialog, several pairs of eyes: what one identity was told of it does not bind another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.playground import A, B, C, Playground, playground


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path, "never") as ready:
        yield ready


def test_a_delegated_dialog_is_an_ordinary_one_once_its_party_may_be_represented(play: Playground) -> None:
    dialog = play.dialog(C)
    play.allow(A, instances=[dialog])
    play.sync()
    assert play.row(dialog)["delegated"]

    play.allow(A, C)
    play.sync()
    assert not play.row(dialog)["delegated"]
    assert play.history(dialog) == {}, "whose eyes see it is no change of the dialog"


def read_by_another(play: Playground, dialog: str) -> None:
    """As if a system user before us had been the one who was denied it."""
    with sqlite3.connect(play.settings.archive.url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE dialog SET identity = 'another' WHERE id = ?", (dialog,))
    connection.close()


def test_what_another_system_user_was_denied_is_asked_for_with_our_own_rights(play: Playground) -> None:
    dialog = play.dialog(B)
    play.letter(dialog)
    play.allow(A, B, denied_actions=["*"])
    play.sync()
    assert (play.row(dialog)["access"], play.tables()["transmission"]) == ("denied", [])

    play.allow(A, B)
    play.sync()
    assert play.row(dialog)["access"] == "denied", "we were refused, and nothing of it changed: not asked each poll"

    read_by_another(play, dialog)
    play.sync()
    assert play.row(dialog)["access"] == "full"
    assert play.differences() == []
