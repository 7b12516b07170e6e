"""A dialog as GET shows it, and its children as their own endpoints do (reference: end-user API §5)."""

from __future__ import annotations

from collections.abc import Iterable

from sync.sandbox.access import is_permitted, may_read_transmission
from sync.sandbox.children import without_nulls
from sync.sandbox.dialogs import Dialog, JsonObject, Seen
from sync.sandbox.languages import pruned
from sync.sandbox.problems import Refused
from sync.sandbox.render_list import end_user_context
from sync.sandbox.seen import seen_objects, seen_since
from sync.sandbox.tokens import dialog_token
from sync.sandbox.viewers import Viewer

UNAUTHORIZED = "urn:dialogporten:unauthorized"
EXPIRED = "urn:dialogporten:expired"
_DETAIL_PARTS = ("title", "summary", "senderName", "additionalInfo", "extendedStatus", "mainContentReference")


def detail(viewer: Viewer, dialog: Dialog, fresh: Seen | None = None) -> JsonObject:
    """The body of GET dialog. `fresh` is the seen record that this very GET made.

    Refused(500) where the genuine server stumbles: no content at all, or none on an unauthorized transmission.
    """
    world, caller = viewer.world, viewer.caller
    main = viewer.has_main_access(dialog, with_actions=True)
    if dialog.content is None or dialog.id in world.switches.broken_details:
        raise Refused(500)
    activities = dialog.activities[::-1] if world.switches.shuffled_activities else dialog.activities
    body = without_nulls(
        {
            "id": dialog.id,
            "revision": dialog.revision,
            "org": dialog.org,
            "serviceResource": dialog.service_resource,
            "serviceResourceType": dialog.service_resource_type,
            "party": dialog.party,
            "progress": dialog.progress,
            "process": dialog.process,
            "precedingProcess": dialog.preceding_process,
            "extendedStatus": dialog.extended_status,
            "externalReference": dialog.external_reference,
            "dueAt": dialog.due_at,
            "expiresAt": dialog.expires_at,
            "createdAt": dialog.created_at,
            "updatedAt": dialog.updated_at,
            "contentUpdatedAt": dialog.content_updated_at,
            "status": dialog.status,
            "systemLabel": dialog.folder_label(),
            "isApiOnly": dialog.is_api_only,
            "hasUnopenedContent": dialog.has_unopened,
            "content": _content(viewer, dialog, dialog.content),
            "dialogToken": dialog_token(viewer, dialog),
            "fromServiceOwnerTransmissionsCount": dialog.from_owner_count,
            "fromPartyTransmissionsCount": dialog.from_party_count,
            "attachments": [_attachment(one, world.now(), authorized=True) for one in dialog.attachments],
            "transmissions": [
                _transmission(viewer, dialog, one, main, with_opened=True) for one in ordered(dialog.transmissions)
            ],
            "guiActions": [_gui_action(viewer, dialog, one) for one in dialog.gui_actions],
            "apiActions": [_api_action(viewer, dialog, one) for one in dialog.api_actions],
            "activities": [_detail_activity(viewer, one) for one in activities],
            "seenSinceLastUpdate": seen_objects(world, seen_since(dialog, dialog.updated_at, fresh), caller),
            "seenSinceLastContentUpdate": seen_objects(
                world, seen_since(dialog, dialog.content_updated_at, fresh), caller
            ),
            "isContentSeen": dialog.is_content_seen(),
            "endUserContext": end_user_context(dialog),
        }
    )
    return pruned(body, viewer.accepted) if viewer.accepted else body


def transmissions(viewer: Viewer, dialog: Dialog) -> list[JsonObject]:
    """The list endpoint's items: no `isOpened`."""
    main = viewer.has_main_access(dialog, with_actions=False)
    items = [_transmission(viewer, dialog, one, main, with_opened=False) for one in ordered(dialog.transmissions)]
    return [pruned(item, viewer.accepted) for item in items] if viewer.accepted else items


def activities(viewer: Viewer, dialog: Dialog) -> list[JsonObject]:
    """The list endpoint's items: no `performedBy`."""
    items = [{key: value for key, value in one.items() if key != "performedBy"} for one in ordered(dialog.activities)]
    return [pruned(item, viewer.accepted) for item in items] if viewer.accepted else items


def activity(viewer: Viewer, found: JsonObject) -> JsonObject:
    """One activity by its own endpoint: with `performedBy`."""
    item = {**found, "performedBy": viewer.world.masked(found["performedBy"])}
    return pruned(item, viewer.accepted) if viewer.accepted else item


def seen_log(viewer: Viewer, dialog: Dialog) -> list[JsonObject]:
    """Every record ever, oldest first."""
    return seen_objects(viewer.world, sorted(dialog.seen, key=lambda one: one.seen_at), viewer.caller)


def label_log(viewer: Viewer, dialog: Dialog) -> list[JsonObject]:
    """Every line, oldest first."""
    return [
        {
            "createdAt": one.created_at,
            "name": f"systemlabel:{one.label}",
            "action": one.action,
            "performedBy": viewer.world.masked(one.actor),
        }
        for one in sorted(dialog.label_log, key=lambda one: one.created_at)
    ]


def ordered(children: Iterable[JsonObject]) -> list[JsonObject]:
    """By createdAt, then id."""
    return sorted(children, key=lambda one: (one["createdAt"], one["id"]))


def _content(viewer: Viewer, dialog: Dialog, content: JsonObject) -> JsonObject:
    shown = {part: content[part] for part in _DETAIL_PARTS if part in content}
    reference = shown.get("mainContentReference")
    if reference is not None:
        permitted = is_permitted(viewer.grants, dialog, "read")
        value = reference if permitted else _masked_texts(reference)
        shown["mainContentReference"] = {**value, "isAuthorized": permitted}
    return shown


def _masked_texts(value: JsonObject) -> JsonObject:
    return {**value, "value": [{**text, "value": UNAUTHORIZED} for text in value["value"]]}


def _attachment(stored: JsonObject, now: str, *, authorized: bool) -> JsonObject:
    mask = _mask(stored.get("expiresAt"), now, authorized=authorized)
    if mask is None:
        return stored
    return {**stored, "urls": [{**url, "url": mask} for url in stored["urls"]]}


def _mask(expires_at: str | None, now: str, *, authorized: bool) -> str | None:
    if not authorized:
        return UNAUTHORIZED
    return EXPIRED if expires_at is not None and expires_at <= now else None


def _transmission(
    viewer: Viewer, dialog: Dialog, stored: JsonObject, main_access: bool, *, with_opened: bool
) -> JsonObject:
    now = viewer.world.now()
    authorized = may_read_transmission(viewer.grants, dialog, stored, main_access)
    content = stored.get("content")
    if not authorized:
        if content is None:
            raise Refused(500)
        if "contentReference" in content:
            content = {**content, "contentReference": _masked_texts(content["contentReference"])}
    navigation = []
    for one in stored["navigationalActions"]:
        mask = _mask(one.get("expiresAt"), now, authorized=authorized)
        navigation.append(one if mask is None else {**one, "url": mask})
    return without_nulls(
        {
            "id": stored["id"],
            "createdAt": stored["createdAt"],
            "authorizationAttribute": stored.get("authorizationAttribute"),
            "isAuthorized": authorized,
            "extendedType": stored.get("extendedType"),
            "externalReference": stored.get("externalReference"),
            "relatedTransmissionId": stored.get("relatedTransmissionId"),
            "type": stored["type"],
            "sender": viewer.world.masked(stored["sender"]),
            "isOpened": dialog.is_transmission_opened(stored) if with_opened else None,
            "content": content,
            "attachments": [_attachment(one, now, authorized=authorized) for one in stored["attachments"]],
            "navigationalActions": navigation,
        }
    )


def _gui_action(viewer: Viewer, dialog: Dialog, stored: JsonObject) -> JsonObject:
    attribute = stored.get("authorizationAttribute")
    permitted = is_permitted(viewer.grants, dialog, stored["action"], attribute)
    return without_nulls(
        {
            "id": stored["id"],
            "action": stored["action"],
            "url": stored["url"] if permitted else UNAUTHORIZED,
            "authorizationAttribute": attribute,
            "isAuthorized": permitted,
            "isDeleteDialogAction": stored["isDeleteDialogAction"],
            "priority": stored["priority"],
            "httpMethod": stored["httpMethod"],
            "title": stored["title"],
            "prompt": stored.get("prompt"),
        }
    )


def _api_action(viewer: Viewer, dialog: Dialog, stored: JsonObject) -> JsonObject:
    attribute = stored.get("authorizationAttribute")
    permitted = is_permitted(viewer.grants, dialog, stored["action"], attribute)
    endpoints = stored["endpoints"]
    if not permitted:
        endpoints = [{**endpoint, "url": UNAUTHORIZED} for endpoint in endpoints]
    return without_nulls(
        {
            "id": stored["id"],
            "action": stored["action"],
            "authorizationAttribute": attribute,
            "isAuthorized": permitted,
            "name": stored.get("name"),
            "endpoints": endpoints,
        }
    )


def _detail_activity(viewer: Viewer, stored: JsonObject) -> JsonObject:
    shown = {**stored, "performedBy": viewer.world.masked(stored["performedBy"])}
    if not shown["description"]:
        del shown["description"]
    return shown
