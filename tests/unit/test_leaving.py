"""How long the list is believed before an opening leaves, and what is asked when it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from sync.dialogporten.errors import HeldBack
from sync.passes.filing import Job
from sync.passes.leaving import MOST_OWED, Marks, may_leave
from sync.passes.normalise import checked_item
from sync.passes.opening import OpeningPolicy
from sync.passes.planner import DialogPlan
from sync.passes.restoring import UNDER_WAY, Restoring
from sync.passes.sighting import Sighting
from sync.passes.signals import signals

FETCHED = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = "019b7a00-0000-7000-8000-000000000001"
AT = "2026-03-01T09:08:07.123456Z"
READ = {
    "id": ID,
    "party": "urn:altinn:organization:identifier-no:315260183",
    "createdAt": AT,
    "updatedAt": AT,
    "isContentSeen": True,
    "endUserContext": {"revision": "5d0c2a3e-0000-4000-8000-000000000001", "systemLabels": ["Default"]},
}


class Lists:
    """An inbox whose list shows this."""

    def __init__(self, item: dict[str, object]) -> None:
        self.item = item
        self.looks = 0

    def search(self, _walk: object) -> bytes:
        self.looks += 1
        return msgspec.json.encode({"items": [self.item], "hasNextPage": False})


def left(after: timedelta, shown: dict[str, object], policy: str = "after-human") -> tuple[bool, int]:
    """Whether an opening leaves so long after its page came, and how many looks at the list that took."""
    raw = msgspec.json.encode(READ)
    item = checked_item(raw)
    job = Job(Sighting(raw, b"", item, signals(item)), None, {}, DialogPlan(ID, opens=True), delegated=False)
    inbox: Any = Lists(shown)
    leaves = may_leave(inbox, OpeningPolicy(policy), job, FETCHED, lambda: FETCHED + after, lambda *_, **__: None)
    assert job.left is leaves
    return leaves, inbox.looks


def test_a_page_is_believed_for_a_minute() -> None:
    assert left(timedelta(seconds=60), READ) == (True, 0)
    assert left(timedelta(seconds=61), READ) == (True, 1)
    assert left(timedelta(seconds=61), READ | {"isContentSeen": False}) == (False, 1)


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(hours=1)])
def test_a_clock_that_was_set_back_makes_no_page_young(back: timedelta) -> None:
    assert left(-back, READ | {"isContentSeen": False}) == (False, 1)


def test_always_asks_nobody() -> None:
    assert left(timedelta(hours=1), READ | {"isContentSeen": False}, "always") == (True, 0)


FAILED, WELL, GONE = Restoring(None, obstacle="failed"), Restoring("restored"), Restoring(None, obstacle="deleted")


A, B, C, D = "a", "b", "c", "d"


def may_take(marks: Marks, party: str = A) -> bool:
    try:
        marks.take(party)
    except HeldBack:
        return False
    return True


def test_no_more_marks_of_a_mailbox_are_taken_once_a_few_could_not_be_put_back() -> None:
    marks = Marks([])
    for found in [*[FAILED] * (MOST_OWED - 1), None, GONE, Restoring("seen")]:
        marks.heard(A, found)
        assert may_take(marks)
    marks.heard(A, FAILED)
    assert not may_take(marks)
    assert may_take(marks, B)


def test_none_are_taken_of_any_mailbox_once_a_few_mailboxes_have_one_that_could_not_be_put_back() -> None:
    marks = Marks([])
    for party in (A, B):
        marks.heard(party, FAILED)
        assert may_take(marks, party) and may_take(marks, D), "not by asking does a mailbox come to be counted"
    marks.heard(C, FAILED)
    assert not any(may_take(marks, party) for party in (A, B, C, D))


def test_one_that_could_be_put_back_shows_that_the_server_takes_labels() -> None:
    marks = Marks([])
    for found in [*[FAILED] * (MOST_OWED - 1), WELL, *[FAILED] * (MOST_OWED - 1)]:
        marks.heard(A, found)
    assert may_take(marks)


@pytest.mark.parametrize(
    ("duty", "takes"),
    [
        ({"tries": 1, "outcome": None, "last_error": "405"}, False),
        ({"tries": 0, "outcome": None, "last_error": None}, True),
        ({"tries": 1, "outcome": None, "last_error": UNDER_WAY}, True),
        ({"tries": 4, "outcome": "deleted", "last_error": "The service owner has deleted the dialog."}, True),
    ],
)
def test_what_an_earlier_pass_could_not_put_back_counts_too(duty: dict[str, Any], takes: bool) -> None:
    assert may_take(Marks([duty | {"party": A}] * MOST_OWED)) is takes
    assert may_take(Marks([duty | {"party": A}] * MOST_OWED), B)
