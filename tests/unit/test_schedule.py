"""What is due after a poll: a pure function of the mailboxes, the clock, and what was tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store.batch import Row
from store.clock import instant_text
from sync.passes.schedule import Intervals, Pass, passes_due

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVERY = Intervals(timedelta(hours=1), timedelta(hours=24))


READY: Row = {
    "state": "active",
    "backfilled_at": instant_text(NOW - timedelta(days=30)),
    "last_sweep_at": None,
    "last_hot_at": None,
    "missing_since": None,
    "gone_at": None,
}


def lost(missing_for: float | None, gone: bool = False, backfilled: bool = True) -> Row:
    at = None if missing_for is None else instant_text(NOW - timedelta(hours=missing_for))
    return {
        "state": "lost",
        "backfilled_at": instant_text(NOW) if backfilled else None,
        "last_sweep_at": instant_text(NOW),
        "last_hot_at": instant_text(NOW),
        "missing_since": at,
        "gone_at": instant_text(NOW) if gone else None,
    }


@pytest.mark.parametrize(
    ("row", "due"),
    [
        (lost(None), True),
        (lost(23), False),
        (lost(24), True),
        (lost(30, gone=True), False),
        (lost(None, backfilled=False), False),
    ],
)
def test_a_lost_mailbox_asks_for_two_sweeps_and_no_more(row: Row, due: bool) -> None:
    assert passes_due([row], EVERY, NOW) == ({Pass.SWEEP} if due else set())


def test_with_no_mailbox_left_sweeps_go_on_for_what_is_delegated_one_by_one() -> None:
    given_up = {**lost(60, gone=True), "last_sweep_at": instant_text(NOW - EVERY.sweep)}
    assert passes_due([given_up], EVERY, NOW) == {Pass.SWEEP}
    kept: Row = {**READY, "last_sweep_at": instant_text(NOW), "last_hot_at": instant_text(NOW)}
    assert passes_due([given_up, kept], EVERY, NOW) == frozenset(), "the sweep of another mailbox shows them too"


def test_a_mailbox_that_has_all_it_needs_makes_nothing_due() -> None:
    row = {**READY, "last_hot_at": instant_text(NOW), "last_sweep_at": instant_text(NOW)}
    assert passes_due([row], EVERY, NOW) == frozenset()


def test_the_deep_pass_takes_a_step_with_every_hot_pass() -> None:
    row = {**READY, "last_sweep_at": instant_text(NOW)}
    assert passes_due([row], EVERY, NOW) == {Pass.HOT, Pass.DEEP}


def test_a_first_reading_that_is_not_finished_comes_before_everything_else() -> None:
    assert passes_due([{**READY, "backfilled_at": None}], EVERY, NOW) == frozenset()


def test_a_pass_that_cannot_come_to_its_end_is_not_begun_again_at_every_poll() -> None:
    row = {**READY, "last_hot_at": instant_text(NOW)}
    lately = {str(Pass.SWEEP): instant_text(NOW - EVERY.sweep / 10)}
    assert passes_due([row], EVERY, NOW, lately) == frozenset()
    earlier = {str(Pass.SWEEP): instant_text(NOW - EVERY.sweep / 7)}
    assert passes_due([row], EVERY, NOW, earlier) == {Pass.SWEEP}


def test_a_time_that_has_not_come_yet_keeps_no_pass_waiting_once_the_clock_is_right_again() -> None:
    next_year = instant_text(NOW + timedelta(days=365))
    row = {**READY, "last_sweep_at": next_year, "last_hot_at": next_year}
    everything = {Pass.SWEEP, Pass.HOT, Pass.DEEP}
    assert passes_due([row], EVERY, NOW, {"sweep": next_year, "hot": next_year, "deep": next_year}) == everything


def test_clocks_that_differ_a_little_make_nothing_due() -> None:
    soon = instant_text(NOW + timedelta(minutes=1))
    assert passes_due([{**READY, "last_sweep_at": soon, "last_hot_at": soon}], EVERY, NOW) == frozenset()
