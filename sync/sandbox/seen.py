"""Seen records: what an opening leaves behind, and how the seen lists are drawn from it (end-user API §5.2)."""

from __future__ import annotations

from collections.abc import Iterable

from sync.sandbox.callers import Caller
from sync.sandbox.children import without_nulls
from sync.sandbox.dialogs import MARKED, Dialog, JsonObject, Seen
from sync.sandbox.ids import seen_record_id
from sync.sandbox.labels import clear_mark
from sync.sandbox.world import World


def caller_as_actor(world: World, caller: Caller) -> JsonObject:
    """The caller as the logs keep it, unmasked."""
    return {
        "actorType": "PartyRepresentative",
        "actorName": world.caller_name(caller),
        "actorId": caller.urn,
    }


def mark_seen(world: World, dialog: Dialog, caller: Caller) -> Seen | None:
    """The side effects of GET dialog. None when there was nothing to do, else the record as this very answer tells it.

    The answer's own record has seven digits and says false to isViaServiceOwner; later reads have six and the truth.
    """
    now = world.now()
    marked = MARKED in dialog.labels
    already = any(one.user == caller.urn and one.seen_at >= dialog.updated_at for one in dialog.seen)
    if already and dialog.content_seen and not marked:
        return None
    actor = caller_as_actor(world, caller)
    record_id = seen_record_id(dialog.id, dialog.updated_at, marked, caller.urn)
    if all(one.id != record_id for one in dialog.seen):
        dialog.seen.append(Seen(record_id, now, caller.urn, actor, caller.via_service_owner))
    dialog.content_seen = True
    clear_mark(dialog, actor, now)
    world.touch(dialog)
    return Seen(record_id, f"{now[:26]}{world.ids.digit()}Z", caller.urn, actor, via_service_owner=False)


def seen_since(dialog: Dialog, since: str, fresh: Seen | None = None) -> list[Seen]:
    """The newest record of each user since `since`, oldest first; `fresh` stands for its user's own."""
    newest: dict[str, Seen] = {}
    for one in sorted((one for one in dialog.seen if one.seen_at >= since), key=lambda one: one.seen_at):
        newest[one.user] = one
    if fresh is not None and fresh.seen_at >= since:
        newest[fresh.user] = fresh
    return sorted(newest.values(), key=lambda one: one.seen_at)


def seen_objects(world: World, records: Iterable[Seen], caller: Caller) -> list[JsonObject]:
    """Seen records as they are shown to `caller`."""
    return [
        without_nulls(
            {
                "id": one.id,
                "seenAt": one.seen_at,
                "seenBy": world.masked(one.actor),
                "isViaServiceOwner": one.via_service_owner,
                "isCurrentEndUser": one.user == caller.urn,
            }
        )
        for one in records
    ]
