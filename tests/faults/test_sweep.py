"""A sweep finds what no cursor finds, explains what is missing, and is silent on what it could not see to the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.passes import sweep as sweeping
from sync.passes.walks import Walk, plan_sweep
from tests.faults.playground import HUMAN, A, B, C, Playground, playground, problem, text, word
from tests.faults.sweeping import poll, sweep

SEARCH = r"/enduser/dialogs\?"
DAY = 25 * 3600
SERVICE = "urn:altinn:resource:prove"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path) as ready:
        yield ready


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(*arguments: object) -> list[Walk]:
        return [replace(walk, limit=2) for walk in plan_sweep(*arguments)]  # type: ignore[arg-type]

    monkeypatch.setattr(sweeping, "plan_sweep", planned)


def fill(play: Playground, count: int = 4) -> list[str]:
    """Dialogs with a letter and an activity each over A and B, polled, swept once, and a day old."""
    made = []
    for number in range(count):
        dialog_id = play.dialog((A, B)[number % 2], f"Nummer {number}")
        play.letter(dialog_id)
        play.activity(dialog_id)
        made.append(dialog_id)
    assert sweep(play).outcome == "ok"
    play.clock.skip(DAY)
    poll(play)  # the cursor passes what was just made
    return made


def silently(play: Playground, method: str, path: str, body: object = None) -> Any:
    return play.write(method, f"/serviceowner/dialogs/{path}?isSilentUpdate=true", body)


def presence(play: Playground, dialog_id: str) -> str:
    return str(play.row(dialog_id)["presence"])


# What no cursor finds


def test_an_unchanged_archive_costs_its_list_pages_and_writes_nothing(play: Playground) -> None:
    fill(play, 6)
    play.world.requests.reset()
    report = sweep(play, poll=False)

    # A changed authentication level shows in no list item; the services' levels tell.
    levels = "GET /api/v1/metadata/serviceresources"
    assert dict(play.world.requests.by) == {"GET /api/v1/enduser/dialogs": 1, levels: 1}
    assert (report.requests, report.rows_written, report.changes_written) == (2, 0, 0)
    assert report.outcome == "ok"
    assert play.differences() == []


def test_a_dialog_that_was_made_with_an_old_date_is_found(play: Playground) -> None:
    fill(play)
    old = play.dialog(A, "Gammel", createdAt="2014-02-03T04:05:06Z", updatedAt="2015-02-03T04:05:06Z")
    poll(play)
    assert old not in {row["id"] for row in play.tables()["dialog"]}, "else the poll finds it and this shows nothing"
    sweep(play)
    assert presence(play, old) == "present"
    assert play.differences() == []


def test_silent_changes_that_the_list_shows_are_found_with_their_children(play: Playground) -> None:
    made = fill(play, 6)
    silently(play, "PATCH", made[0], [{"op": "replace", "path": "/content/title", "value": text("Stille")}])
    silently(play, "PATCH", made[1], [{"op": "replace", "path": "/status", "value": "RequiresAttention"}])
    letter = {"type": "Information", "sender": {"actorType": "ServiceOwner"}, "content": {"title": text("Stille brev")}}
    silently(play, "POST", f"{made[2]}/transmissions", letter)
    done = {"type": "Information", "performedBy": {"actorType": "ServiceOwner"}, "description": [word("Stille gjort")]}
    silently(play, "POST", f"{made[3]}/activities", done)
    poll(play)
    assert play.differences() != []

    sweep(play, poll=False)
    assert play.differences() == []
    assert "content.title" in play.history(made[0])


def test_labels_and_seen_marks_are_found(play: Playground) -> None:
    made = fill(play)
    play.human_opens(made[0])
    labels = {"addLabels": ["Archive"]}
    play.write("PUT", f"/enduser/dialogs/{made[1]}/context/systemlabels", labels, caller=HUMAN)
    poll(play)
    assert play.differences() != []

    sweep(play, poll=False)
    assert play.differences() == []


def test_an_unread_mark_that_an_opening_took_away_is_found_though_no_revision_moved(play: Playground) -> None:
    made = fill(play)
    play.human_opens(made[0])
    marked = {"addLabels": ["MarkedAsUnopened"]}
    play.write("PUT", f"/enduser/dialogs/{made[0]}/context/systemlabels", marked, caller=HUMAN)
    sweep(play)
    before = play.row(made[0])
    assert not before["is_content_seen"]

    play.human_opens(made[0])
    sweep(play)
    after = play.row(made[0])
    assert after["context_revision"] == before["context_revision"]
    assert after["is_content_seen"]
    assert play.differences() == []
    assert any(row["dialog_id"] == made[0] and row["action"] == "remove" for row in play.tables()["label_log"])


def test_newly_accessible_dialogs_and_parties_are_found(play: Playground) -> None:
    play.allow(A, B, denied_resources=["urn:altinn:resource:annet"])
    hidden = play.dialog(A, "Uten rett", serviceResource="urn:altinn:resource:annet")
    fill(play)
    theirs = play.dialog(C, "Ny part", createdAt="2019-01-01T00:00:00Z", updatedAt="2019-01-01T00:00:00Z")
    play.clock.skip(DAY)

    play.allow(A, B, C)
    sweep(play)
    assert presence(play, hidden) == presence(play, theirs) == "present"
    assert play.differences() == []


# What is missing


@pytest.mark.parametrize(
    ("what", "expected"),
    [("delete", "deleted"), ("purge", "not_found"), ("expire", "expired"), ("revoke", "no_access")],
)
def test_what_is_missing_is_explained(play: Playground, what: str, expected: str) -> None:
    made = fill(play)
    went, path = made[0], f"/serviceowner/dialogs/{made[0]}"
    match what:
        case "delete":
            play.write("DELETE", path)
        case "purge":
            play.write("POST", f"{path}/actions/purge")
        case "expire":
            soon = (play.clock.now() + timedelta(minutes=1)).isoformat()
            play.write("PATCH", path, [{"op": "add", "path": "/expiresAt", "value": soon}])
            poll(play)
            play.clock.skip(120)
        case "revoke":
            play.write("PATCH", path, [{"op": "replace", "path": "/status", "value": "Awaiting"}])
            other = play.dialog(A, "En til", serviceResource="urn:altinn:resource:annet")
            sweep(play)
            play.allow(A, B, denied_resources=["urn:altinn:resource:annet"])
            went = other
    transmissions = len(play.tables()["transmission"])
    report = sweep(play)

    assert report.outcome == "ok"
    assert presence(play, went) == expected
    assert play.history(went)["presence"] == ('"present"', f'"{expected}"')
    assert report.rows_written == report.changes_written == 1
    assert len(play.tables()["transmission"]) == transmissions, "content is never erased by presence"
    assert play.differences(gone=frozenset({went})) == []

    play.world.requests.reset()
    report = sweep(play, poll=False)
    assert (report.requests, report.rows_written) == (2, 0), "what is explained is not asked about at every sweep"


def test_a_dialog_that_is_hidden_again_counts_as_expired(play: Playground) -> None:
    made = fill(play)
    at = play.world.dialogs[made[0]]
    at.visible_from = "2199-01-01T00:00:00.0000000Z"
    play.world.forget_rendered()
    sweep(play)
    assert presence(play, made[0]) == "expired"


def test_no_mark_is_left_by_asking(play: Playground) -> None:
    made = fill(play)
    for dialog_id in made[:2]:
        play.write("DELETE", f"/serviceowner/dialogs/{dialog_id}")
    sweep(play)
    assert not any(path.endswith("/{id}") for path in play.world.requests.by)
    for dialog_id in made[:2]:
        play.write("POST", f"/serviceowner/dialogs/{dialog_id}/actions/restore")
    assert all(not dialog["seenlog"] for dialog in play.truth()["dialogs"])


def test_a_restored_dialog_is_present_again_with_what_changed_meanwhile(play: Playground) -> None:
    made = fill(play)
    play.write("DELETE", f"/serviceowner/dialogs/{made[0]}")
    sweep(play)
    assert presence(play, made[0]) == "deleted"

    play.write("POST", f"/serviceowner/dialogs/{made[0]}/actions/restore?isSilentUpdate=true")
    letter = {"type": "Information", "sender": {"actorType": "ServiceOwner"}, "content": {"title": text("Stille brev")}}
    silently(play, "POST", f"{made[0]}/transmissions", letter)
    sweep(play)
    assert presence(play, made[0]) == "present"
    assert play.history(made[0])["presence"] == ('"deleted"', '"present"')
    assert play.differences() == []


def test_a_dialog_whose_level_is_too_high_and_that_is_listed_no_longer_says_both(play: Playground) -> None:
    made = fill(play)
    play.allow(A, B, levels={SERVICE: 4})
    play.world.dialogs[made[0]].expires_at = "2020-01-01T00:00:00.0000000Z"
    play.world.forget_rendered()
    sweep(play)
    row = play.row(made[0])
    assert (row["presence"], row["access"]) == ("no_access", "level_too_low")


def test_while_the_lookup_is_down_a_missing_dialog_is_absent_and_explained_later(play: Playground) -> None:
    made = fill(play)
    play.write("POST", f"/serviceowner/dialogs/{made[0]}/actions/purge")
    play.fault("/dialoglookup", status=502, body=problem(502))
    assert sweep(play).outcome == "ok"
    assert presence(play, made[0]) == "absent"

    play.calm()
    play.clock.skip(DAY)
    sweep(play)
    assert presence(play, made[0]) == "not_found"
    assert play.history(made[0])["presence"] == ('"absent"', '"not_found"')


def test_a_lookup_that_is_down_is_not_asked_for_ever(play: Playground) -> None:
    made = fill(play, 36)
    for dialog_id in made[:15]:
        play.write("POST", f"/serviceowner/dialogs/{dialog_id}/actions/purge")
    play.fault("/dialoglookup", status=502, body=problem(502))
    sweep(play)
    asked = [entry for entry in play.world.requests.entries if "dialoglookup" in entry.path]
    assert {presence(play, dialog_id) for dialog_id in made[:15]} == {"absent"}
    assert 0 < len({entry.query for entry in asked}) <= 12


def test_children_that_do_not_answer_leave_a_dialog_absent(play: Playground) -> None:
    made = fill(play)
    play.write("DELETE", f"/serviceowner/dialogs/{made[0]}")
    play.fault(f"{made[0]}/transmissions", kind="drop")
    sweep(play)
    assert presence(play, made[0]) == "absent"
    play.calm()
    sweep(play)
    assert presence(play, made[0]) == "deleted"


# Held


def test_a_mass_drop_is_held_until_a_person_accepts_it(play: Playground) -> None:
    made = [
        play.dialog(A, f"Nummer {n}", serviceResource=f"urn:altinn:resource:{'annet' if n < 25 else 'prove'}")
        for n in range(40)
    ]
    fill(play)
    play.allow(A, B, denied_resources=["urn:altinn:resource:annet"])
    report = sweep(play)

    assert (report.held, report.outcome, report.rows_written) == ([A], "partial", 0)
    assert {presence(play, dialog_id) for dialog_id in made} == {"present"}
    assert "25 of 42 dialogs are missing" in play.mailbox(A)["alarm"]
    assert play.mailbox(B)["alarm"] is None
    assert any(name == "absence_held" for name, _ in play.told)
    since = play.mailbox(A)["alarm_at"]
    play.clock.skip(DAY)
    sweep(play)
    assert play.mailbox(A)["alarm_at"] == since, "it stands since it was raised"

    report = sweep(play, accept=frozenset({A}))
    assert (report.held, report.outcome) == ([], "ok")
    assert {presence(play, dialog_id) for dialog_id in made[:25]} == {"no_access"}
    assert {presence(play, dialog_id) for dialog_id in made[25:]} == {"present"}
    assert play.mailbox(A)["alarm"] is None
    assert sweep(play).outcome == "ok"


def test_a_mass_drop_that_passes_by_itself_leaves_no_trace(play: Playground) -> None:
    made = fill(play, 60)
    play.allow(A, B, denied_resources=[SERVICE])
    assert set(sweep(play).held) == {A, B}
    play.allow(A, B)
    report = sweep(play)
    assert (report.held, report.rows_written) == ([], 0)
    assert play.mailbox(A)["alarm"] is None
    assert {presence(play, dialog_id) for dialog_id in made} == {"present"}
    assert play.differences() == []


def test_deletions_count_at_once_however_many(play: Playground) -> None:
    made = fill(play, 60)
    for dialog_id in made:
        play.write("DELETE", f"/serviceowner/dialogs/{dialog_id}")
    assert sweep(play).held == []
    assert {presence(play, dialog_id) for dialog_id in made} == {"deleted"}


def test_deletions_count_at_once_in_a_mailbox_that_is_held(play: Playground) -> None:
    made = fill(play)
    play.write("DELETE", f"/serviceowner/dialogs/{made[0]}")
    play.write("POST", f"/serviceowner/dialogs/{made[2]}/actions/purge")
    assert sweep(play).held == [A]
    assert [presence(play, made[n]) for n in (0, 2)] == ["deleted", "present"]


def test_a_mailbox_that_turns_empty_is_held_however_small(play: Playground) -> None:
    made = fill(play, 2)
    play.allow(A, B, denied_resources=[SERVICE])
    report = sweep(play)
    assert sorted(report.held) == sorted([A, B])
    assert {presence(play, dialog_id) for dialog_id in made} == {"present"}
    assert "The list is empty" in play.mailbox(A)["alarm"]


# Mailboxes that come and go


def test_a_party_that_flickers_changes_nothing(play: Playground) -> None:
    made = fill(play)
    before = play.tables()
    play.allow(A)
    sweep(play)
    play.clock.skip(DAY)
    play.allow(A, B)
    poll(play)
    play.allow(A)
    sweep(play)
    assert presence(play, made[1]) == "present", "it came back in between, so this is the first sweep without it"
    play.allow(A, B)
    sweep(play)
    assert play.tables() == before
    assert play.mailbox(B)["missing_since"] is None


def test_a_party_that_two_sweeps_a_day_apart_find_lost_is_out_of_reach_until_it_comes_back(play: Playground) -> None:
    made = fill(play)
    play.allow(A)
    sweep(play)
    play.clock.skip(3600)
    sweep(play)
    assert presence(play, made[1]) == "present"
    play.clock.skip(DAY)
    sweep(play)
    assert [presence(play, dialog_id) for dialog_id in made] == ["present", "no_access"] * 2
    assert play.history(made[1])["presence"] == ('"present"', '"no_access"')
    assert play.mailbox(B)["state"] == "lost"

    play.write("DELETE", f"/serviceowner/dialogs/{made[3]}")
    play.allow(A, B)
    sweep(play)
    assert presence(play, made[1]) == "present"
    assert presence(play, made[3]) == "deleted", "what does not come back with its mailbox is asked about anew"
    assert play.differences(gone=frozenset({made[3]})) == []


def test_accepting_a_lost_party_does_not_wait_a_day(play: Playground) -> None:
    made = fill(play)
    play.allow(A)
    sweep(play, accept=frozenset({B}))
    assert presence(play, made[1]) == "no_access"


# Delegated one by one


def test_a_delegated_dialog_is_not_missed_by_other_mailboxes_and_is_explained_when_it_goes(play: Playground) -> None:
    given = play.dialog(C, "Delegert")
    other = play.dialog(C, "Delegert også")
    play.allow(A, B, instances=[given, other])
    fill(play)
    assert sweep(play).rows_written == 0
    assert presence(play, given) == "present"

    play.allow(A, B, instances=[other])
    assert sweep(play).outcome == "ok"
    assert [presence(play, one) for one in (given, other)] == ["no_access", "present"]

    play.allow(A, B, instances=[given, other])
    sweep(play)
    assert presence(play, given) == "present"


# Cut, broken, and while things move


@pytest.mark.usefixtures("small_pages")
def test_a_sweep_that_is_cut_in_the_middle_publishes_nothing(play: Playground) -> None:
    made = fill(play, 8)
    play.write("DELETE", f"/serviceowner/dialogs/{made[0]}")
    swept = play.mailbox(A)["last_sweep_at"]
    play.fault(SEARCH, kind="drop", after=2)
    report = sweep(play, poll=False)
    assert report.error is not None
    assert presence(play, made[0]) == "present"
    assert play.mailbox(A)["last_sweep_at"] == swept

    play.calm()
    sweep(play)
    assert presence(play, made[0]) == "deleted"


def test_a_mailbox_that_cannot_be_read_publishes_nothing_and_keeps_nobody_else_waiting(play: Playground) -> None:
    made = fill(play)
    for dialog_id in made[:2]:
        play.write("DELETE", f"/serviceowner/dialogs/{dialog_id}")
    body = problem(422, Search=["The search matched too many dialogs"])
    play.fault(f"{SEARCH}.*{B[-9:]}", status=422, body=body)
    report = sweep(play, poll=False)

    assert report.outcome == "partial"
    assert [presence(play, dialog_id) for dialog_id in made[:2]] == ["deleted", "present"]
    assert play.mailbox(B)["error"]


@pytest.mark.usefixtures("small_pages")
def test_a_dialog_that_is_restored_behind_the_walk_is_not_declared_missing(play: Playground) -> None:
    made = fill(play, 8)
    play.write("DELETE", f"/serviceowner/dialogs/{made[0]}")
    pages = iter(range(100))

    def restore(name: str, _fields: object) -> None:
        if name == "page_read" and next(pages) == 2:
            play.write("POST", f"/serviceowner/dialogs/{made[0]}/actions/restore?isSilentUpdate=true")

    play.on_told = restore
    sweep(play, poll=False)
    assert presence(play, made[0]) == "present"
    assert "presence" not in play.history(made[0])


@pytest.mark.usefixtures("small_pages")
def test_dialogs_that_change_while_the_list_is_read_are_not_declared_missing(play: Playground) -> None:
    made = fill(play, 12)
    pages = iter(range(100))

    def change(name: str, _fields: object) -> None:
        if name == "page_read" and (number := next(pages)) < 12:
            play.retitle(made[-1 - number], f"Omdøpt {number}")

    play.on_told = change
    assert sweep(play, poll=False).outcome == "ok"
    play.on_told = None
    assert {presence(play, dialog_id) for dialog_id in made} == {"present"}
    sweep(play)
    assert play.differences() == []


@pytest.mark.usefixtures("small_pages")
def test_a_search_too_broad_is_swept_in_windows(play: Playground) -> None:
    made = fill(play, 40)
    play.world.switches.too_broad_limit = 1
    play.write("DELETE", f"/serviceowner/dialogs/{made[0]}")
    report = sweep(play, poll=False)
    assert report.failures, "a page cannot be smaller than ten"
    assert presence(play, made[0]) == "present"
    play.world.switches.too_broad_limit = None
    play.world.switches.too_broad_parties = 1
    sweep(play, poll=False)
    assert presence(play, made[0]) == "deleted"


# Quarantine


def test_a_sweep_tries_what_is_in_quarantine_whether_due_or_not(play: Playground) -> None:
    made = fill(play)
    play.letter(made[0])
    play.fault(f"{made[0]}/transmissions", status=500, body=problem(500))
    poll(play)
    assert [row["dialog_id"] for row in play.archive.quarantined()] == [made[0]]

    play.calm()
    poll(play)
    assert play.archive.quarantined() != [], "its next try has not come"
    sweep(play, poll=False)
    assert play.archive.quarantined() == []
    assert play.differences() == []


def test_what_is_in_quarantine_and_gone_is_released(play: Playground) -> None:
    made = fill(play)
    play.letter(made[0])
    play.fault(f"{made[0]}/transmissions", status=500, body=problem(500))
    play.world.switches.broken_items = {made[1]: {"createdAt": "i går"}}
    sweep(play)
    assert len(play.archive.quarantined()) == 2
    assert presence(play, made[1]) == "present", "an item that cannot be read is listed all the same"

    play.calm()
    for dialog_id in made[:2]:
        play.write("DELETE", f"/serviceowner/dialogs/{dialog_id}")
    sweep(play, poll=False)
    assert play.archive.quarantined() == []


def test_an_item_in_quarantine_that_the_list_shows_no_more_is_released(play: Playground) -> None:
    fill(play)
    bad = play.dialog(A, "Uleselig")
    play.world.switches.partyless_items = [bad]
    sweep(play)
    assert len(play.archive.quarantined()) == 1
    play.write("POST", f"/serviceowner/dialogs/{bad}/actions/purge")
    sweep(play)
    assert play.archive.quarantined() == []


def test_a_level_that_is_raised_and_lowered_again_is_found_though_no_list_item_tells(play: Playground) -> None:
    made = fill(play)
    play.allow(A, B, levels={SERVICE: 4})
    sweep(play)
    assert {play.row(dialog_id)["access"] for dialog_id in made} == {"level_too_low"}
    assert {presence(play, dialog_id) for dialog_id in made} == {"present"}

    play.allow(A, B)
    sweep(play)
    assert {play.row(dialog_id)["access"] for dialog_id in made} == {"full"}
    assert play.differences() == []
