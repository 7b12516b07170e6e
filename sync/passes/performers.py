"""Who performed an activity: completes the body of `/activities`, whose items leave it out.

The single read answers the list's item plus `performedBy`, so an item is completed with what another answer of the
server says of the same activity, and with nothing else (reference: end-user API §6.4, §17.17).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec


def named_performers(activities: bytes, sources: Iterable[bytes]) -> bytes:
    """The body of `/activities` with `performedBy` filled in where a source knows it.

    A source is a single activity, a list of activities, a detail, or a list item. Raises `msgspec.DecodeError` on
    malformed JSON.
    """
    items = msgspec.json.decode(activities)
    known: dict[Any, Any] = {}
    for source in sources:
        for activity in _activities_in(msgspec.json.decode(source)):
            if activity.get("performedBy"):
                known.setdefault(activity.get("id"), activity["performedBy"])
    filled = False
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and not item.get("performedBy") and item.get("id") in known:
            item["performedBy"] = known[item["id"]]
            filled = True
    return msgspec.json.encode(items) if filled else activities


def unnamed_activities(activities: bytes) -> list[str]:
    """The ids of the activities whose performer is still unknown."""
    items = msgspec.json.decode(activities)
    if not isinstance(items, list):
        return []
    return [i["id"] for i in items if isinstance(i, dict) and isinstance(i.get("id"), str) and not i.get("performedBy")]


def _activities_in(body: Any) -> list[dict[str, Any]]:
    if isinstance(body, list):
        return [item for item in body if isinstance(item, dict)]
    if not isinstance(body, dict):
        return []
    if isinstance(body.get("activities"), list):
        return [item for item in body["activities"] if isinstance(item, dict)]
    if isinstance(body.get("latestActivity"), dict):
        return [body["latestActivity"]]
    return [body]
