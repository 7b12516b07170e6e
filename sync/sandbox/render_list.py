"""A dialog as an item of a search page (reference: end-user API §3.7)."""

from __future__ import annotations

import msgspec

from sync.sandbox.children import without_nulls
from sync.sandbox.dialogs import SYSTEM_LABELS, Dialog, JsonObject
from sync.sandbox.languages import pruned
from sync.sandbox.seen import seen_objects, seen_since
from sync.sandbox.viewers import Viewer

_LISTED_PARTS = ("title", "summary", "senderName", "extendedStatus")
_SUBSTITUTES = {"title": "nonSensitiveTitle", "summary": "nonSensitiveSummary"}


def list_item(viewer: Viewer, dialog: Dialog) -> JsonObject:
    """The item as `viewer` sees it."""
    world = viewer.world
    item = without_nulls(
        {
            "id": dialog.id,
            "org": dialog.org,
            "serviceResource": dialog.service_resource,
            "serviceResourceType": dialog.service_resource_type,
            "party": dialog.party,
            "progress": dialog.progress,
            "process": dialog.process,
            "precedingProcess": dialog.preceding_process,
            "guiAttachmentCount": _gui_attachments(dialog),
            "extendedStatus": dialog.extended_status,
            "externalReference": dialog.external_reference,
            "createdAt": dialog.created_at,
            "updatedAt": dialog.updated_at,
            "contentUpdatedAt": dialog.content_updated_at,
            "dueAt": dialog.due_at,
            "status": dialog.status,
            "hasUnopenedContent": dialog.has_unopened,
            "systemLabel": dialog.folder_label(),
            "isApiOnly": dialog.is_api_only,
            "fromServiceOwnerTransmissionsCount": dialog.from_owner_count,
            "fromPartyTransmissionsCount": dialog.from_party_count,
            "latestActivity": _latest_activity(viewer, dialog),
            "seenSinceLastUpdate": seen_objects(world, seen_since(dialog, dialog.updated_at), viewer.caller),
            "seenSinceLastContentUpdate": seen_objects(
                world, seen_since(dialog, dialog.content_updated_at), viewer.caller
            ),
            "isContentSeen": dialog.is_content_seen(),
            "endUserContext": end_user_context(dialog),
            "content": list_content(dialog.content, substituted=viewer.is_substituted(dialog)),
        }
    )
    return pruned(item, viewer.accepted) if viewer.accepted else item


def list_item_bytes(viewer: Viewer, dialog: Dialog) -> msgspec.Raw:
    """The item as JSON, from the dialog's own cache where it was rendered before for the same eyes."""
    if viewer.accepted:
        return msgspec.Raw(msgspec.json.encode(list_item(viewer, dialog)))
    key = (viewer.caller.urn, viewer.is_substituted(dialog), viewer.world.salt)
    ready = dialog.rendered.get(key)
    if ready is None:
        if len(dialog.rendered) >= 8:
            dialog.rendered.clear()
        ready = dialog.rendered[key] = msgspec.json.encode(list_item(viewer, dialog))
    return msgspec.Raw(ready)


def list_content(content: JsonObject | None, *, substituted: bool) -> JsonObject | None:
    """The parts a list shows. Substituted: the non-sensitive variants where the service owner gave them."""
    if content is None:
        return None
    shown: JsonObject = {}
    for part in _LISTED_PARTS:
        substitute = content.get(_SUBSTITUTES.get(part, "")) if substituted else None
        value = substitute or content.get(part)
        if value is not None:
            shown[part] = value
    return shown


def end_user_context(dialog: Dialog) -> JsonObject:
    """The label context: its revision and the labels in the server's order."""
    return {
        "revision": dialog.context_revision,
        "systemLabels": [label for label in SYSTEM_LABELS if label in dialog.labels],
    }


def _gui_attachments(dialog: Dialog) -> int:
    return sum(any(url["consumerType"] == "Gui" for url in one["urls"]) for one in dialog.attachments)


def _latest_activity(viewer: Viewer, dialog: Dialog) -> JsonObject | None:
    latest = dialog.latest_activity()
    if latest is None:
        return None
    return {**latest, "performedBy": viewer.world.masked(latest["performedBy"])}
