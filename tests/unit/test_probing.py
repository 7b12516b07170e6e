"""Whether a missing dialog is listed after all: only where it could be looked for is the answer certain."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from store.publication import Held
from sync.passes.presence import ABSENT, EXPIRED
from sync.passes.probing import Prober
from sync.passes.walking import Walker
from sync.passes.walks import Walk

AT = "2026-03-01T09:00:00.000000Z"


class Hiding:
    """Answers for every dialog by itself, and lists none."""

    def transmissions(self, dialog_id: str) -> bytes:
        return b"[]"

    def lookup(self, reference: str) -> bytes:
        return b"{}"

    def search(self, walk: Walk) -> bytes:
        return b'{"items":[],"hasNextPage":false}'


@pytest.mark.parametrize(("created_at", "presence"), [(AT, EXPIRED), (None, ABSENT)])
def test_what_tells_no_moment_to_look_for_it_at_is_not_called_expired(created_at: str | None, presence: str) -> None:
    dialog = Held(
        id="a",
        party="p",
        presence="present",
        delegated=False,
        connection=None,
        identity=None,
        created_at=created_at,
        first_seen_at=AT,
        last_changed_at=AT,
        probed_at=None,
    )
    inbox = cast(Any, Hiding())
    with ThreadPoolExecutor(1) as pool:
        walker = Walker(inbox, pool, lambda: datetime.now(UTC), lambda _event, _fields: None)
        prober = Prober(inbox, walker, pool, lambda _items, _walk: None, AT)
        found = prober.explain([dialog], prober.children(["a"]))
    assert found["a"].presence == presence
