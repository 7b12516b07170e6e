"""What is volatile is no news: other ephemeral ids, other tokens, masks that come and go, over and over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.passes.schedule import Pass, Wanted
from tests.chaos.program import StillClock
from tests.chaos.within import Within
from tests.faults.playground import A, B, Playground, playground, text, word

TIMES = int(os.environ.get("REPOLLS", "40"))  # `make chaos` asks for a thousand
EVERYTHING = Wanted(frozenset({Pass.SWEEP, Pass.HOT, Pass.DEEP}))
HOT = Wanted(frozenset({Pass.HOT}))


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    """Two dialogs with all that can be masked, read, and opened again at each hot pass."""
    with playground(tmp_path, "always", clock=StillClock(), serving=Within) as ready:
        for party in (A, B):
            fill(ready, party)
        ready.runner.run(ready.archive, EVERYTHING)
        ready.clock.skip(60)
        ready.runner.run(ready.archive, EVERYTHING)
        assert ready.differences() == []
        yield ready


def fill(play: Playground, party: str) -> None:
    person = {"actorType": "PartyRepresentative", "actorId": "urn:altinn:person:identifier-no:12857910093"}
    ends = (play.clock.now() + timedelta(hours=TIMES / 2)).isoformat()
    url = {"url": "https://example.com/1", "consumerType": "Gui", "mediaType": "application/pdf"}
    paper = {"displayName": [word("Vedlegg")], "urls": [url], "expiresAt": ends}
    link = {"title": [word("Gå til")], "url": "https://example.com/2", "expiresAt": ends}
    letter: dict[str, Any] = {"type": "Submission", "sender": person, "content": {"title": text("Brev")}}
    letter |= {"attachments": [paper], "navigationalActions": [link]}
    action = {"action": "write", "url": "https://example.com/3", "priority": "Primary", "title": [word("Fyll ut")]}
    call = {"action": "submit", "endpoints": [{"url": "https://example.com/4", "httpMethod": "POST"}]}
    done = {"type": "Information", "performedBy": person, "description": [word("Gjort")]}
    more = {"attachments": [paper], "transmissions": [letter], "activities": [done]}
    dialog_id = play.dialog(party, "Sak", guiActions=[action], apiActions=[call], **more)
    play.human_opens(dialog_id)


def written(play: Playground, wanted: Wanted) -> tuple[int, int]:
    """Rows and changes of one run."""
    reports = play.runner.run(play.archive, wanted).reports
    assert {report.outcome for report in reports} == {"ok"}
    return sum(each.rows_written for each in reports), sum(each.changes_written for each in reports)


def openings(play: Playground) -> int:
    return play.world.requests.by["GET /api/v1/enduser/dialogs/{dialogId}"]


def test_other_salts_tokens_and_masks_write_nothing_however_often(play: Playground) -> None:
    before = openings(play)
    for number in range(TIMES):
        play.world.resalt()
        play.world.switches.shuffled_activities = number % 2 == 0
        play.clock.skip(3600)  # the papers expire on the way
        play.world.forget_rendered()
        assert written(play, EVERYTHING if number % 10 == 0 else HOT) == (0, 0), f"run {number}"
    assert openings(play) - before >= 2 * TIMES, "else no token and no mask was read again"
    assert "urn:dialogporten:" not in str(play.tables()["attachment_url"])


def test_rights_that_flicker_are_followed_and_make_no_history(play: Playground) -> None:
    for number in range(max(4, TIMES // 5)):
        denied = ["write", "submit"] if number % 2 == 0 else []
        play.allow(A, B, denied_actions=denied)
        play.clock.skip(3600)
        rows, changes = written(play, HOT)
        assert changes == 0
        assert rows > 0, "the rows say what we may do now"
        assert {row["is_authorized"] for row in play.tables()["gui_action"]} == {not denied}
        assert "urn:dialogporten:" not in str(play.tables()["gui_action"] + play.tables()["api_endpoint"])
        assert written(play, HOT) == (0, 0)
