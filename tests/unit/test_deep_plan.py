"""The deep pass's share: every dialog once in a cycle, evenly, youngest first, whatever the intervals between runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from store.batch import Row
from store.clock import instant_text
from sync.passes.deep import Cycle, plan_cycles, plan_share

EVERY = timedelta(days=30)
START = datetime(2026, 3, 1, tzinfo=UTC)
intervals = st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=40)), min_size=1, max_size=60)


@dataclass
class Mailbox:
    """`count` dialogs numbered from the youngest, read by a pass that runs when it is told to."""

    count: int
    began: datetime = START
    read_at: dict[int, datetime] = field(default_factory=dict)
    cycles: list[list[int]] = field(default_factory=lambda: [[]])

    def run(self, now: datetime) -> list[int]:
        unread = [each for each in range(self.count) if self.read_at.get(each, START) <= self.began]
        turn = unread[: plan_share(self.count, len(unread), now - self.began, EVERY)]
        self.read_at |= dict.fromkeys(turn, now)
        self.cycles[-1] += turn
        if Cycle(instant_text(self.began), (), delegated=False).is_through(now, EVERY):
            self.began = now
            self.cycles.append([])
        return turn


@given(st.integers(0, 50), intervals)
def test_every_cycle_reads_every_dialog_exactly_once_and_the_youngest_first(count: int, gaps: list[timedelta]) -> None:
    mailbox, now = Mailbox(count), START
    for gap in gaps:
        now += gap
        mailbox.run(now)
    *whole, under_way = mailbox.cycles
    assert all(cycle == list(range(count)) for cycle in whole)
    assert under_way == list(range(len(under_way)))


@given(st.integers(0, 500), intervals)
def test_at_every_run_as_much_is_read_as_time_has_passed_to_within_one_dialog(
    count: int, gaps: list[timedelta]
) -> None:
    mailbox, now = Mailbox(count), START
    for gap in gaps:
        now += gap
        began = mailbox.began
        done = mailbox.cycles[-1]
        mailbox.run(now)
        passed = min(1.0, (now - began) / EVERY)
        assert abs(len(done) - count * passed) < 1 + 1e-6


@given(st.integers(0, 500), st.integers(0, 500), st.timedeltas(timedelta(days=-1), timedelta(days=90)))
def test_never_more_than_are_left_and_all_that_are_left_when_the_cycle_is_over(
    count: int, unread: int, elapsed: timedelta
) -> None:
    share = plan_share(count, unread, elapsed, EVERY)
    assert 0 <= share <= unread
    if elapsed >= EVERY:
        assert share == unread


def test_what_others_read_meanwhile_is_not_made_up_for() -> None:
    assert plan_share(100, 100, EVERY / 2, EVERY) == 50
    assert plan_share(100, 70, EVERY / 2, EVERY) == 20
    assert plan_share(100, 40, EVERY / 2, EVERY) == 0


def mailbox(party: str, backfilled_at: str | None, deep_since: str | None = None) -> Row:
    return {"party": party, "backfilled_at": backfilled_at, "deep_since": deep_since}


def test_mailboxes_share_a_cycle_when_it_began_at_the_same_time_and_have_none_before_their_backfill() -> None:
    rows = [mailbox("c", "3"), mailbox("b", "2"), mailbox("a", "1", "3"), mailbox("d", None)]
    assert plan_cycles(rows, everything=False) == [
        Cycle("2", ("b",), delegated=True),
        Cycle("3", ("a", "c"), delegated=False),
    ]
    assert plan_cycles(rows, everything=True) == [Cycle(None, ("a", "b", "c"), delegated=True)]
    assert plan_cycles([], everything=True) == []


def test_a_cycle_that_began_while_the_clock_was_wrong_begins_anew() -> None:
    next_year = Cycle(instant_text(START + timedelta(days=365)), (), delegated=False)
    assert next_year.is_through(START, EVERY)
