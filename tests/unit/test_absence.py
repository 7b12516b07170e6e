"""Which dialogs are missing, when so many at once are not believed, and what another identity's list is worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from store.batch import Row
from store.clock import instant_text
from store.publication import Held, Listed
from sync.passes.absence import (
    AGAIN_AFTER,
    Missing,
    OtherEyes,
    due_again,
    gone_dialogs,
    had_before,
    handed_over,
    is_gone,
    is_held,
    may_publish,
    missing_of,
    other_eyes,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PARTY = "urn:altinn:organization:identifier-no:315260183"
ME, YOU = ("regnskap", ""), ("lonn", "")


def ago(**by: float) -> str:
    return instant_text(NOW - timedelta(**by))


def held(name: str, presence: str = "present", by: tuple[str, str] = ME, **more: object) -> Held:
    old = ago(days=100)
    dialog = Held(name, PARTY, presence, False, *by, old, old, old, None)
    return replace(dialog, **more)  # type: ignore[arg-type]


def listed(who: tuple[str, str], *names: str, at: str | None = None) -> Listed:
    return Listed(*who, PARTY, frozenset(names), at or ago(hours=20))


def names(missing: list[Missing]) -> list[str]:
    return [each.dialog.id for each in missing]


# The guard


@pytest.mark.parametrize(
    ("had", "unexplained", "expected"),
    [(40, 20, False), (40, 21, True), (200, 20, False), (210, 21, False), (209, 21, True), (1000, 100, False),
     (1000, 101, True), (40, 0, False), (0, 21, True)],
)  # fmt: skip
def test_a_mailbox_is_held_when_more_than_twenty_and_more_than_a_tenth_are_missing(
    had: int, unexplained: int, expected: bool
) -> None:
    assert (
        is_held(had=had, listed_now=had - unexplained if had > unexplained else 5, unexplained=unexplained) is expected
    )


@pytest.mark.parametrize("unexplained", [1, 5, 500])
def test_a_mailbox_that_turns_empty_is_held_however_small(unexplained: int) -> None:
    assert is_held(had=unexplained, listed_now=0, unexplained=unexplained)


def test_a_mailbox_whose_every_dialog_was_deleted_is_not_held() -> None:
    assert not is_held(had=300, listed_now=0, unexplained=0)


def test_single_dialogs_that_were_delegated_may_all_go() -> None:
    assert not is_held(had=3, listed_now=None, unexplained=3)


def test_what_it_had_is_what_it_listed_last_and_before_that_what_the_archive_has() -> None:
    dialogs = [held("a"), held("b"), held("c", "deleted")]
    assert had_before(listed(ME, "a"), dialogs, {"swept_count": 7}) == 1
    assert had_before(None, dialogs, {"swept_count": 7}) == 7
    assert had_before(None, dialogs, {"swept_count": None}) == 2


# What is missing


def test_what_was_met_or_is_explained_already_is_not_missing() -> None:
    dialogs = [
        held("met"),
        held("gone"),
        held("doubtful", "absent"),
        *(held(name, name) for name in ("deleted", "expired", "no_access", "not_found")),
    ]
    assert names(missing_of(dialogs, {"met"}, None, ME, [])) == ["gone", "doubtful"]
    assert names(missing_of(dialogs, {"met"}, None, ME, [], again={"expired"})) == ["gone", "doubtful", "expired"]


def test_what_only_another_lists_was_never_ours_to_miss() -> None:
    you = OtherEyes(*YOU, listed(YOU, "yours", "shared"))
    dialogs = [held("yours", by=YOU), held("shared"), held("nobody's")]
    mine = listed(ME, "shared", "nobody's")
    found = missing_of(dialogs, set(), mine, ME, [you])
    assert [(each.dialog.id, each.elsewhere) for each in found] == [("shared", True), ("nobody's", False)]


def test_an_identity_that_never_swept_may_list_anything() -> None:
    you = OtherEyes(*YOU, None)
    assert missing_of([held("a")], set(), None, ME, [you]) == []
    assert [each.elsewhere for each in missing_of([held("a")], set(), listed(ME, "a"), ME, [you])] == [True]


def test_a_dialog_that_came_after_the_others_sweep_may_be_listed_by_it() -> None:
    you = OtherEyes(*YOU, listed(YOU))
    new = held("new", first_seen_at=ago(hours=1))
    assert you.may_list(new)
    assert not you.may_list(held("old"))
    back = held("back", by=YOU, last_changed_at=ago(hours=1))
    assert you.may_list(back), "it read it since its sweep"
    assert not you.may_list(replace(back, presence="absent"))


def test_deleted_and_not_found_are_true_for_everybody() -> None:
    here, elsewhere = Missing(held("a"), elsewhere=False), Missing(held("a"), elsewhere=True)
    for presence in ("deleted", "not_found"):
        assert may_publish(presence, elsewhere)
    for presence in ("no_access", "expired", "absent"):
        assert may_publish(presence, here)
        assert not may_publish(presence, elsewhere)


def test_what_we_may_not_read_any_more_goes_to_one_that_surely_lists_it() -> None:
    you = OtherEyes(*YOU, listed(YOU, "a"))
    missing = [Missing(held("a"), True), Missing(held("b", first_seen_at=ago(hours=1)), True)]
    assert handed_over(missing, [you]) == [("a", *YOU)]


# Other eyes


def mailbox(who: tuple[str, str], **more: object) -> Row:
    row: dict[str, object] = {
        "connection": who[0],
        "identity": who[1],
        "party": PARTY,
        "state": "active",
        "last_poll_at": ago(hours=1),
        "first_seen_at": ago(days=400),
        "missing_since": None,
    }
    return row | more  # type: ignore[return-value]


def test_other_eyes_are_active_mailboxes_and_delegations_of_others() -> None:
    lists = [listed(ME, "a"), listed(YOU, "b"), listed(("delegert", ""), "c")]
    found = other_eyes(PARTY, ME, [mailbox(ME), mailbox(YOU)], lists, NOW)
    assert [(each.connection, each.listed) for each in found] == [("delegert", lists[2]), ("lonn", lists[1])]


@pytest.mark.parametrize("more", [{"state": "lost"}, {"last_poll_at": ago(days=31)}, {"party": "urn:x"}])
def test_lost_and_long_silent_mailboxes_say_nothing(more: dict[str, object]) -> None:
    assert other_eyes(PARTY, ME, [mailbox(ME), mailbox(YOU, **more)], [], NOW) == []


# Again


def test_what_was_explained_long_ago_is_asked_again_the_longest_first_and_not_all_at_once() -> None:
    long = AGAIN_AFTER / timedelta(days=1)
    dialogs = [
        held("a", "expired", probed_at=ago(days=long + 1)),
        held("b", "no_access", probed_at=ago(days=long + 3)),
        held("c", "not_found", probed_at=ago(days=long + 2)),
        held("new", "expired", probed_at=ago(days=long - 1)),
        held("deleted", "deleted", probed_at=ago(days=long + 9)),
    ]
    assert due_again(dialogs, NOW, returned=False, room=9) == {"a", "b", "c"}
    assert due_again(dialogs, NOW, returned=False, room=2) == {"b", "c"}
    assert due_again(dialogs, NOW, returned=False, room=-1) == frozenset()


def test_a_mailbox_that_comes_back_has_everything_out_of_reach_asked_again() -> None:
    dialogs = [held(str(n), "no_access", probed_at=ago(hours=1)) for n in range(3)]
    assert due_again(dialogs, NOW, returned=True, room=1) == {"0", "1", "2"}


# Lost mailboxes


@pytest.mark.parametrize(("since", "expected"), [(None, False), ({"hours": 23}, False), ({"hours": 24}, True)])
def test_a_lost_mailbox_is_given_up_after_two_sweeps_a_day_apart(
    since: dict[str, float] | None, expected: bool
) -> None:
    row = mailbox(ME, state="lost", missing_since=None if since is None else ago(**since))
    assert is_gone(row, NOW, accepted=False) is expected
    assert is_gone(row, NOW, accepted=True)


def test_of_a_lost_mailbox_only_what_nobody_else_may_list_is_out_of_reach() -> None:
    dialogs = [held("a"), held("yours"), held("met"), held("gone", "deleted"), held("doubtful", "absent")]
    found = gone_dialogs(dialogs, {"met"}, [OtherEyes(*YOU, listed(YOU, "yours"))])
    assert [each.id for each in found] == ["a", "doubtful"]
