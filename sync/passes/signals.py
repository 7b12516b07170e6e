"""What of a list item decides what to read next; compared with the same of the stored list item."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from sync.dialogporten.instants import time_or_none
from sync.dialogporten.wire import ListItem


class ListSignals(msgspec.Struct, frozen=True, gc=False):
    """Times are canonical. `latest_activity` is (id, time), both None without activities; `counts` is (from service
    owner, from party).
    """

    id: str
    party: str
    org: str | None
    service_resource: str | None
    created_at: str | None
    updated_at: str | None
    content_updated_at: str | None
    counts: tuple[int, int]
    latest_activity: tuple[str | None, str | None]
    seen_ids: frozenset[str]
    is_content_seen: bool
    labels: frozenset[str]
    context_revision: str | None
    is_api_only: bool
    has_content: bool

    @property
    def transmissions_count(self) -> int:
        return self.counts[0] + self.counts[1]

    @property
    def latest_activity_id(self) -> str | None:
        return self.latest_activity[0]


_as_set = lru_cache(maxsize=256)(frozenset[str])  # a few sets stand on all dialogs
_NOBODY: frozenset[str] = frozenset()
_NONE = (None, None)


def signals(item: ListItem) -> ListSignals:
    """The signals of an item that `normalise.checked_item` accepted. Raises ValueError for a malformed time."""
    latest = item.latest_activity
    seen = _NOBODY
    if item.seen_since_last_update or item.seen_since_last_content_update:
        records = [*(item.seen_since_last_update or ()), *(item.seen_since_last_content_update or ())]
        seen = frozenset(record.id for record in records if record.id is not None)
    return ListSignals(
        item.id or "",
        item.party or "",
        item.org,
        item.service_resource,
        time_or_none(item.created_at, "createdAt"),
        time_or_none(item.updated_at, "updatedAt"),
        time_or_none(item.content_updated_at, "contentUpdatedAt"),
        (item.from_service_owner_transmissions_count or 0, item.from_party_transmissions_count or 0),
        _NONE if latest is None else (latest.id, time_or_none(latest.created_at, "latestActivity.createdAt")),
        seen,
        item.is_content_seen is True,
        _as_set(item.labels),
        None if item.end_user_context is None else item.end_user_context.revision,
        item.is_api_only is True,
        item.content is not None,
    )
