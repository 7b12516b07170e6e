"""A lost mailbox is given up by two sweeps, so those are due even where nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from store.batch import Row
from store.clock import instant_text
from sync.passes.schedule import Intervals, Pass, passes_due

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
EVERY = Intervals(timedelta(hours=1), timedelta(hours=24))


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
