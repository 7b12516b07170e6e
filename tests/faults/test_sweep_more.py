"""A sweep while the server misbehaves: windows, moved dialogs, items without a party, probes that fail together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync.passes import sweep as sweeping
from sync.passes.schedule import Pass, Wanted
from sync.passes.walks import Walk, plan_sweep
from tests.faults.playground import A, B, C, Playground, playground, problem
from tests.faults.sweeping import poll, sweep

DAY = 25 * 3600


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path) as ready:
        yield ready


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(*arguments: object) -> list[Walk]:
        return [replace(walk, limit=2) for walk in plan_sweep(*arguments)]  # type: ignore[arg-type]

    monkeypatch.setattr(sweeping, "plan_sweep", planned)


def swept(play: Playground, count: int) -> list[str]:
    """Dialogs of A, swept and a day old."""
    made = [play.dialog(A, f"Nummer {number}") for number in range(count)]
    play.dialog(B)
    assert sweep(play).outcome == "ok"
    play.clock.skip(DAY)
    poll(play)
    return made


def presence(play: Playground, dialog_id: str) -> str:
    return str(play.row(dialog_id)["presence"])


def test_only_the_last_of_several_windows_completes_a_list(play: Playground) -> None:
    made = swept(play, 30)
    play.write("DELETE", f"/serviceowner/dialogs/{made[0]}")
    play.world.switches.too_broad_limit = 20
    report = sweep(play, poll=False)
    assert (report.outcome, report.held, report.rows_written) == ("ok", [], 1)
    assert presence(play, made[0]) == "deleted"
    probes = [entry for entry in play.world.requests.entries if entry.path.endswith("/transmissions")]
    assert len([entry for entry in probes if made[0] in entry.path]) == 1, "asked about once, not window by window"
    assert not any(made[-1] in entry.path for entry in probes), "what the next window shows is not missing"


@pytest.mark.usefixtures("small_pages")
def test_a_dialog_that_comes_back_behind_the_walk_and_changes_is_found_among_the_newest(play: Playground) -> None:
    made = swept(play, 6)
    play.write("DELETE", f"/serviceowner/dialogs/{made[0]}")

    pages = iter(range(100))

    def restore(name: str, _fields: object) -> None:
        # Three pages of two: when the last of them has landed the list is complete.
        if name == "page_read" and next(pages) == 2:
            play.write("POST", f"/serviceowner/dialogs/{made[0]}/actions/restore?isSilentUpdate=true")
            play.retitle(made[0], "Omdøpt")

    play.on_told = restore
    report = sweep(play, poll=False)
    play.on_told = None
    assert report.outcome == "ok"
    assert presence(play, made[0]) == "present"
    assert "presence" not in play.history(made[0])


def test_a_listed_item_that_names_no_dialog_may_be_any_that_is_missing(play: Playground) -> None:
    made = swept(play, 3)
    play.world.switches.broken_items = {made[1]: {"id": None}}
    sweep(play, poll=False)
    assert presence(play, made[1]) == "absent", "it answers and shows in no item: that alone does not prove expiry"

    play.calm()
    sweep(play, poll=False)
    assert [presence(play, dialog_id) for dialog_id in made] == ["present"] * 3


def test_a_listed_item_without_a_party_is_not_missing(play: Playground) -> None:
    made = swept(play, 3)
    play.world.switches.partyless_items = [made[0]]
    play.world.requests.reset()
    sweep(play)
    assert not any("lookup" in path for path in play.world.requests.by), "it was met, so nobody is asked why"
    assert presence(play, made[0]) == "present"
    assert len(play.archive.quarantined()) == 1


def test_what_waits_in_quarantine_is_let_go_when_our_rights_end_and_read_anew_when_they_return(tmp_path: Path) -> None:
    with playground(tmp_path, "always") as play:
        (one,) = swept(play, 1)
        play.world.switches.broken_details = [one]
        play.allow(A, B, denied_actions=["*"])
        play.letter(one)
        poll(play)
        assert play.row(one)["access"] == "denied"
        assert [row["dialog_id"] for row in play.archive.quarantined()] == [one]
        sweep(play, poll=False)
        assert play.archive.quarantined() == []

        play.calm()
        play.allow(A, B)
        sweep(play)
        assert (play.row(one)["access"], play.row(one)["details_status"]) == ("full", 200)
        assert play.differences() == []


def test_probes_that_all_fail_publish_nothing(play: Playground) -> None:
    made = swept(play, 40)
    for dialog_id in made[:8]:
        play.write("DELETE", f"/serviceowner/dialogs/{dialog_id}")
    play.fault("/transmissions", status=502, body=problem(502))
    report = sweep(play, poll=False)
    assert report.error is not None
    assert {presence(play, dialog_id) for dialog_id in made} == {"present"}

    play.calm()
    play.clock.skip(DAY)
    assert sweep(play).outcome == "ok"
    assert {presence(play, dialog_id) for dialog_id in made[:8]} == {"deleted"}


def test_a_mailbox_that_came_back_is_asked_about_once(play: Playground) -> None:
    made = swept(play, 3)
    play.allow(B)
    sweep(play)
    play.clock.skip(DAY)
    sweep(play)
    play.write("POST", f"/serviceowner/dialogs/{made[0]}/actions/purge")
    play.allow(A, B)
    sweep(play)
    assert [presence(play, one) for one in made] == ["not_found", "present", "present"]
    assert play.mailbox(A)["gone_at"] is None


def test_with_no_mailbox_left_what_is_delegated_one_by_one_is_still_met_and_explained(play: Playground) -> None:
    kept, taken, deleted, ordinary = (play.dialog(A, name) for name in ("Beholdt", "Tatt", "Slettet", "Vanlig"))
    foreign = play.dialog(C, "Fremmed")
    play.allow(A, instances=[foreign])
    play.sync()
    play.allow(instances=[kept, taken, deleted, foreign])
    for _ in range(2):
        play.sync()
        play.clock.skip(DAY)
    play.sync()
    delegated = (kept, taken, deleted, foreign)
    assert [presence(play, one) for one in delegated] == ["present"] * 4, "a search shows what is still delegated"
    assert presence(play, ordinary) == "no_access"

    play.write("DELETE", f"/serviceowner/dialogs/{deleted}")
    play.allow(instances=[kept, deleted])
    play.clock.skip(DAY)
    play.world.requests.reset()
    play.sync()
    assert [presence(play, one) for one in delegated] == ["present", "no_access", "deleted", "no_access"]
    asked = [entry.path for entry in play.world.requests.entries if entry.path.endswith("/transmissions")]
    assert {one for one in delegated if any(one in path for path in asked)} == {taken, deleted, foreign}


def test_what_changed_while_it_was_not_ours_and_becomes_ours_between_two_probes_is_found(play: Playground) -> None:
    dialog_id = swept(play, 1)[0]
    play.dialog(A, serviceResource="urn:altinn:resource:annet")
    denied = ["urn:altinn:resource:prove"]
    play.allow(A, B, denied_resources=denied)
    sweep(play)
    assert presence(play, dialog_id) == "no_access"
    play.clock.skip(DAY)
    play.retitle(dialog_id, "Nytt")
    play.clock.skip(31 * DAY)  # long enough to be asked about again

    inbox: Any = play.runner.identities[0].inbox
    lookup = inbox.lookup

    def given_back(reference: str) -> bytes:
        play.allow(A, B)
        body: bytes = lookup(reference)
        return body

    inbox.lookup = given_back
    sweep(play)
    assert play.row(dialog_id)["title"] == "Nytt"
    rows = play.archive.query_read_only(
        f"SELECT after FROM history WHERE what = 'presence' AND dialog_id = '{dialog_id}'"
    )
    with rows as answer:
        assert [after for (after,) in answer.rows] == ['"no_access"', '"present"']


def planned_sweep(play: Playground, *passes: Pass, accept: frozenset[str] = frozenset()) -> list[str]:
    steps = [step for _, step in play.runner.rehearse(play.archive, Wanted(frozenset(passes), accept))]
    return [step for step in steps if step.startswith("sweep")]


def test_a_rehearsal_tells_of_the_sweep_that_looks_for_what_is_delegated_when_no_mailbox_is_left(
    play: Playground,
) -> None:
    given = play.dialog(A)
    play.sync()
    assert planned_sweep(play) == []
    both = "sweep: list 2 mailboxes"
    assert planned_sweep(play, Pass.SWEEP) == [both]
    play.allow(instances=[given])
    assert planned_sweep(play, Pass.SWEEP) == [both], "they would be lost by then"
    play.sync()
    play.clock.skip(DAY)
    assert planned_sweep(play) == [both], "due, since nothing else tells of it"


def test_a_rehearsal_tells_of_the_sweep_by_which_absences_are_accepted(play: Playground) -> None:
    play.dialog(A)
    play.sync()
    assert planned_sweep(play, Pass.SWEEP) == ["sweep: list 2 mailboxes"]
    assert planned_sweep(play, accept=frozenset({A})) == ["sweep: list 1 mailbox"]


@pytest.mark.parametrize("left", [(), (B,)])
def test_a_sweep_that_lists_nothing_gives_nothing_up(play: Playground, left: tuple[str, ...]) -> None:
    given = play.dialog(A)
    play.allow(A, *left)
    play.sync()
    play.allow(*left, instances=[given])
    sweep(play)
    play.clock.skip(DAY)
    play.fault(r"/enduser/dialogs\?", status=422, body=problem(422, Search=["too many"]))
    report = sweep(play, poll=False)
    assert (presence(play, given), play.mailbox(A)["gone_at"]) == ("present", None)
    assert report.outcome == "failed"
    assert play.mailbox(A)["error"] is None, "a lost mailbox is not asked any more, so nothing would ever clear it"
