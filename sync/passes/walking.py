"""Walking lists: page after page, narrower where the server finds a search too broad, around mailboxes that fail.

Shared by every pass that reads lists. The next page is asked for while the one before lands.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime

import msgspec

from store.clock import instant_text
from sync.dialogporten import wire
from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    BadRequest,
    NotTheApi,
    ServerFault,
    TooBroad,
    TooLarge,
    Unexpected,
)
from sync.passes.ports import Inbox, Told
from sync.passes.walks import Walk, apart, narrowed

# One walk may fail so without the others being to blame; everything else ends the pass.
_OF_THE_WALK = (BadRequest, BadBody, ServerFault, TooBroad, TooLarge, Unexpected)
_TOO_LONG = (414, 431)  # what stands in between may find an address with many parties too long
Fetching = Future[tuple[bytes, datetime]]
SIDE_BY_SIDE = 50  # short walks begun before the first of them lands


@dataclass(frozen=True, slots=True)
class Guide:
    """What a pass does on the way.

    `land` takes the items of a page and the walk that gave them; `finished` a walk whose last page has landed (with
    `before` None: nothing of its mailboxes is left to read); `failed` a mailbox that could not be read.
    """

    land: Callable[[Sequence[bytes], Walk], None]
    finished: Callable[[Walk], None]
    failed: Callable[[tuple[str, ...], ArkivError], None]


class Walker:
    """Reads walks for one identity. Raises what ends the pass: token errors, an unreachable server, a stop."""

    def __init__(self, inbox: Inbox, pool: Executor, now: Callable[[], datetime], told: Told) -> None:
        self._inbox = inbox
        self._pool = pool
        self._now = now
        self._told = told
        self.fetched_at: datetime | None = None  # when the page came that lands now

    def read(self, walks: Iterable[Walk], guide: Guide) -> None:
        """Every walk to its end, or its mailboxes told as failed."""
        self._go(walks, guide, set(), {})

    def read_short(self, walks: Sequence[Walk], guide: Guide) -> None:
        """The same for walks of hardly more than a page: their first pages are asked for side by side."""
        failed: set[str] = set()
        for start in range(0, len(walks), SIDE_BY_SIDE):
            part = walks[start : start + SIDE_BY_SIDE]
            begun = {walk: self._pool.submit(self._fetch, walk) for walk in part}
            try:
                self._go(part, guide, failed, begun)
            finally:
                for asked in begun.values():
                    asked.cancel()

    def _go(self, walks: Iterable[Walk], guide: Guide, failed: set[str], begun: dict[Walk, Fetching]) -> None:
        waiting = deque(walks)
        while waiting:
            walk = waiting.popleft()
            if failed.intersection(walk.parties):
                continue  # a later window of a mailbox whose earlier one failed would leave a gap
            try:
                narrower = self._read(walk, guide, begun.pop(walk, None))
                if len(narrower) == 1:
                    # A smaller page is what helps: each later window of the mailbox would have to learn it anew.
                    waiting = deque(each.no_longer_than(narrower[0]) for each in waiting)
            except _OF_THE_WALK as error:
                narrower = self._isolate(walk, error, failed, guide)
            waiting.extendleft(reversed(narrower))

    def _fetch(self, walk: Walk) -> tuple[bytes, datetime]:
        return self._inbox.search(walk), self._now()

    def _read(self, walk: Walk, guide: Guide, begun: Fetching | None) -> list[Walk]:
        """Page after page to the end; answers the narrower walks to make instead when that is too broad."""
        asked: Fetching | None = begun or self._pool.submit(self._fetch, walk)
        been = {walk.token}
        try:
            while asked is not None:
                try:
                    body, fetched_at = asked.result()
                except TooBroad:
                    narrower = narrowed(walk, instant_text(self._now()))
                    if not narrower:
                        raise
                    self._told("walk_narrowed", {"parties": len(walk.parties), "limit": walk.limit})
                    return narrower
                page = page_of(body)
                items = [bytes(raw) for raw in page.items or []]
                following = next_walk(walk, page, items, been)
                asked = None if following is None else self._pool.submit(self._fetch, following)
                self.fetched_at = fetched_at
                guide.land(items, walk)
                if following is not None:
                    walk = following
        finally:
            if asked is not None:
                asked.cancel()
        guide.finished(walk)
        return []

    def _isolate(self, walk: Walk, error: ArkivError, failed: set[str], guide: Guide) -> list[Walk]:
        """A walk that failed by itself: halved until the mailbox to blame stands alone, so that the others are read.

        Raises what is not the API's answer: whatever stands in between says it to every walk.
        """
        if isinstance(error, NotTheApi) or (isinstance(error, Unexpected) and error.status not in _TOO_LONG):
            raise error
        if len(walk.parties) > 1:
            self._told("walk_split", {"parties": len(walk.parties), "why": type(error).__name__})
            return apart(walk)
        failed.update(walk.parties)
        guide.failed(walk.parties, error)
        return []


def page_of(body: bytes) -> wire.ListPage:
    """A page of a list. Raises BadBody where the answer is none."""
    try:
        page = wire.list_page(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        page = None
    # `hasNextPage` is always written, false too (§1.3): an answer without it is somebody else's, and no empty list.
    if page is None or page.has_next_page is None:
        raise BadBody("The list of dialogs is not what the API promises; nothing of this page is used.")
    return page


def next_walk(walk: Walk, page: wire.ListPage, items: Sequence[bytes], been: set[str | None]) -> Walk | None:
    """The next page's walk. Loops on `hasNextPage`, never on the token (§3.6). What leads to a page that this walk has
    `been` to, or shows nothing and says that there is more, would go on for ever.
    """
    if not page.has_next_page:
        return None
    if not items or not page.continuation_token or page.continuation_token in been:
        raise BadBody("The list of dialogs says that there is more, yet not where; nothing of this page is used.")
    been.add(page.continuation_token)
    return walk.next_page(page.continuation_token, _last_position(items))


def _last_position(items: Sequence[bytes]) -> str | None:
    """`updatedAt` of the last readable item of a page."""
    for raw in reversed(items):
        try:
            return wire.instant(wire.list_item(raw).updated_at or "")
        except ValueError:  # msgspec's errors are ValueErrors
            continue
    return None
