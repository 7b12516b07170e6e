"""What a list item shows, as far as planning compares it (reference: end-user API §3.7, §17.4)."""

from __future__ import annotations

from dataclasses import dataclass

from sync.dialogporten import wire


@dataclass(frozen=True, slots=True)
class ListSignals:
    """The planning facts of one list item. Times as the server spelled them: they are only compared for equality."""

    id: str
    party: str
    org: str | None
    service_resource: str | None
    created_at: str | None
    updated_at: str | None
    content_updated_at: str | None
    counts: tuple[int, int]  # transmissions from the service owner, from the party
    latest_activity: tuple[str | None, str | None] | None  # id, createdAt
    seen_ids: frozenset[str]
    is_content_seen: bool
    labels: frozenset[str]
    context_revision: str | None
    is_api_only: bool

    @property
    def transmissions_count(self) -> int:
        return sum(self.counts)


def signals(item: wire.ListItem) -> ListSignals:
    """`item` has been checked to carry an id and a party."""
    latest, context = item.latest_activity, item.end_user_context
    seen = (item.seen_since_last_update or []) + (item.seen_since_last_content_update or [])
    return ListSignals(
        id=item.id or "",
        party=item.party or "",
        org=item.org,
        service_resource=item.service_resource,
        created_at=item.created_at,
        updated_at=item.updated_at,
        content_updated_at=item.content_updated_at,
        counts=(item.from_service_owner_transmissions_count or 0, item.from_party_transmissions_count or 0),
        latest_activity=None if latest is None else (latest.id, latest.created_at),
        seen_ids=frozenset(record.id for record in seen if record.id is not None),
        is_content_seen=bool(item.is_content_seen),
        labels=frozenset(item.labels),
        context_revision=None if context is None else context.revision,
        is_api_only=bool(item.is_api_only),
    )
