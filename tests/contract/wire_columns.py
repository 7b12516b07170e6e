"""Where each field of the wire is found in the archive, and which fields stay in the kept bodies only.

Paths: names joined by dots, `[]` after a list of objects; a set of texts in several languages counts as one field.
Places: `table.column`, and for a JSON column `table.column:path.inside`.
"""

from __future__ import annotations


def under(prefix: str, fields: dict[str, str]) -> dict[str, str]:
    return {f"{prefix}.{path}": value for path, value in fields.items()}


def actor(table: str, prefix: str, name: str = "name") -> dict[str, str]:
    return {
        f"{prefix}.actorType": f"{table}.{'actor_type' if table in ('seen', 'label_log') else name[:-4] + 'type'}",
        f"{prefix}.actorName": f"{table}.{name}",
        f"{prefix}.actorId": f"{table}.{'actor_id' if table in ('seen', 'label_log') else name[:-4] + 'id'}",
    }


def text_part(table: str, name: str) -> dict[str, str]:
    return {f"{name}.value": f"{table}.content:{name}.value", f"{name}.mediaType": f"{table}.content:{name}.mediaType"}


SHARED = {
    "id": "dialog.id",
    "org": "dialog.org",
    "serviceResource": "dialog.service_resource",
    "serviceResourceType": "dialog.service_resource_type",
    "party": "dialog.party",
    "progress": "dialog.progress",
    "process": "dialog.process",
    "precedingProcess": "dialog.preceding_process",
    "extendedStatus": "dialog.extended_status",
    "externalReference": "dialog.external_reference",
    "status": "dialog.status",
    "createdAt": "dialog.created_at",
    "updatedAt": "dialog.updated_at",
    "contentUpdatedAt": "dialog.content_updated_at",
    "dueAt": "dialog.due_at",
    "isApiOnly": "dialog.is_api_only",
    "hasUnopenedContent": "dialog.has_unopened_content",
    "isContentSeen": "dialog.is_content_seen",
    "fromServiceOwnerTransmissionsCount": "dialog.from_service_owner_transmissions_count",
    "fromPartyTransmissionsCount": "dialog.from_party_transmissions_count",
    "systemLabel": "dialog.system_label",
    "endUserContext.revision": "dialog.context_revision",
    "endUserContext.systemLabels": "label.label",
    **under("content", text_part("dialog", "title")),
    **under("content", text_part("dialog", "summary")),
    **under("content", text_part("dialog", "senderName")),
    **under("content", text_part("dialog", "extendedStatus")),
}

SEEN = {
    "id": "seen.id",
    "seenAt": "seen.seen_at",
    "isViaServiceOwner": "seen.is_via_service_owner",
    "isCurrentEndUser": "seen.is_current_end_user",
    **actor("seen", "seenBy"),
}

ACTIVITY = {
    "id": "activity.id",
    "createdAt": "activity.created_at",
    "type": "activity.type",
    "extendedType": "activity.extended_type",
    "transmissionId": "activity.transmission_id",
    "description": "activity.descriptions",
    **actor("activity", "performedBy", "performed_by_name"),
}

ATTACHMENT = {
    "id": "attachment.id",
    "displayName": "attachment.display_names",
    "name": "attachment.name",
    "expiresAt": "attachment.expires_at",
    "urls[].id": "attachment_url.id",
    "urls[].url": "attachment_url.url",
    "urls[].mediaType": "attachment_url.media_type",
    "urls[].consumerType": "attachment_url.consumer_type",
}

TRANSMISSION = {
    "id": "transmission.id",
    "createdAt": "transmission.created_at",
    "authorizationAttribute": "transmission.authorization_attribute",
    "isAuthorized": "transmission.is_authorized",
    "extendedType": "transmission.extended_type",
    "externalReference": "transmission.external_reference",
    "relatedTransmissionId": "transmission.related_transmission_id",
    "type": "transmission.type",
    "isOpened": "transmission.is_opened",
    "deletedAt": "transmission.deleted_at",
    **actor("transmission", "sender", "sender_name"),
    **under("content", text_part("transmission", "title")),
    **under("content", text_part("transmission", "summary")),
    **under("content", text_part("transmission", "contentReference")),
    **under("attachments[]", ATTACHMENT),
    "navigationalActions[].title": "navigational_action.titles",
    "navigationalActions[].url": "navigational_action.url",
    "navigationalActions[].expiresAt": "navigational_action.expires_at",
}

LABEL_LOG = {
    "createdAt": "label_log.created_at",
    "name": "label_log.name",
    "action": "label_log.action",
    **actor("label_log", "performedBy", "actor_name"),
}

LIST_ITEM = {
    **SHARED,
    "guiAttachmentCount": "dialog.gui_attachment_count",
    **under("latestActivity", ACTIVITY),
    **under("seenSinceLastUpdate[]", SEEN),
    **under("seenSinceLastContentUpdate[]", SEEN),
}

DETAIL = {
    **SHARED,
    "revision": "dialog.revision",
    "expiresAt": "dialog.expires_at",
    **under("content", text_part("dialog", "additionalInfo")),
    **under("content", text_part("dialog", "mainContentReference")),
    "content.mainContentReference.isAuthorized": "dialog.main_content_is_authorized",
    **under("attachments[]", ATTACHMENT),
    **under("transmissions[]", TRANSMISSION),
    **under("activities[]", ACTIVITY),
    "apiActions[].id": "api_action.id",
    "apiActions[].action": "api_action.action",
    "apiActions[].authorizationAttribute": "api_action.authorization_attribute",
    "apiActions[].isAuthorized": "api_action.is_authorized",
    "apiActions[].name": "api_action.name",
    "apiActions[].endpoints[].id": "api_endpoint.id",
    "apiActions[].endpoints[].version": "api_endpoint.version",
    "apiActions[].endpoints[].url": "api_endpoint.url",
    "apiActions[].endpoints[].httpMethod": "api_endpoint.http_method",
    "apiActions[].endpoints[].documentationUrl": "api_endpoint.documentation_url",
    "apiActions[].endpoints[].requestSchema": "api_endpoint.request_schema",
    "apiActions[].endpoints[].responseSchema": "api_endpoint.response_schema",
    "apiActions[].endpoints[].deprecated": "api_endpoint.deprecated",
    "apiActions[].endpoints[].sunsetAt": "api_endpoint.sunset_at",
    "guiActions[].id": "gui_action.id",
    "guiActions[].action": "gui_action.action",
    "guiActions[].url": "gui_action.url",
    "guiActions[].authorizationAttribute": "gui_action.authorization_attribute",
    "guiActions[].isAuthorized": "gui_action.is_authorized",
    "guiActions[].isDeleteDialogAction": "gui_action.is_delete_dialog_action",
    "guiActions[].priority": "gui_action.priority",
    "guiActions[].httpMethod": "gui_action.http_method",
    "guiActions[].title": "gui_action.titles",
    "guiActions[].prompt": "gui_action.prompts",
}

PLACES: dict[str, dict[str, str]] = {
    "list": LIST_ITEM,
    "detail": DETAIL,
    "transmissions": TRANSMISSION,
    "activities": ACTIVITY,
    "seenlog": SEEN,
    "labellog": LABEL_LOG,
}

_NOT_WRITTEN = "the schema shares one type; the server writes this on mainContentReference only (end-user API §6.8)"
_OF_THE_READING = "a detail tells of the reading itself; the list and /seenlog tell the record as it stands (§17.1)"

RAW_ONLY: dict[str, dict[str, str]] = {
    "list": {
        f"content.{part}.isAuthorized": _NOT_WRITTEN for part in ("title", "summary", "senderName", "extendedStatus")
    },
    "detail": {
        "dialogToken": "a secret with ten minutes to live: not even the kept body has it (§2.7)",
        **{
            f"content.{part}.isAuthorized": _NOT_WRITTEN
            for part in ("title", "summary", "senderName", "extendedStatus", "additionalInfo")
        },
        **{
            f"transmissions[].content.{part}.isAuthorized": _NOT_WRITTEN
            for part in ("title", "summary", "contentReference")
        },
        **dict.fromkeys(under("seenSinceLastUpdate[]", SEEN), _OF_THE_READING),
        **dict.fromkeys(under("seenSinceLastContentUpdate[]", SEEN), _OF_THE_READING),
    },
    "transmissions": {},
    "activities": {},
    "seenlog": {},
    "labellog": {},
}
