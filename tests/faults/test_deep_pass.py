"""The deep pass finds what no list item shows, a share at a time: silent edits of the letters of settled dialogs, and
labels that came and went before we met a dialog."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.household import household
from tests.faults.playground import A, B, D, Playground, playground, problem, text
from tests.faults.rereading import CYCLE, asked, deep, hot, planned, poll
from tests.faults.restoring import labels

DAY = 86400


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path) as ready:
        yield ready


def settled(play: Playground, count: int, *, days: int = 100) -> list[tuple[str, str]]:
    """Completed dialogs with a letter each, youngest first, and a plain one besides: dialog and letter ids."""
    made = []
    for number in range(count):
        at = play.clock.now() - timedelta(days=days + number)
        dialog_id = play.dialog((A, B)[number % 2], status="Completed", at=at)
        made.append((dialog_id, play.letter(dialog_id, "Før", at=at)))
    play.dialog(A, status="Completed")
    return made


def edit(play: Playground, dialog_id: str, letter_id: str, title: str = "Etter") -> None:
    body = {"type": "Information", "sender": {"actorType": "ServiceOwner"}, "content": {"title": text(title)}}
    play.write("PUT", f"/serviceowner/dialogs/{dialog_id}/transmissions/{letter_id}?isSilentUpdate=true", body)


def read_in_order(play: Playground) -> list[str]:
    """The dialogs whose transmissions were asked for since the pass began."""
    entries = play.world.requests.entries
    return [one.path.split("/")[-2] for one in entries if one.path.endswith("/transmissions")]


def test_a_silent_edit_of_a_settled_dialog_is_found_by_the_deep_pass_only(play: Playground) -> None:
    [(dialog_id, letter_id)] = settled(play, 1)
    poll(play)
    edit(play, dialog_id, letter_id)
    poll(play)
    hot(play)
    assert play.history(dialog_id) == {}

    report = deep(play, everything=True)
    assert (report.outcome, report.changes_written) == ("ok", 1)
    assert play.history(dialog_id).keys() == {f"transmissions.{letter_id}.content.title"}
    assert play.differences() == []


def test_an_idle_deep_pass_costs_a_request_for_each_kind_of_child_and_writes_nothing(play: Playground) -> None:
    made = settled(play, 3)
    play.activity(made[0][0])
    poll(play)
    deep(play, everything=True)  # the label logs, once
    before = play.tables()
    noted = ("children_read_at", "looked_at")
    report = deep(play, everything=True)
    assert asked(play) == {"transmissions": 3, "activities": 1}
    assert (report.rows_written, report.changes_written, report.items_read) == (0, 0, 3)
    assert _without(play.tables(), noted) == _without(before, noted)


def test_a_cycle_reads_every_dialog_once_evenly_and_the_youngest_first(play: Playground) -> None:
    made = [dialog_id for dialog_id, _ in settled(play, 6)]
    poll(play)
    read: list[str] = []
    sizes = [0]
    for _ in range(10):
        play.clock.skip(CYCLE.total_seconds() / 10)
        sizes.append(sizes[-1] + deep(play).items_read)
        read += read_in_order(play)
    assert sorted(read) == sorted(made)
    assert [each for each in read if each in made[::2]] == made[::2]
    assert [each for each in read if each in made[1::2]] == made[1::2]
    assert all(abs(size - 7 * number / 10) <= 1 for number, size in enumerate(sizes)), "with the plain one"

    play.clock.skip(CYCLE.total_seconds())
    deep(play)
    assert sorted(read_in_order(play)) == sorted(made)


def test_what_only_a_higher_level_reads_takes_no_share_of_the_others(tmp_path: Path) -> None:
    with household(tmp_path, "never") as home:
        play = home.play
        for number in range(4):
            old = play.clock.now() - timedelta(days=100 + number)
            plain = {"serviceResource": "urn:altinn:resource:annet", "status": "Completed"}
            play.letter(play.dialog(A, at=old, **plain), at=old)
            home.secret()
        home.sync()
        assert {row["access"] for row in play.tables()["dialog"]} == {"full"}
        home.consent_ends()
        home.sync(after=CYCLE.total_seconds() / 2)
        assert len(read_in_order(play)) == 2, "half of what there is to read, although what is hidden is younger"


def test_what_another_pass_read_in_the_cycle_is_not_read_again_in_it(play: Playground) -> None:
    [(older, _), (younger, _)] = settled(play, 2)
    poll(play)
    play.clock.skip(DAY)
    play.letter(older)
    poll(play)
    play.clock.skip(CYCLE.total_seconds())
    deep(play)
    assert read_in_order(play) == [younger]


def test_nothing_is_due_right_after_a_backfill(play: Playground) -> None:
    settled(play, 3)
    poll(play)
    report = deep(play)
    assert (report.requests, report.outcome) == (0, "ok")
    assert play.mailbox(A)["last_deep_at"] is not None


def put_away_and_back(play: Playground, dialog_id: str) -> None:
    for add in ("Archive", "Default"):
        labels(play, dialog_id, add=(add,))


def test_labels_that_came_and_went_before_we_met_a_dialog_are_read_once(play: Playground) -> None:
    made = [play.dialog(A, status="Completed", at=play.clock.now() - timedelta(days=100 + n)) for n in range(8)]
    for dialog_id in made:
        put_away_and_back(play, dialog_id)
    poll(play)
    assert asked(play).get("labellog", 0) == 0, "a first backfill asks nothing that its lists do not call for"
    read = []
    for _ in range(8):
        play.clock.skip(CYCLE.total_seconds() / 8)
        deep(play)
        read.append(asked(play))
    assert read == [{"labellog": 1}] * 8, "evenly over the cycle"
    assert len([row for row in play.tables()["label_log"] if row["dialog_id"] in made]) == 16
    assert play.differences() == []

    play.clock.skip(CYCLE.total_seconds())
    assert deep(play).requests == 0


def test_a_label_log_that_cannot_be_read_is_asked_for_once_in_a_cycle_and_keeps_no_other_waiting(
    play: Playground,
) -> None:
    stuck, refused, fine = (play.dialog(A, status="Completed") for _ in range(3))
    put_away_and_back(play, fine)
    poll(play)
    play.fault(f"{stuck}/context/labellog", status=500, body=problem(500))
    play.fault(f"{refused}/context/labellog", status=404, body=problem(404, DialogEntity=["was not found"]))
    play.clock.skip(CYCLE.total_seconds())
    assert deep(play).quarantined == 1
    assert play.differences() == []
    play.clock.skip(DAY)
    assert deep(play).requests == 0


def test_all_at_once_begins_the_cycle_anew(play: Playground) -> None:
    settled(play, 3)
    poll(play)
    play.clock.skip(CYCLE.total_seconds() / 2)
    deep(play, everything=True)
    assert deep(play).requests == 0


def test_a_dialog_that_went_is_marked_deleted_and_a_purged_one_left_to_the_sweep(play: Playground) -> None:
    [(deleted, _), (purged, _)] = settled(play, 2)
    poll(play)
    play.write("DELETE", f"/serviceowner/dialogs/{deleted}")
    play.write("POST", f"/serviceowner/dialogs/{purged}/actions/purge")
    report = deep(play, everything=True)
    assert report.outcome == "ok"
    assert play.row(deleted)["presence"] == "deleted"
    assert play.history(deleted)["presence"] == ('"present"', '"deleted"')
    assert (play.row(purged)["presence"], play.row(purged)["access"]) == ("present", "full")
    assert play.history(purged) == {}
    assert play.archive.quarantined() == []


def test_no_dialog_is_opened_and_none_is_marked(play: Playground) -> None:
    made = [dialog_id for dialog_id, _ in settled(play, 2)]
    play.human_opens(made[0])
    poll(play)
    before = {each["id"]: each["seenlog"] for each in play.truth()["dialogs"]}
    assert deep(play, everything=True).openings == 0
    assert asked(play).keys() == {"transmissions", "labellog"}
    assert {each["id"]: each["seenlog"] for each in play.truth()["dialogs"]} == before


def test_a_delegated_dialog_is_read_once_too(play: Playground) -> None:
    made = play.dialog(D, status="Completed")
    sent = play.letter(made, "Før")
    play.allow(A, B, instances=[made])
    poll(play)
    edit(play, made, sent)
    deep(play, everything=True)
    assert read_in_order(play) == [made]
    assert play.differences() == []


def test_a_failing_read_is_set_aside_and_does_not_come_again_before_its_time(play: Playground) -> None:
    [(stuck, _), (fine, letter_id)] = settled(play, 2)
    poll(play)
    edit(play, fine, letter_id)
    play.fault(f"{stuck}/transmissions", status=500, body=problem(500))
    report = deep(play, everything=True)
    assert (report.outcome, report.quarantined) == ("partial", 1)
    assert play.differences() == []
    deep(play, everything=True)
    assert read_in_order(play) == [fine]


def test_a_pass_that_is_cut_goes_on_where_it_stood(play: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.passes.deep.PART", 2)
    made = [dialog_id for dialog_id, _ in settled(play, 6)]
    poll(play)
    play.clock.skip(CYCLE.total_seconds())
    play.fault("/transmissions", kind="drop", after=3)
    assert deep(play).outcome == "partial"
    first = {row["id"] for row in play.tables()["dialog"] if (row["children_read_at"] or "") > _backfilled(play)}
    assert 0 < len(first) < len(made)

    play.calm()
    play.clock.skip(3600)
    assert deep(play).outcome == "ok"
    assert set(read_in_order(play)) == set(made) - first


def test_the_plan_tells_whose_turn_it_is(play: Playground) -> None:
    [(dialog_id, _)] = settled(play, 1)
    play.retitle(dialog_id, "Endret")
    poll(play)
    assert planned(play)[1] == []
    play.clock.skip(CYCLE.total_seconds())
    plain = next(row["id"] for row in play.tables()["dialog"] if row["id"] != dialog_id)
    assert sorted(planned(play)[1]) == sorted(
        [f"read again {dialog_id}: transmissions", f"read again {plain}: labellog"]
    )


def _backfilled(play: Playground) -> Any:
    return max(play.mailbox(party)["backfilled_at"] for party in (A, B))


def _without(tables: Any, columns: tuple[str, ...]) -> Any:
    return {
        name: [{key: value for key, value in row.items() if key not in columns} for row in rows]
        for name, rows in tables.items()
    }
