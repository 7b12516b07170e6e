"""The cursor is a promise of completeness: never past what was read, nor past the start of the run minus overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from store.clock import instant_text
from sync.passes.cursor import Horizon, completed, reached

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)


def horizon(server_ahead: timedelta = timedelta(0)) -> Horizon:
    return Horizon.of_run(START, server_ahead, OVERLAP)


@given(st.timedeltas(timedelta(days=-9000), timedelta(days=9000)))
def test_a_page_moves_the_cursor_to_its_last_item_and_no_further_than_the_horizon(away: timedelta) -> None:
    updated_at = instant_text(START + away)
    (move,) = reached(horizon(), "c", "i", ["p"], updated_at)
    assert move.cursor_at == min(updated_at, "2026-11-25T11:50:00.000000Z")
    assert move.backfilled_at is None, "a page is no end"


def test_the_end_of_a_walk_moves_it_to_the_start_of_the_run_minus_the_overlap() -> None:
    moves = completed(horizon(), "c", "i", ["p", "q"], "now", frozenset({"q"}))
    assert {move.cursor_at for move in moves} == {"2026-11-25T11:50:00.000000Z"}
    assert [(move.party, move.backfilled_at) for move in moves] == [("p", None), ("q", "now")]


def test_of_two_clocks_the_earlier_is_pinned() -> None:
    assert horizon(timedelta(seconds=30)).limit == horizon().limit, "a server that is ahead promises nothing more"
    assert horizon(timedelta(seconds=-30)).limit == "2026-11-25T11:49:30.000000Z"
