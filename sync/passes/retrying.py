"""List items that could not be filed, asked for again with growing pauses.

A cursor goes past such an item, so no poll meets it again by itself. It is found by the moment its dialog was made,
which nothing changes (`restoring.look_again`); one that does not tell it waits for the sweep.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from store.batch import Row
from sync.dialogporten import wire
from sync.passes.items import peek
from sync.passes.landing import Landing
from sync.passes.walking import Guide, Walker
from sync.passes.walks import Walk

AT_ONCE = 50  # items of one poll: each costs a search


class _Made(msgspec.Struct, rename="camel"):
    created_at: str | None = None


def retry_items(landing: Landing, walker: Walker, parties: frozenset[str]) -> None:
    """Lands what can be filed by now; the rest waits for longer. `parties` are those of the identity's mailboxes."""
    wanted: dict[str, Row] = {}
    walks: dict[Walk, None] = {}
    for row in landing.items_due():
        made = _made(row["payload"])
        if made is not None and row["party"] in parties and len(wanted) < AT_ONCE:
            wanted[str(row["dialog_id"])] = row
            walks[Walk((str(row["party"]),), after=None, created=made)] = None
    shown: set[str] = set()

    def land(items: Sequence[bytes], _walk: Walk) -> None:
        named = [(name, raw) for raw in items if (name := peek(raw)[0]) in wanted]
        shown.update(name for name, _ in named if name is not None)
        landing.land([raw for _, raw in named], parties, lambda _: [], walker.fetched_at)

    walker.read_short(list(walks), Guide(land, lambda _: None, lambda _parties, _error: None))
    landing.put_off([row for name, row in wanted.items() if name not in shown])


def _made(payload: object) -> str | None:
    try:
        told = msgspec.json.decode(payload, type=_Made).created_at if isinstance(payload, bytes) else None
        return None if told is None else wire.instant(told)
    except ValueError:  # msgspec's errors are ValueErrors
        return None
