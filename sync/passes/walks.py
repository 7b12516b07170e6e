"""Which pages to ask for: a pure state machine that knows neither clock nor network.

A walk reads the lists of some mailboxes oldest change first (`updatedAt_asc,id_asc`), page by page. The answer to
each page, or the server's word that the search was too broad, turns a walk into the walks that remain. Source:
reference, end-user API §3.4, §3.5 (keyset tokens), §3.8 (422), §16.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from store.clock import instant_text
from sync.dialogporten.limits import party_batches

PAGE_SIZE = 1000  # the server's maximum: an idle poll then stays one request for each batch of parties
SMALLEST_PAGE = 10
SMALLEST_WINDOW = timedelta(minutes=1)
# Halving an open window needs a beginning; what lies before it stays in the first half, which has none.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MailboxCursor:
    """A mailbox as planning sees it: `cursor_at` None means that its first walk has not begun."""

    party: str
    cursor_at: str | None
    backfilled: bool


@dataclass(frozen=True, slots=True)
class Walk:
    """One list request, and by its token everything behind it. Bounds are inclusive canonical times; None = open.

    `statuses` (any of them; none = every status), `due_after` (which leaves out what has no due date) and `created`
    (made at that very moment) narrow what is listed.
    """

    parties: tuple[str, ...]
    after: str | None
    before: str | None = None
    token: str | None = None
    position: str | None = None  # updatedAt of the last item read; where a narrower walk takes up again
    limit: int = PAGE_SIZE
    statuses: tuple[str, ...] = ()
    due_after: str | None = None
    created: str | None = None

    def __str__(self) -> str:
        bounds = {"from": self.after, "to": self.before, "due from": self.due_after}
        told = [f"{name} {at}" for name, at in bounds.items() if at is not None]
        if self.statuses:
            told.append(f"with status {', '.join(self.statuses)}")
        count = len(self.parties)
        return " ".join(["list", f"{count} mailbox{'' if count == 1 else 'es'}", *told])

    def next_page(self, token: str, position: str | None) -> Walk:
        return replace(self, token=token, position=position or self.position)

    def no_longer_than(self, other: Walk) -> Walk:
        """With the page size of `other`, if it is another window of the same mailboxes and has a larger one."""
        return replace(self, limit=min(self.limit, other.limit)) if self.parties == other.parties else self


def plan_walks(mailboxes: Sequence[MailboxCursor], max_parties: int) -> list[Walk]:
    """Mailboxes with a cursor share as few requests as the server's limit allows; those that are new walk apart from
    them, so that a first backfill never drags a mailbox that is up to date back to its beginning.

    Within each group mailboxes are taken in the order of their cursors, so that a batch repeats as little as possible.
    """
    polled = sorted((m for m in mailboxes if m.backfilled), key=lambda m: (m.cursor_at or "", m.party))
    ids = {m.party for m in polled}
    filling = sorted((m for m in mailboxes if m.party not in ids), key=lambda m: (m.cursor_at or "", m.party))
    walks: list[Walk] = []
    for group in (polled, filling):
        cursors = {m.party: m.cursor_at for m in group}
        batches = party_batches(tuple(cursors), max_parties)
        walks += [Walk(parties=batch, after=_oldest([cursors[party] for party in batch])) for batch in batches]
    return walks


def plan_sweep(parties: Sequence[str], max_parties: int) -> list[Walk]:
    """Every dialog of these parties, from the beginning of time, in as few requests as the server's limit allows."""
    return [Walk(parties=batch, after=None) for batch in party_batches(tuple(parties), max_parties)]


def _oldest(cursors: Sequence[str | None]) -> str | None:
    known = [c for c in cursors if c is not None]
    return min(known) if len(known) == len(cursors) else None


def narrowed(walk: Walk, now: str) -> list[Walk]:
    """The walks that together ask for the same, after the server found `walk` too broad: parties are halved down to
    one, then the window down to a minute, then the page down to 10. Empty when nothing is left to narrow.
    """
    if len(walk.parties) > 1:
        return apart(walk)
    start = walk.position or walk.after
    after = _parse(start) if start else _BEGINNING
    before = _parse(walk.before) if walk.before else max(_parse(now), after)
    if before - after > SMALLEST_WINDOW:
        middle = instant_text(after + (before - after) / 2)
        return [replace(walk, before=middle), replace(walk, after=middle, token=None, position=None)]
    if walk.limit > SMALLEST_PAGE:
        return [replace(walk, limit=max(SMALLEST_PAGE, walk.limit // 2))]
    return []


def apart(walk: Walk) -> list[Walk]:
    """Two walks with half of the parties each. A token is a position in the order, not tied to the parties, so both
    keep it.
    """
    middle = len(walk.parties) // 2
    return [replace(walk, parties=walk.parties[:middle]), replace(walk, parties=walk.parties[middle:])]


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text)
