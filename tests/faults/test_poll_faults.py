"""What goes wrong between a poll and the server leaves the archive equal to the truth, or says what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from sync.dialogporten.errors import BadBody
from sync.passes import poll
from sync.passes.walks import Walk, plan_walks
from tests.faults.playground import A, B, C, D, Playground, playground, problem

SEARCH = r"/enduser/dialogs\?"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path) as ready:
        yield ready


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Playground]:
    """A playground where everything may be opened."""
    with playground(tmp_path, "always") as ready:
        yield ready


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(*arguments: object) -> list[Walk]:
        return [replace(walk, limit=2) for walk in plan_walks(*arguments)]  # type: ignore[arg-type]

    monkeypatch.setattr(poll, "plan_walks", planned)


def fill(play: Playground, count: int = 3) -> list[str]:
    """Dialogs with a letter and an activity each, some read by a human, over both parties."""
    made = []
    for number in range(count):
        dialog_id = play.dialog((A, B)[number % 2], f"Nummer {number}")
        play.letter(dialog_id)
        play.activity(dialog_id)
        if number % 3 == 0:
            play.human_opens(dialog_id)
        made.append(dialog_id)
    return made


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"status": 429, "headers": {"Retry-After": "7"}, "times": 1}, id="429 with Retry-After"),
        pytest.param({"status": 429, "times": 2}, id="429 without Retry-After"),
        pytest.param({"status": 502, "body": problem(502), "times": 3}, id="a burst of 502"),
        pytest.param({"status": 500, "body": problem(500), "times": 1}, id="one 500"),
        pytest.param({"kind": "cut", "times": 2}, id="cut bodies"),
        pytest.param({"kind": "drop", "times": 2}, id="dropped connections"),
    ],
)
def test_a_passing_failure_is_waited_out_wherever_it_strikes(play: Playground, fault: dict[str, object]) -> None:
    fill(play)
    for path in (SEARCH, "/transmissions", "/activities", "/seenlog", "/parties", "/enduser/dialogs/[^/]+$"):
        play.fault(path, **fault)

    assert play.sync().exit_code == 0
    assert play.differences() == []
    assert play.clock.pauses


@pytest.mark.parametrize("body", ["{}", '{"authorizedParties":null}'])
def test_an_answer_without_the_list_of_parties_takes_no_mailbox_away(play: Playground, body: str) -> None:
    ids = fill(play)
    play.sync()
    play.fault("/enduser/parties", status=200, body=body, headers={"Content-Type": "application/json"})
    for _ in range(3):
        play.clock.skip(25 * 3600)
        assert play.sync().exit_code == 4
        with pytest.raises(BadBody):
            list(play.runner.rehearse(play.archive))
    assert [play.mailbox(party)["state"] for party in (A, B)] == ["active"] * 2
    assert {play.row(dialog_id)["presence"] for dialog_id in ids} == {"present"}

    play.calm()
    play.clock.skip(60)
    assert play.sync().exit_code == 0
    assert play.differences() == []


def test_an_entry_that_names_no_party_takes_no_mailbox_away(play: Playground) -> None:
    fill(play)
    play.sync()
    body = f'{{"authorizedParties":[{{"party":"{A}"}},{{"name":"PRØVE AS"}}]}}'
    play.fault("/enduser/parties", status=200, body=body, headers={"Content-Type": "application/json"})
    play.clock.skip(60)
    assert play.sync().exit_code == 0
    assert [play.mailbox(party)["state"] for party in (A, B)] == ["active"] * 2


def test_retry_after_in_seconds_is_obeyed(play: Playground) -> None:
    fill(play)
    play.fault(SEARCH, status=429, headers={"Retry-After": "7"}, times=1)
    play.sync()
    assert sum(play.clock.pauses) >= 6.5


def test_retry_after_as_a_date_is_obeyed(play: Playground) -> None:
    fill(play)
    until = play.clock.now() + timedelta(seconds=90)
    headers = {"Retry-After": format_datetime(until, usegmt=True), "Content-Type": "text/plain"}
    play.fault("/enduser/", status=503, headers=headers, body="Maintenance", times=1)

    assert play.sync().exit_code == 0
    assert play.clock.now() >= until - timedelta(seconds=1)
    assert play.differences() == []


def test_a_server_closed_for_longer_than_a_run_may_wait_is_told_and_tried_again_next_time(play: Playground) -> None:
    fill(play)
    play.fault("/enduser/", status=503, headers={"Retry-After": "86400"}, body="Maintenance")

    assert play.sync().exit_code == 5
    assert play.tables()["dialog"] == []

    play.calm()
    play.clock.skip(86400)
    assert play.sync().exit_code == 0
    assert play.differences() == []


def test_what_ends_a_pass_stands_with_its_mailboxes_until_they_are_read(play: Playground) -> None:
    fill(play)
    play.sync()
    play.fault(SEARCH, status=502, body=problem(502))
    assert play.sync().exit_code == 5
    assert all(play.mailbox(party)["error"] for party in (A, B))

    play.calm()
    play.sync()
    assert not any(play.mailbox(party)["error"] for party in (A, B))


@pytest.mark.usefixtures("small_pages")
def test_a_backfill_cut_by_a_dead_server_goes_on_where_its_promise_ended(play: Playground) -> None:
    made = fill(play, 9)
    play.fault(SEARCH, kind="drop", after=3)
    assert play.sync().exit_code == 4
    held = {row["id"] for row in play.tables()["dialog"]}
    assert 0 < len(held) < len(made)
    assert play.mailbox(A)["backfilled_at"] is None

    play.calm()
    assert play.sync().exit_code == 0
    assert play.differences() == []
    assert play.mailbox(A)["backfilled_at"] is not None


def test_too_broad_a_search_is_asked_for_fewer_parties(play: Playground) -> None:
    play.allow(A, B, C, D)
    for party in (A, B, C, D):
        play.letter(play.dialog(party))
    play.world.switches.too_broad_parties = 1

    assert play.sync().exit_code == 0
    assert play.differences() == []
    assert all(play.mailbox(party)["backfilled_at"] for party in (A, B, C, D))


def test_too_broad_a_search_is_asked_for_shorter_windows_and_smaller_pages(play: Playground) -> None:
    fill(play, 60)
    play.world.switches.too_broad_limit = 20

    result = play.sync()
    assert result.exit_code == 0
    assert play.differences() == []
    # A page size once learnt is kept: the windows of 26 years are not each searched with the largest first.
    assert play.world.requests.by["GET /api/v1/enduser/dialogs"] < 300


def test_a_party_that_stays_too_broad_leaves_the_others_read_and_its_own_cursor_standing(play: Playground) -> None:
    fill(play, 4)
    body = problem(422, Search=["The search matched too many dialogs"])
    play.fault(f"{SEARCH}.*{B[-9:]}", status=422, body=body)

    assert play.sync().exit_code == 4
    assert {row["party"] for row in play.tables()["dialog"]} == {A}
    assert play.mailbox(B)["cursor_at"] is None
    assert play.mailbox(B)["error"]

    play.calm()
    assert play.sync().exit_code == 0
    assert play.differences() == []
    assert play.mailbox(B)["error"] is None


@pytest.mark.parametrize("page", ['{"items": 7}', "{}", '{"items": []}'])
def test_a_page_that_is_nonsense_moves_no_cursor_and_keeps_nobody_else_waiting(play: Playground, page: str) -> None:
    fill(play, 4)
    play.fault(f"{SEARCH}.*{B[-9:]}", status=200, headers={"Content-Type": "application/json"}, body=page)

    assert play.sync().exit_code == 4
    assert {row["party"] for row in play.tables()["dialog"]} == {A}
    assert play.mailbox(A)["backfilled_at"] is not None
    assert play.mailbox(B)["cursor_at"] is None

    play.calm()
    play.sync()
    assert play.differences() == []


def test_a_commit_that_comes_late_is_found_within_the_overlap(play: Playground) -> None:
    fill(play)
    play.sync()
    play.world.switches.late_commit_seconds = 120
    late = play.dialog(A, "Sen")
    play.clock.skip(60)
    assert play.sync().exit_code == 0
    assert late not in {row["id"] for row in play.tables()["dialog"]}

    play.world.switches.late_commit_seconds = 0
    play.clock.skip(90)
    play.dialog(A, "Etter")
    play.sync()
    assert late in {row["id"] for row in play.tables()["dialog"]}
    assert play.differences() == []


def test_a_server_clock_that_is_behind_by_more_than_the_overlap_costs_nothing(play: Playground) -> None:
    play.world.registry.date_skew_seconds = -1200
    play.world.clock.run(-1200)
    fill(play)
    play.sync()
    play.dialog(A, "I fortiden")
    play.sync()
    assert play.differences() == []


def test_an_item_told_twice_is_filed_once(play: Playground) -> None:
    fill(play)
    play.world.switches.duplicate_item = True
    assert play.sync().exit_code == 0
    assert play.differences() == []
    assert play.sync().reports[0].rows_written == 0


@pytest.mark.usefixtures("small_pages")
def test_equal_times_over_a_page_border_lose_nothing(play: Playground) -> None:
    play.world.switches.equal_timestamp = "2026-11-01T10:00:00.0000000Z"
    fill(play, 7)
    assert len({d["listItem"]["updatedAt"] for d in play.truth()["dialogs"]}) == 1
    play.fault(SEARCH, kind="drop", after=2, times=None)
    play.sync()
    play.server.faults.waiting.clear()
    play.sync()
    assert play.differences() == []


def test_a_delegated_dialog_is_filed_under_its_own_party(play: Playground) -> None:
    fill(play)
    foreign = play.dialog(D, "Delegert")
    play.letter(foreign)
    play.allow(A, B, instances=[foreign])

    assert play.sync().exit_code == 0
    assert play.differences() == []
    assert (play.row(foreign)["party"], play.row(foreign)["delegated"]) == (D, True)
    assert {row["party"] for row in play.archive.mailboxes()} == {A, B}
    assert [name for name, _ in play.told].count("dialog_delegated") == 1
    play.sync()
    assert [name for name, _ in play.told].count("dialog_delegated") == 1


def test_a_dialog_delegated_within_parties_we_represent_is_not_called_delegated(play: Playground) -> None:
    made = fill(play)
    play.allow(A, B, instances=made)
    play.world.switches.too_broad_parties = 1  # the walk for A meets the dialogs of B
    play.sync()
    assert not any(row["delegated"] for row in play.tables()["dialog"])
    assert play.differences() == []


@pytest.mark.usefixtures("small_pages")
def test_a_foreign_item_that_is_not_ours_to_read_never_moves_a_cursor(play: Playground) -> None:
    fill(play, 9)
    play.clock.skip(7200)
    foreign = play.dialog(D, "Fremmed")
    play.letter(foreign)
    play.clock.skip(7200)
    play.world.switches.foreign_items = [foreign]
    play.fault(SEARCH, kind="drop", after=1, times=None)
    play.sync()
    row = play.row(foreign)
    assert (row["party"], row["delegated"], row["access"], row["children_status"]) == (D, True, "denied", 404)

    play.calm()
    play.sync()
    assert play.differences(gone=frozenset({foreign})) == []


def test_an_item_without_a_party_is_set_aside_while_its_page_lands(play: Playground) -> None:
    made = fill(play)
    play.world.switches.partyless_items = [made[1]]
    assert play.sync().exit_code == 4
    assert {row["id"] for row in play.tables()["dialog"]} == {made[0], made[2]}
    (aside,) = play.archive.quarantined()
    assert (aside["dialog_id"], aside["kind"]) == (made[1], "list")
    assert "party" in str(aside["reason"])

    assert play.sync().exit_code == 0  # no news
    play.calm()
    assert play.sync().exit_code == 0
    assert play.archive.quarantined() == []
    assert play.differences() == []


def test_a_known_dialog_whose_item_was_broken_for_a_while_is_released(play: Playground) -> None:
    made = fill(play)
    play.sync()
    play.world.switches.broken_items = {made[0]: {"updatedAt": "yesterday"}}
    assert play.sync().exit_code == 4
    assert len(play.archive.quarantined()) == 1
    play.calm()
    play.sync()
    assert play.archive.quarantined() == []
    assert play.differences() == []


def test_an_item_that_no_poll_meets_again_is_asked_for_with_growing_pauses(play: Playground) -> None:
    made = fill(play)
    broken = {"updatedAt": "yesterday"}
    play.world.switches.broken_items = {made[0]: broken, made[1]: broken}
    assert play.sync().exit_code == 4

    def looks(after: int) -> int:
        play.clock.skip(after)
        play.world.requests.reset()
        assert play.sync().exit_code == 0
        return sum("createdAfter" in entry.query for entry in play.world.requests.entries)

    # Within the overlap the poll itself meets them.
    assert [looks(after) for after in (1500, 300, 310)] == [0, 0, 2]
    assert [row["tries"] for row in play.archive.quarantined()] == [3, 3]
    play.write("DELETE", f"/serviceowner/dialogs/{made[1]}")
    play.calm()
    assert looks(1250) == 2
    (aside,) = play.archive.quarantined()
    assert (aside["dialog_id"], aside["tries"]) == (made[1], 4)
    assert {row["id"] for row in play.tables()["dialog"]} == {made[0], made[2]}
    assert play.differences() == []


def test_a_dialog_above_our_level_is_kept_as_listed_and_not_asked_for_at_every_poll(play: Playground) -> None:
    secret = play.dialog(A, "Hemmelig", serviceResource="urn:altinn:resource:nivaa4")
    play.letter(secret)
    play.human_opens(secret)
    play.allow(A, B, levels={"urn:altinn:resource:nivaa4": 4})

    assert play.sync().exit_code == 0
    row = play.row(secret)
    assert (row["access"], row["children_status"], row["presence"]) == ("level_too_low", 403, "present")
    assert play.differences() == []
    asked = play.world.requests.by["GET /api/v1/enduser/dialogs/{dialogId}/transmissions"]
    assert asked == 1
    play.sync()
    assert play.world.requests.by["GET /api/v1/enduser/dialogs/{dialogId}/transmissions"] == asked


def test_a_dialog_that_cannot_be_opened_for_good_is_set_aside_and_kept_without_its_details(opening: Playground) -> None:
    made = fill(opening)
    opening.world.switches.broken_details = [made[0]]
    assert opening.sync().exit_code == 4
    (aside,) = opening.archive.quarantined()
    assert (aside["dialog_id"], aside["kind"]) == (made[0], "detail")
    assert opening.row(made[0])["details_status"] == 500
    assert opening.row(made[0])["is_content_seen"] is True
    assert opening.differences(unreadable=frozenset(made[:1])) == []

    assert opening.sync().exit_code == 0
    opening.calm()
    opening.clock.skip(600)
    opening.sync()
    assert opening.archive.quarantined() == []
    assert opening.differences() == []


def test_a_details_failure_on_every_try_never_keeps_the_others_from_being_read(opening: Playground) -> None:
    made = fill(opening, 4)
    opening.world.switches.broken_details = made
    assert opening.sync().exit_code == 4
    assert len(opening.archive.quarantined()) == 4
    assert opening.differences(unreadable=frozenset(made)) == []


def test_dialogs_whose_children_never_come_keep_nobody_from_being_read(play: Playground) -> None:
    made = fill(play, 16)
    stuck = made[:6]
    play.fault(f"({'|'.join(stuck)})/transmissions", status=502, body=problem(502))
    assert play.sync().exit_code == 4
    assert {row["id"] for row in play.tables()["dialog"]} == set(made)
    assert {row["dialog_id"] for row in play.archive.quarantined()} == set(stuck)

    play.clock.skip(600)
    later = play.dialog(A, "Siden")
    assert play.sync().exit_code == 0  # no news
    assert later in {row["id"] for row in play.tables()["dialog"]}
    assert {row["tries"] for row in play.archive.quarantined()} == {2}

    play.calm()
    play.clock.skip(86400)
    play.sync()
    assert play.archive.quarantined() == []
    assert play.differences() == []


def test_a_dialog_listed_to_us_whose_children_are_not_is_kept_as_denied(play: Playground) -> None:
    made = fill(play)
    play.allow(A, B, denied_actions=["*"])
    assert play.sync().exit_code == 0
    assert {row["id"] for row in play.tables()["dialog"]} == set(made)
    assert {(row["access"], row["children_status"]) for row in play.tables()["dialog"]} == {("denied", 404)}


def test_a_dialog_deleted_between_list_and_children_is_told_as_deleted_and_comes_back(play: Playground) -> None:
    (dialog_id,) = fill(play, 1)
    play.sync()
    play.letter(dialog_id, "Ett til")

    def delete_after_the_list(name: str, fields: object) -> None:
        if name == "http_answer" and isinstance(fields, dict) and str(fields["path"]).endswith("/dialogs"):
            play.on_told = None
            play.write("DELETE", f"/serviceowner/dialogs/{dialog_id}")

    play.on_told = delete_after_the_list
    assert play.sync().exit_code == 0
    row = play.row(dialog_id)
    assert (row["presence"], row["children_status"]) == ("deleted", 410)
    assert row["title"] == "Nummer 0"
    assert play.history(dialog_id)["presence"] == ('"present"', '"deleted"')
    assert len(play.tables()["transmission"]) == 1  # what was held is held

    play.write("POST", f"/serviceowner/dialogs/{dialog_id}/actions/restore")
    play.retitle(dialog_id, "Tilbake")
    play.sync()
    assert play.row(dialog_id)["presence"] == "present"
    assert play.differences() == []


def test_a_party_that_vanishes_is_lost_and_comes_back_by_itself(play: Playground) -> None:
    fill(play, 4)
    play.sync()
    before = play.tables()
    play.allow(A)
    assert play.sync().exit_code == 0
    assert play.mailbox(B)["state"] == "lost"
    assert play.mailbox(B)["lost_since"] is not None
    assert play.tables() == before

    play.allow(A, B)
    play.clock.skip(86400)
    play.dialog(B, "Nytt imens")
    assert play.sync().exit_code == 0
    assert (play.mailbox(B)["state"], play.mailbox(B)["lost_since"]) == ("active", None)
    assert play.differences() == []


def test_a_refused_token_is_told_and_leaves_the_archive_as_it_was(play: Playground) -> None:
    fill(play)
    play.sync()
    before = play.tables()
    play.fault("/enduser/", status=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    assert play.sync().exit_code == 3
    assert play.tables() == before
    assert play.mailbox(A)["error"]


def test_other_ephemeral_ids_at_every_call_write_nothing(play: Playground) -> None:
    fill(play, 6)
    play.world.switches.resalt_each_call = True
    play.world.switches.shuffled_activities = True
    play.sync()
    again = play.sync().reports[0]
    assert (again.rows_written, again.changes_written) == (0, 0)
    assert play.differences() == []
