"""What is read of one dialog: nothing that the list item shows to be the same, everything that may differ."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest

from sync.passes.opening import OpeningPolicy, after_opening
from sync.passes.planner import DialogPlan, plan_changed, plan_new
from sync.passes.signals import ListSignals

OLD, NEW = "2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"
BEFORE_THE_CUT = "2025-11-30T23:59:59.000000Z"
ALL_POLICIES = ("never", "after-human", "restore-unread", "always")
NEVER = OpeningPolicy("never")


def signals(**fields: object) -> ListSignals:
    """A dialog that was created and never touched: no letter, no activity, unread."""
    plain = ListSignals(
        id="d",
        party="p",
        org="ttd",
        service_resource="urn:altinn:resource:a",
        created_at=OLD,
        updated_at=OLD,
        content_updated_at=OLD,
        counts=(0, 0),
        latest_activity=(None, None),
        seen_ids=frozenset(),
        is_content_seen=False,
        labels=frozenset({"Default"}),
        context_revision="r1",
        is_api_only=False,
        has_content=True,
    )
    return msgspec.structs.replace(plain, **fields)


READ = signals(is_content_seen=True)
MARKED = signals(is_content_seen=False, labels=frozenset({"Default", "MarkedAsUnopened"}))


def changed(
    new: ListSignals,
    old: ListSignals | None = None,
    policy: OpeningPolicy = NEVER,
    *,
    seen_held: frozenset[str] = frozenset(),
    substance_differs: bool = True,
    opened_well: bool = False,
) -> DialogPlan:
    return plan_changed(
        new,
        old or signals(),
        policy,
        seen_held=seen_held,
        substance_differs=substance_differs,
        opened_well=opened_well,
    )


def test_an_untouched_dialog_without_letters_costs_no_request() -> None:
    assert not plan_new(signals(), NEVER).reads_anything


@pytest.mark.parametrize(
    ("item", "reads"),
    [
        (signals(counts=(1, 0)), {"transmissions"}),
        (signals(counts=(0, 2)), {"transmissions"}),
        (signals(latest_activity=("a", OLD)), {"activities"}),
        (signals(seen_ids=frozenset({"s"})), {"seenlog", "labellog"}),
        (signals(labels=frozenset({"Archive"})), {"labellog"}),
        (signals(updated_at=NEW), {"seenlog", "labellog"}),
        (signals(labels=frozenset({"Default", "MarkedAsUnopened"})), {"seenlog", "labellog"}),
        (signals(is_content_seen=True), {"seenlog"}),
        (signals(is_content_seen=True, created_at=BEFORE_THE_CUT, updated_at=BEFORE_THE_CUT), set()),
        (signals(is_content_seen=True, service_resource="urn:altinn:resource:app_ttd_a2-123-4"), set()),
    ],
)
def test_a_new_dialog_is_read_as_far_as_its_list_item_shows_something(item: ListSignals, reads: set[str]) -> None:
    plan = plan_new(item, NEVER)
    assert {*plan.before, *plan.after} == reads
    assert not plan.opens


@pytest.mark.parametrize(
    ("item", "reads"),
    [
        (signals(counts=(2, 0)), {"transmissions"}),
        (signals(counts=(1, 0), content_updated_at=NEW), {"transmissions"}),
        (signals(counts=(1, 0), latest_activity=("b", NEW)), {"activities"}),
        (signals(counts=(1, 0), seen_ids=frozenset({"s"})), {"seenlog"}),
        (signals(counts=(1, 0), is_content_seen=True), {"seenlog"}),
        (signals(counts=(1, 0), labels=frozenset({"Bin"})), {"labellog"}),
        (signals(counts=(1, 0), context_revision="r2"), {"labellog"}),
    ],
)
def test_a_changed_dialog_has_just_those_children_read_that_its_item_says_differ(
    item: ListSignals, reads: set[str]
) -> None:
    plan = changed(item, signals(counts=(1, 0)))
    assert {*plan.before, *plan.after} == reads


def test_an_activity_dated_before_the_latest_one_shows_only_in_updated_at() -> None:
    before = signals(latest_activity=("a", OLD))
    plan = changed(msgspec.structs.replace(before, updated_at=NEW), before)
    assert "activities" in plan.before


def test_a_seen_record_that_the_archive_has_already_is_not_asked_for() -> None:
    plan = changed(signals(seen_ids=frozenset({"s"})), seen_held=frozenset({"s"}))
    assert not plan.reads_anything


def test_a_loud_change_may_have_hidden_older_records_so_both_logs_are_read() -> None:
    assert set(changed(signals(updated_at=NEW)).after) == {"seenlog", "labellog"}


@pytest.mark.parametrize("value", ALL_POLICIES)
def test_what_no_human_has_opened_is_opened_only_where_the_policy_says_so_and_then_owes_its_mark(value: str) -> None:
    policy = OpeningPolicy(value)
    for item in (signals(), MARKED):
        assert plan_new(item, policy).opens == (value in ("always", "restore-unread"))
        assert changed(item, policy=policy).opens == (value in ("always", "restore-unread"))
        assert policy.must_restore(item) == (value == "restore-unread")


def test_no_mark_is_owed_for_what_is_read_or_what_no_inbox_shows_unless_somebody_marked_it() -> None:
    policy = OpeningPolicy("restore-unread")
    assert not policy.must_restore(READ)
    assert not policy.must_restore(signals(is_api_only=True))
    assert policy.must_restore(signals(is_api_only=True, labels=frozenset({"Default", "MarkedAsUnopened"})))


def test_the_label_of_a_dialog_that_no_inbox_shows_is_somebodys_too() -> None:
    marked = signals(is_api_only=True, labels=frozenset({"Default", "MarkedAsUnopened"}))
    opens = {value: OpeningPolicy(value).allows(marked) for value in ALL_POLICIES}
    assert opens == {"never": False, "after-human": False, "restore-unread": True, "always": True}


@pytest.mark.parametrize("missing", ["context_revision", "created_at"])
def test_what_could_not_be_put_back_is_not_opened(missing: str) -> None:
    policy = OpeningPolicy("restore-unread")
    assert not policy.allows(signals(**{missing: None}))
    assert policy.allows(signals(is_content_seen=True, **{missing: None}))


@pytest.mark.parametrize("value", ALL_POLICIES)
def test_what_a_human_has_read_or_no_inbox_shows_may_be_opened_by_all_but_never(value: str) -> None:
    for item in (READ, signals(is_api_only=True)):
        assert plan_new(item, OpeningPolicy(value)).opens == (value != "never")


def test_the_logs_are_read_after_the_opening_that_may_write_into_them() -> None:
    plan = plan_new(READ, OpeningPolicy("always"))
    assert plan.opens
    assert "seenlog" in plan.after
    assert "labellog" in changed(MARKED, policy=OpeningPolicy("always")).after


def test_an_opened_dialog_is_opened_again_only_when_its_substance_differs() -> None:
    policy = OpeningPolicy("after-human")
    relabelled = signals(is_content_seen=True, labels=frozenset({"Archive"}))
    assert not changed(relabelled, READ, policy, substance_differs=False, opened_well=True).opens
    assert changed(relabelled, READ, policy, substance_differs=True, opened_well=True).opens
    assert changed(relabelled, READ, policy, substance_differs=False, opened_well=False).opens


@dataclass
class Rule:
    open: str
    party: str | None = None
    org: str | None = None
    service_resource: str | None = None


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Rule("always", party="p"), True),
        (Rule("always", party="q"), False),
        (Rule("always", org="ttd"), True),
        (Rule("always", org="skd"), False),
        (Rule("always", service_resource="urn:altinn:resource:a"), True),
        (Rule("always", org="ttd", party="q"), False),
    ],
)
def test_a_rule_decides_where_everything_it_names_fits(rule: Rule, fits: bool) -> None:
    assert OpeningPolicy("never", (rule,)).allows(signals()) == fits


def test_the_first_rule_that_fits_decides() -> None:
    policy = OpeningPolicy("always", (Rule("never", org="ttd"), Rule("always", party="p")))
    assert not policy.allows(signals())


def test_17_7_an_opening_clears_the_mark_and_shows_the_content_as_seen_with_the_same_revision() -> None:
    before = {
        "id": "d",
        "isContentSeen": False,
        "endUserContext": {"revision": "r", "systemLabels": ["Default", "MarkedAsUnopened"]},
    }
    after = msgspec.json.decode(after_opening(msgspec.json.encode(before)))
    assert after == {
        "id": "d",
        "isContentSeen": True,
        "endUserContext": {"revision": "r", "systemLabels": ["Default"]},
    }


def test_an_opening_that_changed_nothing_leaves_the_very_bytes() -> None:
    body = b'{"id": "d", "isContentSeen": true, "endUserContext": {"systemLabels": ["Default"]}}'
    assert after_opening(body) is body
