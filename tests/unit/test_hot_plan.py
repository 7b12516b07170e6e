"""What the hot pass asks for: enumerations that show every unsettled dialog, and the children that one may have."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from store import rereading
from store.batch import CurrentPayload, Known, Standing
from sync.passes import hot
from sync.passes.canonical import list_digest
from sync.passes.hot import UNSETTLED, plan_dialog, plan_listing, plan_lookups
from sync.passes.normalise import checked_item
from sync.passes.opening import OpeningPolicy
from sync.passes.planner import DialogPlan
from sync.passes.sighting import Sighting
from sync.passes.signals import signals
from sync.passes.walks import Walk

PARTY = "urn:altinn:organization:identifier-no:310000000"
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
AT = "2026-03-01T09:08:07.123456Z"
ID = "0195a000-0000-7000-8000-000000000001"
NEVER, AFTER_HUMAN, RESTORE, ALWAYS = (
    OpeningPolicy(value) for value in ("never", "after-human", "restore-unread", "always")
)


def planned(
    policy: OpeningPolicy = NEVER, held: tuple[str, ...] = (), details: int | None = None, **fields: object
) -> DialogPlan:
    item = {"id": ID, "party": PARTY, "status": "InProgress", "createdAt": AT, "updatedAt": AT} | fields
    raw = msgspec.json.encode(item)
    checked = checked_item(raw)
    known = Known(ID, "p", None, "present", "full", details, None, AT, None, AT)
    bodies = {kind: CurrentPayload(1, b"[]") for kind in ("list", *held)}
    return plan_dialog(Sighting(raw, list_digest(raw), checked, signals(checked)), bodies, known, policy)


def test_two_enumerations_for_each_batch_of_mailboxes_show_what_is_unsettled() -> None:
    parties = [f"p{n}" for n in (3, 1, 2)]
    batches = [("p1", "p2"), ("p3",)]
    by_status = [Walk(batch, None, statuses=UNSETTLED) for batch in batches]
    by_due = [Walk(batch, None, due_after="2026-03-01T12:00:00.000000Z") for batch in batches]
    assert plan_listing(parties, 2, NOW) == by_status + by_due
    assert plan_listing([], 2, NOW) == []


def test_list_and_archive_take_the_same_dialogs_for_due() -> None:
    assert hot.__dict__["STILL_DUE"] is rereading.__dict__["STILL_DUE"], "two numbers would drift apart"


def test_a_missed_dialog_is_looked_up_by_the_one_moment_of_its_update() -> None:
    missed = [Standing("a", "p2", AT), Standing("b", "p1", AT), Standing("c", "p2", AT), Standing("d", "p1", None)]
    assert plan_lookups(missed) == [Walk((party,), after=AT, before=AT) for party in ("p1", "p2")]


def test_children_are_read_where_there_can_be_any() -> None:
    activity = {"id": ID, "createdAt": AT, "type": "Information"}
    assert planned().before == ()
    assert planned(fromPartyTransmissionsCount=1).before == ("transmissions",)
    assert planned(latestActivity=activity).before == ("activities",)
    assert planned(held=("transmissions", "activities")).before == ("transmissions", "activities")
    assert planned(serviceResourceType="CorrespondenceService").before == ("activities",)


@pytest.mark.parametrize("policy", [AFTER_HUMAN, RESTORE, ALWAYS])
def test_what_was_opened_well_and_is_read_is_opened_again(policy: OpeningPolicy) -> None:
    assert planned(policy, details=200, isContentSeen=True) == DialogPlan(ID, opens=True)


@pytest.mark.parametrize("details", [None, 403, 500])
def test_what_was_not_opened_well_is_left_to_the_poll(details: int | None) -> None:
    assert not planned(ALWAYS, details=details, isContentSeen=True).opens


@pytest.mark.parametrize("policy", [NEVER, AFTER_HUMAN, RESTORE, ALWAYS])
def test_no_mark_of_a_human_is_ever_removed_by_reading_again(policy: OpeningPolicy) -> None:
    marked = {"systemLabels": ["Default", "MarkedAsUnopened"]}
    assert not planned(policy, details=200, isContentSeen=False).opens
    assert not planned(policy, details=200, isContentSeen=False, endUserContext=marked).opens
    assert not planned(policy, details=200, isApiOnly=True, endUserContext=marked).opens


def test_never_is_never() -> None:
    assert not planned(NEVER, details=200, isContentSeen=True).opens


def test_an_api_only_dialog_may_be_opened_unread_and_then_its_seen_log_is_read() -> None:
    assert planned(AFTER_HUMAN, details=200, isApiOnly=True) == DialogPlan(ID, opens=True, after=("seenlog",))


def test_a_plan_is_a_line_to_read() -> None:
    line = str(planned(ALWAYS, details=200, isContentSeen=True, fromPartyTransmissionsCount=1))
    assert line == f"read again {ID}: transmissions, an opening"
    assert str(Walk(("p",), after=AT, before=AT)) == f"list 1 mailbox from {AT} to {AT}"
    assert str(Walk(("p", "q"), None, statuses=("Draft",))) == "list 2 mailboxes with status Draft"
