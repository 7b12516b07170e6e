"""A dialog's children as rows: transmissions, attachments, actions, activities and the two logs.

Ephemeral actor ids become null. Rows of one table are keyed as the table is, so an item told twice gives one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from store.batch import Row
from sync.dialogporten.instants import time_or_none
from sync.dialogporten.wire import (
    Activity,
    Actor,
    ApiAction,
    Attachment,
    GuiAction,
    LabelLogEntry,
    SeenRecord,
    Transmission,
    instant,
)
from sync.passes.texts import as_json, chosen, content_json

FROM_PARTY = frozenset({"Submission", "Correction"})  # reference: end-user API §6.3
TRANSMISSION_OPENED = "TransmissionOpened"

Tables = dict[str, list[Row]]
_NOBODY = Actor()


def known_id(value: str | None, of: str) -> str:
    """The id of a child. Raises ValueError without one: a row needs a key."""
    if not value:
        raise ValueError(f"{of} without id")
    return value


def activity_row(dialog_id: str, activity: Activity, languages: Sequence[str]) -> Row:
    actor = activity.performed_by or _NOBODY
    return {
        "id": known_id(activity.id, "an activity"),
        "dialog_id": dialog_id,
        "created_at": time_or_none(activity.created_at, "activities.createdAt"),
        "type": activity.type,
        "extended_type": activity.extended_type,
        "transmission_id": activity.transmission_id,
        "description": chosen(activity.description, languages),
        "descriptions": as_json(activity.description),
        "performed_by": actor.actor_name or actor.lasting_id or actor.actor_type,
        "performed_by_type": actor.actor_type,
        "performed_by_name": actor.actor_name,
        "performed_by_id": actor.lasting_id,
        "removed_at": None,
    }


def seen_row(dialog_id: str, record: SeenRecord) -> Row:
    actor = record.seen_by or _NOBODY
    return {
        "id": known_id(record.id, "a seen record"),
        "dialog_id": dialog_id,
        "seen_at": time_or_none(record.seen_at, "seenAt"),
        "actor_type": actor.actor_type,
        "name": actor.actor_name,
        "actor_id": actor.lasting_id,
        "is_current_end_user": record.is_current_end_user,
        "is_via_service_owner": record.is_via_service_owner,
    }


def label_log_rows(dialog_id: str, entries: Iterable[LabelLogEntry]) -> list[Row]:
    """Keyed by time, name and action, since the server gives the entries no id (reference: end-user API §9)."""
    rows: dict[tuple[str, str, str], Row] = {}
    for entry in entries:
        if entry.created_at is None or entry.name is None or entry.action is None:
            raise ValueError("a label log entry without time, name or action")
        at = instant(entry.created_at, "labellog.createdAt")
        actor = entry.performed_by or _NOBODY
        rows[at, entry.name, entry.action] = {
            "dialog_id": dialog_id,
            "created_at": at,
            "name": entry.name,
            "action": entry.action,
            "actor_type": actor.actor_type,
            "actor_name": actor.actor_name,
            "actor_id": actor.lasting_id,
        }
    return list(rows.values())


def add_attachments(
    tables: Tables, dialog_id: str, transmission_id: str | None, found: Iterable[Attachment], languages: Sequence[str]
) -> None:
    for attachment in found:
        attachment_id = known_id(attachment.id, "an attachment")
        tables["attachment"].append(
            {
                "id": attachment_id,
                "dialog_id": dialog_id,
                "transmission_id": transmission_id,
                "name": attachment.name,
                "display_name": chosen(attachment.display_name, languages),
                "display_names": as_json(attachment.display_name),
                "expires_at": time_or_none(attachment.expires_at, "attachments.expiresAt"),
                "removed_at": None,
            }
        )
        tables["attachment_url"].extend(
            {
                "id": known_id(url.id, "an attachment's URL"),
                "attachment_id": attachment_id,
                "dialog_id": dialog_id,
                "url": url.url,
                "media_type": url.media_type,
                "consumer_type": url.consumer_type,
                "removed_at": None,
            }
            for url in attachment.urls or ()
        )


def add_transmissions(
    tables: Tables,
    dialog_id: str,
    found: Iterable[Transmission],
    opened: frozenset[str] | None,
    languages: Sequence[str],
) -> None:
    """`opened` are the transmissions that a TransmissionOpened activity names; None = the activities are unknown."""
    for transmission in found:
        transmission_id = known_id(transmission.id, "a transmission")
        tables["transmission"].append(_transmission_row(dialog_id, transmission_id, transmission, opened, languages))
        tables["navigational_action"].extend(
            {
                "transmission_id": transmission_id,
                "position": position,
                "dialog_id": dialog_id,
                "title": chosen(action.title, languages),
                "titles": as_json(action.title),
                "url": action.url,
                "expires_at": time_or_none(action.expires_at, "navigationalActions.expiresAt"),
                "removed_at": None,
            }
            for position, action in enumerate(transmission.navigational_actions or ())
        )
        add_attachments(tables, dialog_id, transmission_id, transmission.attachments or (), languages)


def _transmission_row(
    dialog_id: str, transmission_id: str, it: Transmission, opened: frozenset[str] | None, languages: Sequence[str]
) -> Row:
    content = it.content
    title, summary, reference = (content.title, content.summary, content.content_reference) if content else (None,) * 3
    sender = it.sender or _NOBODY
    return {
        "id": transmission_id,
        "dialog_id": dialog_id,
        "created_at": time_or_none(it.created_at, "transmissions.createdAt"),
        "type": it.type,
        "extended_type": it.extended_type,
        "external_reference": it.external_reference,
        "related_transmission_id": it.related_transmission_id,
        "authorization_attribute": it.authorization_attribute,
        "is_authorized": it.is_authorized,
        "is_opened": _is_opened(it, transmission_id, opened),
        "sender_type": sender.actor_type,
        "sender_name": sender.actor_name,
        "sender_id": sender.lasting_id,
        "title": chosen(title.value, languages) if title else None,
        "summary": chosen(summary.value, languages) if summary else None,
        "content_reference_url": chosen(reference.value, languages) if reference else None,
        "content_reference_media_type": reference.media_type if reference else None,
        "content": content_json({"title": title, "summary": summary, "contentReference": reference}),
        "deleted_at": time_or_none(it.deleted_at, "transmissions.deletedAt"),
        "removed_at": None,
    }


def _is_opened(it: Transmission, transmission_id: str, opened: frozenset[str] | None) -> bool | None:
    """What a detail would say (reference: end-user API §6.6): `/transmissions` itself does not tell (§17.17)."""
    if it.type in FROM_PARTY:
        return False
    if opened is None:
        return it.is_opened
    return transmission_id in opened


def add_api_actions(tables: Tables, dialog_id: str, found: Iterable[ApiAction]) -> None:
    for action in found:
        action_id = known_id(action.id, "an API action")
        tables["api_action"].append(
            {
                "id": action_id,
                "dialog_id": dialog_id,
                "action": action.action,
                "authorization_attribute": action.authorization_attribute,
                "is_authorized": action.is_authorized,
                "name": action.name,
                "removed_at": None,
            }
        )
        tables["api_endpoint"].extend(
            {
                "id": known_id(endpoint.id, "an API endpoint"),
                "action_id": action_id,
                "dialog_id": dialog_id,
                "version": endpoint.version,
                "url": endpoint.url,
                "http_method": endpoint.http_method,
                "documentation_url": endpoint.documentation_url,
                "request_schema": endpoint.request_schema,
                "response_schema": endpoint.response_schema,
                "deprecated": endpoint.deprecated is True,
                "sunset_at": time_or_none(endpoint.sunset_at, "endpoints.sunsetAt"),
                "removed_at": None,
            }
            for endpoint in action.endpoints or ()
        )


def gui_action_row(dialog_id: str, action: GuiAction, languages: Sequence[str]) -> Row:
    return {
        "id": known_id(action.id, "a GUI action"),
        "dialog_id": dialog_id,
        "action": action.action,
        "url": action.url,
        "authorization_attribute": action.authorization_attribute,
        "is_authorized": action.is_authorized,
        "is_delete_dialog_action": action.is_delete_dialog_action is True,
        "priority": action.priority,
        "http_method": action.http_method,
        "title": chosen(action.title, languages),
        "titles": as_json(action.title),
        "prompt": chosen(action.prompt, languages),
        "prompts": as_json(action.prompt),
        "removed_at": None,
    }
