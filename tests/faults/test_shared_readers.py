"""One dialog, several pairs of eyes: what one identity was told of it does not bind another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import load
from sync.runner import Runner
from sync.sandbox.steps import claims_for
from tests.faults.playground import HUMAN, A, B, C, Playground, playground, text


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
        for change in ("dialog SET identity = 'another' WHERE id", "refusal SET identity = 'another' WHERE dialog_id"):
            connection.execute(f"UPDATE {change} = ?", (dialog,))
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


@pytest.fixture
def with_a_person(tmp_path: Path) -> Iterator[Playground]:
    """Everything may be opened; a person whose level is higher than ours reads the same party after us."""
    with playground(tmp_path, "always") as play:
        play.allow(A, levels={"urn:altinn:resource:prove": 4})
        now = int(play.clock.now().timestamp())
        claims = {**claims_for(play.world, HUMAN), "iat": now - 60, "exp": now + 10**7}
        play.env["PERSON"] = play.world.issuers.sign(play.world.issuer, claims)
        person = f'[[connection]]\nname = "kari"\nkind = "token"\ntoken = "env:PERSON"\nparties = ["{A}"]\n[sync]'
        play.file.write_text(play.file.read_text().replace("[sync]", person))
        play.runner = Runner(load(play.file, play.env), play.env, play.hear, now=play.clock.now, http=play.runner.http)
        yield play


def test_what_our_level_hides_is_left_to_whoever_reads_it_whole(with_a_person: Playground) -> None:
    play = with_a_person
    content = {name: text("Hemmelig") for name in ("title", "summary")}
    plain = {"nonSensitiveTitle": text("Et brev"), "nonSensitiveSummary": text("Et brev")}
    dialog = play.dialog(A, content=content | plain)
    play.letter(dialog)

    def standing() -> tuple[object, ...]:
        return tuple(play.row(dialog)[name] for name in ("title", "access", "connection", "details_status"))

    play.sync()
    assert standing() == ("Hemmelig", "full", "kari", 200)

    idle = play.sync()
    assert [(report.rows_written, report.openings) for report in idle.reports] == [(0, 0), (0, 0)]

    play.letter(dialog, "Enda et")
    changed = play.sync()
    assert standing() == ("Hemmelig", "full", "kari", 200)
    assert changed.reports[-1].openings == 1
    assert [row["title"] for row in play.tables()["transmission"]] == ["Brev", "Enda et"]
    assert [report.openings for report in play.sync().reports] == [0, 0]
    assert "content.title" not in play.history(dialog)
