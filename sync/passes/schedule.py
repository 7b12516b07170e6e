"""What is due: a pure function of the mailboxes and the clock.

The poll is always due. The hot pass and the sweep are due when any mailbox waited for its interval; a step of the deep
pass goes with each hot pass, which spreads it evenly. A mailbox whose first reading is not finished waits for that: it
counts as hot pass, sweep and deep pass at once. A lost mailbox needs two sweeps, a day apart, to be given up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from store.batch import Row
from store.clock import instant_text
from sync.passes.absence import LOST_AFTER

_NEVER: Mapping[str, str] = {}
_CLOCKS_DIFFER = timedelta(minutes=5)  # those of several machines that share an archive


class Pass(StrEnum):
    """The passes after the poll, in the order in which they run."""

    SWEEP = "sweep"
    HOT = "hot"
    DEEP = "deep"


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often; the keys `hot` and `sweep` of `[sync]`."""

    hot: timedelta
    sweep: timedelta


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked for on top of what is due. `accept`: parties whose missing dialogs are accepted."""

    passes: frozenset[Pass] = frozenset()
    accept: frozenset[str] = frozenset()


def passes_due(
    mailboxes: Iterable[Row], intervals: Intervals, now: datetime, attempted: Mapping[str, str] = _NEVER
) -> frozenset[Pass]:
    """`mailboxes` are one identity's rows of that table; `attempted` tells when each pass was last begun, so that one
    that cannot come to its end is not begun again at every poll: it waits an eighth of its interval.
    """
    mailboxes = list(mailboxes)
    rows = [row for row in mailboxes if row["backfilled_at"] is not None]
    ready = [row for row in rows if row["state"] == "active"]
    lost = [row for row in rows if row["state"] == "lost" and row["gone_at"] is None]
    due: set[Pass] = set()
    waited = any(_waited(row["missing_since"], LOST_AFTER, now) for row in lost)
    # With no mailbox left, only a sweep tells of the single dialogs that are still delegated to us.
    swept = rows if all(row["state"] == "lost" for row in mailboxes) else ready
    if waited or any(_due(row["last_sweep_at"], intervals.sweep, now) for row in swept):
        due.add(Pass.SWEEP)
    if any(_due(row["last_hot_at"], intervals.hot, now) for row in ready):
        due |= {Pass.HOT, Pass.DEEP}
    pauses = {Pass.SWEEP: intervals.sweep / 8, Pass.HOT: intervals.hot / 8, Pass.DEEP: intervals.hot / 8}
    return frozenset(each for each in due if _due(attempted.get(each), pauses[each], now))


def _waited(last: object, interval: timedelta, now: datetime) -> bool:
    return not isinstance(last, str) or last <= instant_text(now - interval)


def _due(last: object, interval: timedelta, now: datetime) -> bool:
    """As `_waited`; a time that has not come yet was written while the clock was wrong, and keeps nothing waiting."""
    return _waited(last, interval, now) or str(last) > instant_text(now + _CLOCKS_DIFFER)
