"""Parties come and go; a mailbox is lost and found, and never forgotten."""

from __future__ import annotations

from store.batch import Row
from sync.passes.mailboxes import plan_mailboxes
from sync.passes.walks import MailboxCursor

NOW = "2026-11-25T12:00:00.000000Z"


def held(party: str, state: str = "active", cursor: str | None = NOW, backfilled: str | None = NOW) -> Row:
    return {"party": party, "state": state, "cursor_at": cursor, "backfilled_at": backfilled}


def test_a_party_met_for_the_first_time_gets_a_mailbox_that_is_not_yet_backfilled() -> None:
    plan = plan_mailboxes("c", "i", ["p"], [], NOW)
    assert plan.walk == (MailboxCursor("p", None, backfilled=False),)
    assert [(row["party"], row["state"], row["first_seen_at"]) for row in plan.write] == [("p", "active", NOW)]


def test_what_is_as_it_was_is_read_and_not_written() -> None:
    plan = plan_mailboxes("c", "i", ["p", "p"], [held("p")], NOW)
    assert plan.walk == (MailboxCursor("p", NOW, backfilled=True),), "a party listed twice is one mailbox"
    assert plan.write == ()


def test_a_party_that_vanishes_is_lost_and_not_read() -> None:
    plan = plan_mailboxes("c", "i", [], [held("p"), held("q", state="lost")], NOW)
    assert plan.walk == ()
    assert plan.lost == ("p",), "what was lost already is not lost again"
    assert [(row["party"], row["state"], row["lost_since"]) for row in plan.write] == [("p", "lost", NOW)]
    assert [(row["error"], row["error_at"]) for row in plan.write] == [(None, None)], "its last failure is no news now"


def test_a_lost_party_comes_back_by_itself_with_its_cursor() -> None:
    plan = plan_mailboxes("c", "i", ["p"], [held("p", state="lost")], NOW)
    assert plan.walk == (MailboxCursor("p", NOW, backfilled=True),)
    assert [(row["state"], row["lost_since"]) for row in plan.write] == [("active", None)]


def test_a_list_that_the_operator_wrote_makes_no_other_mailbox_lost() -> None:
    plan = plan_mailboxes("c", "i", ["p"], [held("q")], NOW, discovered=False)
    assert plan.lost == ()
