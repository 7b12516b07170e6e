"""The cursor is a promise of completeness, not a maximum.

Everything of a mailbox that was updated before its cursor has been read. It may therefore never pass the start of the
run minus the overlap: the server commits out of order, by seconds ordinarily (reference: end-user API §4.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.batch import CursorMove
from store.clock import instant_text


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far a run may promise: `limit` is its pinned start minus the overlap, as canonical text."""

    started_at: str
    limit: str

    @classmethod
    def of_run(cls, now: datetime, server_ahead: timedelta, overlap: timedelta) -> Horizon:
        """`now` by our clock; `server_ahead` is what the server's clock is ahead of it. The earlier of both clocks is
        pinned.
        """
        pinned = now + min(server_ahead, timedelta(0))
        return cls(started_at=instant_text(pinned), limit=instant_text(pinned - overlap))


def reached(
    horizon: Horizon, connection: str, identity: str, parties: Iterable[str], updated_at: str
) -> list[CursorMove]:
    """The moves after the items up to `updated_at` (ascending) have landed in the same transaction."""
    return [CursorMove(connection, identity, party, min(updated_at, horizon.limit)) for party in parties]


def completed(
    horizon: Horizon, connection: str, identity: str, parties: Iterable[str], now: str, not_backfilled: frozenset[str]
) -> list[CursorMove]:
    """The moves after a walk came to its end: the promise reaches the horizon, and a first walk is done."""
    return [
        CursorMove(
            connection,
            identity,
            party,
            horizon.limit,
            backfilled_at=now if party in not_backfilled else None,
            last_poll_at=now,
        )
        for party in parties
    ]
