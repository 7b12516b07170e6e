"""A run that is stopped, or that the server leaves alone, in the middle of a part: what was read is kept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sync.passes.schedule import Pass, Wanted
from tests.faults.playground import A, Playground, playground

SIDE_BY_SIDE = 4  # the concurrency of a playground


def filled(play: Playground, count: int = 30) -> list[str]:
    made = [play.dialog(A, f"Nummer {number}") for number in range(count)]
    for dialog_id in made:
        play.letter(dialog_id)
    return made


def openings(play: Playground, made: list[str]) -> Counter[str]:
    """How often each was opened."""
    last = (entry.path.rsplit("/", 1)[1] for entry in play.world.requests.entries if entry.method == "GET")
    return Counter(name for name in last if name in made)


def stop_after(play: Playground, count: int) -> None:
    """At the opening of that number somebody stops the run."""

    def hear(name: str, _fields: object) -> None:
        if name == "opening" and [told for told, _ in play.told].count("opening") == count:
            play.runner.stop.set()

    play.on_told = hear


@pytest.mark.parametrize("policy", ["always", "restore-unread"])
def test_a_stopped_first_run_opens_nothing_again_but_what_was_under_way(tmp_path: Path, policy: str) -> None:
    with playground(tmp_path, policy) as play:
        made = filled(play)
        stop_after(play, 20)
        (report,) = play.sync().reports
        assert report.stopped
        assert len(play.tables()["dialog"]) >= 20 - 2 * SIDE_BY_SIDE
        assert play.mailbox(A)["cursor_at"] is None, "what is kept promises nothing"
        assert len(play.archive.standing_duties()) <= SIDE_BY_SIDE, "what never left owes nothing"

        play.on_told = None
        play.runner.stop.clear()
        for _ in range(2):  # a duty whose opening may be under way is looked at twice
            play.clock.skip(600)
            play.sync()
        found = openings(play, made)
        assert found.keys() == set(made)
        assert sum(count > 1 for count in found.values()) <= SIDE_BY_SIDE
        assert play.differences() == []
        assert play.archive.standing_duties() == []


def test_a_stopped_hot_pass_keeps_what_it_read(tmp_path: Path) -> None:
    with playground(tmp_path, "always") as play:
        made = filled(play)
        play.sync()
        for dialog_id in made:
            body = [{"op": "add", "path": "/externalReference", "value": "ny"}]
            play.write("PATCH", f"/serviceowner/dialogs/{dialog_id}?isSilentUpdate=true", body)
        play.clock.skip(3600)
        play.told.clear()
        stop_after(play, 20)
        play.runner.run(play.archive, Wanted(frozenset({Pass.HOT})))
        renewed = [row for row in play.tables()["dialog"] if row["external_reference"] == "ny"]
        assert len(renewed) >= 20 - 2 * SIDE_BY_SIDE


def test_an_outage_in_the_middle_keeps_what_was_read_before_it(tmp_path: Path) -> None:
    with playground(tmp_path, "always") as play:
        made = filled(play)
        play.fault("/transmissions$", kind="drop", after=10)
        (report,) = play.sync().reports
        assert report.error is not None
        landed = {row["id"] for row in play.tables()["dialog"]}
        assert len(landed) >= 10 - SIDE_BY_SIDE
        assert play.archive.quarantined() == [], "the line is to blame, not a dialog"

        play.calm()
        play.clock.skip(3600)
        assert play.sync().exit_code == 0
        found = openings(play, made)
        assert {found[one] for one in landed} == {1}
        assert play.differences() == []
