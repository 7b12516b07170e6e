"""What a service owner's write does to a dialog: fields, timestamps, labels, seen state (end-user API §4, §8.3).

Each function takes a body that has passed `validation`, changes the world and leaves the answer to the routes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sync.sandbox import children
from sync.sandbox.dialogs import ARCHIVE, BIN, DEFAULT, OWNER_TRANSMISSIONS, PARTY_TRANSMISSIONS, Dialog, JsonObject
from sync.sandbox.instants import instant, read_instant
from sync.sandbox.labels import after_owner_change, set_sent
from sync.sandbox.validation import status_of
from sync.sandbox.world import World

MIGRATION_CUT = "2025-12-01T00:00:00.0000000Z"
SILENT_CREATION_LEAD = timedelta(milliseconds=2)
_SCALARS = (
    ("progress", "progress"),
    ("external_reference", "externalReference"),
    ("process", "process"),
    ("preceding_process", "precedingProcess"),
    ("is_api_only", "isApiOnly"),
    ("search_tags", "searchTags"),
    ("due_at", "dueAt"),
    ("expires_at", "expiresAt"),
)
_CONTENT_FIELDS = ("content", "attachments", "gui_actions", "api_actions", "status", "extended_status")


def create(world: World, body: JsonObject, dialog_id: str | None = None, *, silent: bool = False) -> Dialog:
    """A new dialog. A silent creation differs by sending no events, and by a createdAt that is a little earlier than
    updatedAt (seen on the genuine server in every silent creation of the recorded long runs)."""
    now = world.now()
    begun = instant(world.clock.now() - SILENT_CREATION_LEAD) if silent else now
    new_id = dialog_id or body.get("id") or world.new_id()
    resource = str(body["serviceResource"])
    service = world.access.service(resource)
    visible_from = _time(body, "visibleFrom")
    hidden = visible_from is not None and visible_from > now
    created = _time(body, "createdAt") or begun
    updated = _time(body, "updatedAt") or world.switches.equal_timestamp or now
    if hidden and visible_from is not None:
        created = updated = visible_from
    dialog = Dialog(
        id=str(new_id).lower(),
        revision=world.ids.revision(),
        party=str(body["party"]).lower(),
        org="ttd" if world.local_mode else service.org,
        service_resource=resource,
        service_resource_type="localresourcetype" if world.local_mode else service.type,
        created_at=created,
        updated_at=updated,
        content_updated_at=updated,
        context_revision=world.ids.revision(),
        visible_from=visible_from if hidden else None,
        service_owner_labels=_owner_labels(body),
    )
    for name, value in _fields(world, body).items():
        setattr(dialog, name, value)
    if body.get("systemLabel") in (DEFAULT, BIN, ARCHIVE):  # a migration brings the old system's folder along
        dialog.labels = {str(body["systemLabel"])}
    dialog.content_seen = created < MIGRATION_CUT or _is_migrated(resource)
    for one in body.get("transmissions") or ():
        _append_transmission(world, dialog, one, begun)
    for one in body.get("activities") or ():
        _append_activity(world, dialog, one)
    # The genuine server does not look at the activities of the creating body.
    dialog.has_unopened = dialog.from_owner_count > 0 or service.type.lower() == "correspondenceservice"
    world.add(dialog)
    return dialog


def update(world: World, dialog: Dialog, body: JsonObject, *, silent: bool) -> bool:
    """PUT, or PATCH after patching: the whole update form. False when nothing changed, and then nothing moves."""
    fields = _fields(world, body)
    changed = {name for name, value in fields.items() if getattr(dialog, name) != value}
    for name in changed:
        setattr(dialog, name, fields[name])
    content_changed = bool(changed & set(_CONTENT_FIELDS))
    for one in body.get("transmissions") or ():
        _append_transmission(world, dialog, one, world.now())
        content_changed = True
    for one in body.get("activities") or ():
        _append_activity(world, dialog, one)
        changed.add("activities")
    unopened = dialog.compute_unopened()
    if unopened != dialog.has_unopened:
        dialog.has_unopened = unopened
        changed.add("has_unopened")
    if not changed and not content_changed:
        return False
    _moved(world, dialog, silent=silent, content=content_changed)
    return True


def add_transmission(world: World, dialog: Dialog, body: JsonObject, *, silent: bool, new_id: str | None = None) -> str:
    """A transmission of its own; the id it got."""
    transmission = _append_transmission(world, dialog, {**body, "id": new_id or body.get("id")}, world.now())
    if transmission["type"] in OWNER_TRANSMISSIONS:
        dialog.has_unopened = dialog.compute_unopened()
    _moved(world, dialog, silent=silent, content=True)
    return str(transmission["id"])


def edit_transmission(world: World, dialog: Dialog, transmission_id: str, body: JsonObject) -> None:
    """A silent edit: everything of the transmission may change, while counts and flags stay as they are stored."""
    index = next(at for at, one in enumerate(dialog.transmissions) if one["id"] == transmission_id)
    created = _time(body, "createdAt") or dialog.transmissions[index]["createdAt"]
    dialog.transmissions[index] = children.transmission(
        {**body, "id": transmission_id}, world.new_id, world.actor_name, created
    )
    _moved(world, dialog, silent=True, content=False)


def add_activity(world: World, dialog: Dialog, body: JsonObject, *, silent: bool, new_id: str | None = None) -> str:
    """An activity of its own; the id it got."""
    activity = _append_activity(world, dialog, {**body, "id": new_id or body.get("id")})
    if activity["type"] in ("TransmissionOpened", "CorrespondenceOpened"):
        dialog.has_unopened = dialog.compute_unopened()
    _moved(world, dialog, silent=silent, content=False)
    return str(activity["id"])


def delete(world: World, dialog: Dialog) -> None:
    """Soft delete: the row stays, no timestamp moves."""
    dialog.deleted_at = world.now()
    dialog.revision = world.ids.revision()
    world.touch(dialog)


def restore(world: World, dialog: Dialog) -> None:
    """Takes a soft delete back; no timestamp moves and the labels stand."""
    dialog.deleted_at = None
    dialog.revision = world.ids.revision()
    world.touch(dialog)


def update_form(dialog: Dialog) -> JsonObject:
    """The dialog in the form of an update body: what a JSON patch works on. Texts are sorted, children have ids."""
    return {
        "progress": dialog.progress,
        "extendedStatus": dialog.extended_status,
        "externalReference": dialog.external_reference,
        "dueAt": dialog.due_at,
        "expiresAt": dialog.expires_at,
        "process": dialog.process,
        "precedingProcess": dialog.preceding_process,
        "isApiOnly": dialog.is_api_only,
        "status": dialog.status,
        "content": dialog.content,
        "searchTags": dialog.search_tags,
        "attachments": dialog.attachments,
        "transmissions": [],
        "guiActions": dialog.gui_actions,
        "apiActions": dialog.api_actions,
        "activities": [],
    }


def _moved(world: World, dialog: Dialog, *, silent: bool, content: bool) -> None:
    now = world.now()
    hidden = dialog.is_hidden(now)
    dialog.revision = world.ids.revision()
    if content and (hidden or not silent):
        dialog.content_seen = False
    if not silent:
        stamp = dialog.visible_from if hidden and dialog.visible_from is not None else now
        stamp = world.switches.equal_timestamp or stamp
        dialog.updated_at = stamp
        if content:
            dialog.content_updated_at = stamp
        after_owner_change(dialog, now, world.ids.revision())
    world.touch(dialog)


def _append_transmission(world: World, dialog: Dialog, body: JsonObject, now: str) -> JsonObject:
    created = _time(body, "createdAt") or now
    if dialog.is_hidden(now) and dialog.visible_from is not None:
        created = dialog.visible_from
    transmission = children.transmission(body, world.new_id, world.actor_name, created)
    dialog.transmissions.append(transmission)
    if transmission["type"] in PARTY_TRANSMISSIONS:
        dialog.from_party_count += 1
        set_sent(dialog, now, world.ids.revision())
    else:
        dialog.from_owner_count += 1
    return transmission


def _append_activity(world: World, dialog: Dialog, body: JsonObject) -> JsonObject:
    created = _time(body, "createdAt") or world.now()
    activity = children.activity(body, world.new_id, world.actor_name, created)
    dialog.activities.append(activity)
    return activity


def _fields(world: World, body: JsonObject) -> dict[str, Any]:
    fields: dict[str, Any] = {name: body.get(key) for name, key in _SCALARS}
    for name in ("due_at", "expires_at"):
        fields[name] = None if fields[name] is None else read_instant(fields[name])
    fields["is_api_only"] = bool(fields["is_api_only"])
    fields["search_tags"] = fields["search_tags"] or []
    fields["status"] = status_of(body.get("status"))
    fields["extended_status"] = body.get("extendedStatus")
    fields["content"] = children.content(body.get("content"))
    fields["attachments"] = [children.attachment(one, world.new_id) for one in body.get("attachments") or ()]
    fields["gui_actions"] = [children.gui_action(one, world.new_id) for one in body.get("guiActions") or ()]
    fields["api_actions"] = [children.api_action(one, world.new_id) for one in body.get("apiActions") or ()]
    return fields


def _time(body: JsonObject, key: str) -> str | None:
    return None if body.get(key) is None else read_instant(body[key])


def _is_migrated(resource: str) -> bool:
    code = resource.removeprefix("urn:altinn:resource:")
    return code.startswith("app_") and "_a2" in code


def _owner_labels(body: JsonObject) -> list[str]:
    context = body.get("serviceOwnerContext") or {}
    return [str(label["value"]).lower() for label in context.get("serviceOwnerLabels") or ()]
