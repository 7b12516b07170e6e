"""The hot pass finds what silent updates changed in unsettled dialogs, and leaves no trace of having looked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.sandbox.access import Service
from tests.faults.playground import HUMAN, A, B, D, Playground, playground, problem, text, word
from tests.faults.rereading import asked, hot, planned, poll

CORRESPONDENCE = "urn:altinn:resource:brev"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    """The default policy: what a human has opened is opened."""
    with playground(tmp_path) as ready:
        yield ready


@pytest.fixture
def never(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path, "never") as ready:
        yield ready


def letter_service(play: Playground) -> str:
    """A service whose dialogs are correspondences."""
    play.world.access.services[CORRESPONDENCE] = Service(org="nav", type="CorrespondenceService")
    return CORRESPONDENCE


def silently(play: Playground, method: str, path: str, body: object) -> None:
    play.write(method, f"/serviceowner/dialogs/{path}?isSilentUpdate=true", body)


def patch(play: Playground, dialog_id: str, path: str, value: object) -> None:
    """Sets one field of a dialog silently."""
    silently(play, "PATCH", dialog_id, [{"op": "replace", "path": path, "value": value}])


def happened(kind: str) -> dict[str, object]:
    return {"type": kind, "performedBy": {"actorType": "PartyRepresentative", "actorName": "TORGEIR ÅSNES"}}


def letter(title: str) -> dict[str, object]:
    return {"type": "Information", "sender": {"actorType": "ServiceOwner"}, "content": {"title": text(title)}}


def action(title: str) -> dict[str, object]:
    return {
        "action": "write",
        "url": "https://example.com/skjema",
        "priority": "Primary",
        "title": [word(title)],
    }


def attachment(name: str) -> dict[str, object]:
    urls = [{"url": f"https://example.com/{name}.pdf", "mediaType": "application/pdf", "consumerType": "Gui"}]
    return {"displayName": [word(name)], "urls": urls}


def seenlog(play: Playground, dialog_id: str) -> Any:
    return next(each for each in play.truth()["dialogs"] if each["id"] == dialog_id)["seenlog"]


def test_what_the_pass_itself_has_opened_is_not_opened_by_it_again(tmp_path: Path) -> None:
    with playground(tmp_path, "always") as play:
        hidden = {"nonSensitiveTitle": text("Skjult"), "nonSensitiveSummary": text("Skjult")}
        locked = play.dialog(A, content={"title": text("Vedtak"), "summary": text("Om"), **hidden})
        changed = play.dialog(A, serviceResource="urn:altinn:resource:annet")
        play.allow(A, levels={"urn:altinn:resource:prove": 4})
        poll(play)
        assert (play.row(locked)["access"], play.row(changed)["details_status"]) == ("level_too_low", 200)

        play.allow(A)
        play.clock.skip(60)
        patch(play, changed, "/progress", 40)
        hot(play)
        assert asked(play)["details"] == 2, "one of each"
        assert play.row(locked)["access"] == "full"
        assert play.differences() == []
        play.clock.skip(60)
        hot(play)
        assert asked(play)["details"] == 2, "both are unsettled"


def test_a_silent_status_and_a_silent_title_are_found_and_told(play: Playground) -> None:
    made = play.dialog(A, "Før", at=play.clock.now() - timedelta(hours=1))
    poll(play)
    patch(play, made, "/status", "RequiresAttention")
    patch(play, made, "/content/title", text("Etter"))

    poll(play)
    assert play.row(made)["status"] == "InProgress"  # a poll cannot see it

    report = hot(play)
    assert (report.outcome, report.dialogs_written, report.changes_written) == ("ok", 1, 2)
    assert play.differences() == []
    assert play.history(made)["status"] == ('"InProgress"', '"RequiresAttention"')


@pytest.mark.parametrize("status", ["Completed", "NotApplicable"])
def test_a_dialog_that_was_settled_silently_is_looked_up_alone(play: Playground, status: str) -> None:
    made = play.dialog(A)
    poll(play)
    patch(play, made, "/status", status)

    hot(play)
    assert asked(play) == {"list": 3}
    assert play.differences() == []

    hot(play)
    assert asked(play) == {"list": 2}  # settled now, and no concern of the hot pass


def test_a_settled_dialog_that_was_taken_up_again_silently_is_found(play: Playground) -> None:
    made = play.dialog(A, status="Completed")
    play.letter(made)
    poll(play)
    patch(play, made, "/status", "RequiresAttention")

    hot(play)
    assert play.row(made)["status"] == "RequiresAttention"
    assert play.differences() == []


def test_a_silent_transmission_and_a_silent_activity_are_found(play: Playground) -> None:
    made = play.dialog(A)
    play.letter(made)
    poll(play)
    silently(play, "POST", f"{made}/transmissions", letter("Stille"))
    silently(play, "POST", f"{made}/activities", happened("DialogOpened"))

    hot(play)
    assert play.differences() == []
    assert set(_titles(play)) >= {"Brev", "Stille"}


def test_a_silent_edit_of_a_transmission_shows_nowhere_but_in_the_transmission(play: Playground) -> None:
    made = play.dialog(A)
    sent = play.letter(made, "Før")
    poll(play)
    silently(play, "PUT", f"{made}/transmissions/{sent}", letter("Etter"))

    assert hot(play).changes_written == 1
    assert play.history(made).keys() == {f"transmissions.{sent}.content.title"}
    assert play.differences() == []


def test_a_confirmed_correspondence_is_found_though_all_of_it_is_silent(play: Playground) -> None:
    made = play.dialog(A, status="RequiresAttention", serviceResource=letter_service(play))
    play.letter(made)
    play.activity(made)
    poll(play)
    patch(play, made, "/status", "NotApplicable")
    silently(play, "POST", f"{made}/activities", happened("CorrespondenceConfirmed"))

    hot(play)
    assert play.row(made)["status"] == "NotApplicable"
    assert "CorrespondenceConfirmed" in {row["type"] for row in play.tables()["activity"]}
    assert play.differences() == []


def test_an_activity_dated_back_silently_is_found_though_the_list_shows_a_later_one(play: Playground) -> None:
    made = play.dialog(A)
    play.activity(made)
    poll(play)
    back = (play.clock.now() - timedelta(days=2)).isoformat()
    silently(
        play,
        "POST",
        f"{made}/activities",
        happened("Information") | {"createdAt": back, "description": [word("Tilbake")]},
    )

    assert hot(play).changes_written == 1
    assert play.differences() == []


def test_a_due_dialog_is_read_again_whatever_its_status_until_thirty_days_after(play: Playground) -> None:
    due = (play.clock.now() + timedelta(days=1)).isoformat()
    made = play.dialog(A, "Før", status="Completed", dueAt=due)
    sent = play.letter(made, "Før")
    poll(play)
    silently(play, "PUT", f"{made}/transmissions/{sent}", letter("Etter"))
    play.clock.skip(30 * 86400)
    hot(play)
    assert play.differences() == []

    silently(play, "PUT", f"{made}/transmissions/{sent}", letter("For sent"))
    play.clock.skip(2 * 86400)
    hot(play)
    assert asked(play) == {"list": 2}


def test_what_was_opened_is_opened_again_and_leaves_no_new_seen_record(play: Playground) -> None:
    made = play.dialog(A, guiActions=[action("Svar")], attachments=[attachment("kvittering")])
    play.human_opens(made)
    poll(play)
    before = seenlog(play, made)
    assert len(before) == 2  # the human's, and ours after it
    patch(play, made, "/guiActions/0/title", [word("Send inn")])
    patch(play, made, "/attachments", [attachment("vedtak")])

    report = hot(play)
    assert (report.openings, report.outcome) == (1, "ok")
    assert seenlog(play, made) == before
    assert play.differences() == []
    assert [row["title"] for row in play.tables()["gui_action"] if row["removed_at"] is None] == ["Send inn"]


def test_a_record_that_one_more_opening_leaves_is_kept_where_a_slow_clock_dated_the_first_before_the_update(
    tmp_path: Path,
) -> None:
    with playground(tmp_path, "always") as play:
        play.world.clock.run(20)
        made = play.dialog(A)
        # The mark makes the first opening another than the second: a record's id goes by it (end-user API §5.2).
        play.write(
            "PUT", f"/enduser/dialogs/{made}/context/systemlabels", {"addLabels": ["MarkedAsUnopened"]}, caller=HUMAN
        )
        play.world.clock.run(0)
        poll(play)
        assert len(seenlog(play, made)) == 1
        play.clock.skip(1)
        hot(play)
        records = seenlog(play, made)
        assert len(records) == 2
        assert sorted(row["id"] for row in play.tables()["seen"]) == sorted(record["id"] for record in records)


def test_what_nobody_has_opened_stays_unopened(play: Playground) -> None:
    made = play.dialog(A)
    play.letter(made)
    poll(play)
    patch(play, made, "/content/title", text("Etter"))
    report = hot(play)
    assert (report.openings, seenlog(play, made)) == (0, [])
    assert play.row(made)["is_content_seen"] is False
    assert play.row(made)["details_status"] is None


@pytest.mark.parametrize("policy", ["after-human", "always"])
def test_what_a_human_marked_as_unopened_is_not_opened_again(tmp_path: Path, policy: str) -> None:
    with playground(tmp_path, policy) as play:
        made = play.dialog(A)
        play.human_opens(made)
        poll(play)
        before = seenlog(play, made)
        play.write(
            "PUT", f"/enduser/dialogs/{made}/context/systemlabels", {"addLabels": ["MarkedAsUnopened"]}, caller=HUMAN
        )
        assert hot(play).openings == 0
        assert seenlog(play, made) == before
        labels = {row["label"] for row in play.tables()["label"] if row["dialog_id"] == made}
        assert "MarkedAsUnopened" in labels


@pytest.mark.parametrize("broken", [{"updatedAt": "rubbish"}, {"party": None}, {"dueAt": "rubbish"}])
def test_what_is_unread_again_is_not_opened_though_its_list_item_cannot_be_filed(
    play: Playground, broken: dict[str, object]
) -> None:
    made = play.dialog(A)
    play.human_opens(made)
    poll(play)
    assert play.row(made)["details_status"] == 200
    play.world.switches.broken_items[made] = broken
    play.retitle(made, "Nytt")
    before = seenlog(play, made)
    report = hot(play)
    assert (report.openings, report.quarantined) == (0, 1)
    assert seenlog(play, made) == before


def test_never_leaves_no_trace_at_all(never: Playground) -> None:
    made = [never.dialog(A, f"Nummer {n}") for n in range(3)]
    for dialog_id in made:
        never.letter(dialog_id)
        never.activity(dialog_id)
    never.human_opens(made[0])
    poll(never)
    before = {each: seenlog(never, each) for each in made}
    patch(never, made[1], "/content/title", text("Etter"))

    assert hot(never).openings == 0
    assert "details" not in asked(never)
    assert {each: seenlog(never, each) for each in made} == before
    assert never.differences() == []


def test_an_idle_hot_pass_writes_nothing_and_costs_what_the_formula_says(play: Playground) -> None:
    """Two enumerations for each batch of parties; for each unsettled dialog its transmissions where it has any, its
    activities where it has any or is a correspondence, and its details where they were opened before.
    """
    plain = play.dialog(A)
    with_letter = play.dialog(A)
    play.letter(with_letter)
    opened = play.dialog(B)
    play.letter(opened)
    play.activity(opened)
    play.human_opens(opened)
    correspondence = play.dialog(B, serviceResource=letter_service(play))
    settled = play.dialog(B, status="Completed")
    play.letter(settled)
    play.activity(settled)
    poll(play)
    assert {plain, with_letter, opened, correspondence, settled} == {row["id"] for row in play.tables()["dialog"]}
    hot(play)  # learns that the correspondence has no activities
    before = play.tables()

    for parties, batches in ((100, 1), (1, 2)):
        report = hot(play, parties)
        assert asked(play) == {"list": 2 * batches, "transmissions": 2, "activities": 2, "details": 1}
        assert (report.rows_written, report.changes_written, report.dialogs_written) == (0, 0, 0)
        assert report.requests == 2 * batches + 5
        assert report.outcome == "ok"
    noted = ("children_read_at", "opened_at", "looked_at")
    assert _without(play.tables(), noted) == _without(before, noted)
    assert play.row(with_letter)["children_read_at"] > play.row(settled)["children_read_at"]
    assert play.mailbox(A)["last_hot_at"] is not None


def test_ephemeral_ids_and_tokens_that_change_are_no_difference(play: Playground) -> None:
    made = play.dialog(A)
    play.letter(made)
    play.activity(made)
    play.human_opens(made)
    poll(play)
    play.world.resalt()
    report = hot(play)
    assert (report.openings, report.rows_written, report.changes_written) == (1, 0, 0)


def test_a_dialog_that_is_nowhere_to_be_found_is_left_to_the_sweep(play: Playground) -> None:
    made = play.dialog(A)
    play.letter(made)
    poll(play)
    play.write("DELETE", f"/serviceowner/dialogs/{made}")
    report = hot(play)
    assert asked(play) == {"list": 3}
    assert (report.outcome, report.rows_written) == ("ok", 0)
    assert play.row(made)["presence"] == "present"


def test_a_dialog_whose_level_is_too_low_is_not_asked_for_its_children_again(play: Playground) -> None:
    made = play.dialog(A)
    play.letter(made)
    poll(play)
    play.allow(A, B, levels={"urn:altinn:resource:prove": 4})
    hot(play)
    assert play.row(made)["access"] == "level_too_low"

    hot(play)
    assert asked(play).keys() == {"list"}


def test_a_delegated_dialog_is_hot_too(play: Playground) -> None:
    made = play.dialog(D, "Delegert")
    sent = play.letter(made, "Før")
    play.allow(A, B, instances=[made])
    poll(play)
    assert play.row(made)["delegated"] is True
    silently(play, "PUT", f"{made}/transmissions/{sent}", letter("Etter"))
    hot(play)
    assert play.row(made)["delegated"] is True
    assert play.differences() == []
    assert "Etter" in set(_titles(play))


def test_one_failing_read_is_set_aside_and_waits_while_the_rest_is_filed(play: Playground) -> None:
    stuck, fine = play.dialog(A), play.dialog(A)
    for each in (stuck, fine):
        play.activity(each)
    sent = play.letter(fine, "Før")
    poll(play)
    silently(play, "PUT", f"{fine}/transmissions/{sent}", letter("Etter"))
    play.fault(f"{stuck}/activities", status=500, body=problem(500))
    report = hot(play)
    assert (report.outcome, report.quarantined) == ("partial", 1)
    assert play.differences() == []

    hot(play)
    assert asked(play)["activities"] == 1  # the other's: this one's next try has not come
    play.calm()
    play.clock.skip(600)
    hot(play)
    assert play.archive.quarantined() == []


def test_a_mailbox_that_cannot_be_listed_is_told_and_the_other_is_read(play: Playground) -> None:
    made = [play.dialog(party, "Før") for party in (A, B)]
    poll(play)
    for each in made:
        patch(play, each, "/content/title", text("Etter"))
    before = play.mailbox(A)["last_hot_at"]
    play.fault(f"dialogs\\?.*{A[-9:]}", status=500, body=problem(500))
    report = hot(play)
    assert report.outcome == "partial"
    assert [failure.parties for failure in report.failures] == [(A,)]
    assert [play.row(each)["title"] for each in made] == ["Før", "Etter"]
    assert play.mailbox(A)["error"]
    assert play.mailbox(A)["last_hot_at"] == before < play.mailbox(B)["last_hot_at"]


def test_a_server_that_does_not_answer_ends_the_pass_and_the_next_one_does_it_all(play: Playground) -> None:
    made = [play.dialog(A, "Før") for _ in range(8)]
    for each in made:
        play.activity(each)
    poll(play)
    before = play.mailbox(A)["last_hot_at"]
    play.fault("/activities", status=502, body=problem(502))
    report = hot(play)
    assert report.outcome == "partial"
    assert play.mailbox(A)["last_hot_at"] == before

    play.calm()
    play.clock.skip(3600)
    assert hot(play).outcome == "ok"
    assert play.mailbox(A)["last_hot_at"] > before
    assert play.differences() == []


def test_too_broad_a_listing_is_asked_in_smaller_parts(play: Playground) -> None:
    made = [play.dialog(party, "Før") for party in (A, B)]
    poll(play)
    for each in made:
        patch(play, each, "/content/title", text("Etter"))
    play.world.switches.too_broad_parties = 1
    assert hot(play).outcome == "ok"
    assert play.differences() == []


def test_the_plan_tells_what_would_be_asked_and_asks_nothing(play: Playground) -> None:
    made = play.dialog(A)
    play.letter(made)
    play.human_opens(made)
    poll(play)
    lines, _ = planned(play)
    assert lines[0] == "list 2 mailboxes with status InProgress, Draft, Awaiting, RequiresAttention"
    assert lines[1].startswith("list 2 mailboxes due from ")
    assert lines[2:] == [f"read again {made}: transmissions, an opening"]
    assert asked(play) == {}


def _titles(play: Playground) -> list[str]:
    return [row["title"] for row in play.tables()["transmission"]]


def _without(tables: Any, columns: tuple[str, ...]) -> Any:
    return {
        name: [{key: value for key, value in row.items() if key not in columns} for row in rows]
        for name, rows in tables.items()
    }
