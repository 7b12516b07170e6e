"""Turns the bodies of one dialog into the rows the archive will hold of it.

What a list item and a detail both tell comes from the list item, unless the bodies say that the detail is newer.
Seen records come from the list item and `/seenlog`, never from the detail that caused them (reference: end-user API
§17.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from store.batch import DialogRows, Row
from sync.dialogporten import wire
from sync.dialogporten.instants import time_or_none
from sync.passes.bodies import Bodies, MalformedItem
from sync.passes.canonical import list_digest
from sync.passes.children import (
    TRANSMISSION_OPENED,
    Tables,
    activity_row,
    add_api_actions,
    add_attachments,
    add_transmissions,
    gui_action_row,
    label_log_rows,
    seen_row,
)
from sync.passes.items import check_identity
from sync.passes.items import checked_item as checked_item
from sync.passes.texts import chosen, content_json


class RowContext(msgspec.Struct, frozen=True):
    """What the bodies do not say. Times are canonical; the defaults are those of a dialog that the list has just
    shown.
    """

    now: str
    connection: str | None = None
    identity: str | None = None
    delegated: bool = False
    languages: Sequence[str] = ("nb", "nn", "en")
    first_seen_at: str | None = None  # None = now
    presence: str = "present"
    access: str = "full"
    texts_full: bool = True
    details_status: int | None = None
    details_problem: str | None = None
    opened_at: str | None = None
    children_status: int | None = None
    list_digest: bytes | None = None  # None = that of the list item in the bodies


def dialog_rows(dialog_id: str, bodies: Bodies, context: RowContext, item: wire.ListItem | None = None) -> DialogRows:
    """All rows of one dialog; `payloads`, `changes` and `is_new` are left for the caller (see `fold`).

    `item` spares a second decoding of `bodies.list_item`. An OWNED table is a key only where its rows are known:
    actions and dialog attachments after an opening, transmissions and activities after any body that tells them.
    Raises MalformedItem, naming the kind.
    """
    kind = "list"
    try:
        if item is None and bodies.list_item is not None:
            item = checked_item(bodies.list_item)
        kind = "detail"
        detail = None if bodies.detail is None else _read_detail(bodies.detail)
        shared: wire.ListItem | wire.Dialog | None = item
        if detail is not None and (item is None or bodies.detail_is_newer):
            shared = detail
        if shared is None:
            raise MalformedItem("neither a list item nor a detail", "list", dialog_id)
        for known in (item, detail):
            if known is not None and known.id != dialog_id:
                raise MalformedItem(
                    "the body tells of another dialog", "list" if known is item else "detail", dialog_id
                )
        kind = "list" if shared is item else "detail"
        row = _dialog_row(dialog_id, shared, item, detail, context)
        if bodies.list_item is not None:
            row["list_digest"] = context.list_digest or list_digest(bodies.list_item)
        rows: Tables = {"label": [{"dialog_id": dialog_id, "label": label} for label in shared.labels]}
        if detail is not None:
            kind = "detail"
            _add_detail(rows, dialog_id, detail, context.languages)
        kind = "activities"
        opened = _add_activities(rows, dialog_id, bodies, item, detail, context.languages)
        kind = "transmissions"
        _add_transmissions(rows, dialog_id, bodies, detail, opened, context.languages)
        kind = "seenlog"
        rows["seen"] = _seen_rows(dialog_id, bodies, item)
        kind = "labellog"
        if bodies.labellog is not None:
            rows["label_log"] = label_log_rows(dialog_id, wire.labellog(bodies.labellog))
    except MalformedItem:
        raise
    except (ValueError, UnicodeDecodeError) as error:  # msgspec's errors are ValueErrors
        party = item.party if item is not None else None
        raise MalformedItem(f"{kind}: {error}", kind, dialog_id, party) from None
    # The latest activity alone says nothing of those before it.
    partial: frozenset[str] = frozenset({"activity"}) if opened is None else frozenset()
    return DialogRows(row, rows, partial=partial)


def _read_detail(body: bytes) -> wire.Dialog:
    detail = wire.dialog(body)
    check_identity(detail, "detail")
    time_or_none(detail.expires_at, "expiresAt")
    return detail


def _dialog_row(
    dialog_id: str,
    it: wire.ListItem | wire.Dialog,
    item: wire.ListItem | None,
    detail: wire.Dialog | None,
    context: RowContext,
) -> Row:
    languages = context.languages
    content, latest, user = it.content, None if item is None else item.latest_activity, it.end_user_context
    title, summary, sender, extended = (
        (content.title, content.summary, content.sender_name, content.extended_status) if content else (None,) * 4
    )
    more, reference = None, None
    if detail is not None and detail.content is not None:
        more, reference = detail.content.additional_info, detail.content.main_content_reference
    return {
        "id": dialog_id,
        "party": it.party,
        "org": it.org,
        "service_resource": it.service_resource,
        "service_resource_type": it.service_resource_type,
        "status": it.status,
        "extended_status": it.extended_status,
        "external_reference": it.external_reference,
        "process": it.process,
        "preceding_process": it.preceding_process,
        "progress": it.progress,
        "created_at": time_or_none(it.created_at, "createdAt"),
        "updated_at": time_or_none(it.updated_at, "updatedAt"),
        "content_updated_at": time_or_none(it.content_updated_at, "contentUpdatedAt"),
        "due_at": time_or_none(it.due_at, "dueAt"),
        "expires_at": None if detail is None else time_or_none(detail.expires_at, "expiresAt"),
        "revision": None if detail is None else detail.revision,
        "is_api_only": it.is_api_only is True,
        "has_unopened_content": it.has_unopened_content is True,
        "is_content_seen": it.is_content_seen is True,
        "from_service_owner_transmissions_count": it.from_service_owner_transmissions_count or 0,
        "from_party_transmissions_count": it.from_party_transmissions_count or 0,
        "gui_attachment_count": None if item is None else item.gui_attachment_count,
        "system_label": it.system_label,
        "context_revision": None if user is None else user.revision,
        "latest_activity_id": None if latest is None else latest.id,
        "latest_activity_at": None if latest is None else time_or_none(latest.created_at, "latestActivity.createdAt"),
        "title": chosen(title.value, languages) if title else None,
        "summary": chosen(summary.value, languages) if summary else None,
        "sender_name": chosen(sender.value, languages) if sender else None,
        "extended_status_text": chosen(extended.value, languages) if extended else None,
        "additional_info": chosen(more.value, languages) if more else None,
        "additional_info_media_type": more.media_type if more else None,
        "main_content_url": chosen(reference.value, languages) if reference else None,
        "main_content_media_type": reference.media_type if reference else None,
        "main_content_is_authorized": reference.is_authorized if reference else None,
        "content": content_json(
            {
                "title": title,
                "summary": summary,
                "senderName": sender,
                "extendedStatus": extended,
                "additionalInfo": more,
                "mainContentReference": reference,
            }
        ),
        "presence": context.presence,
        "access": context.access,
        "texts_full": context.texts_full,
        "delegated": context.delegated,
        "details_status": context.details_status,
        "details_problem": context.details_problem,
        "opened_at": context.opened_at,
        "children_status": context.children_status,
        "connection": context.connection,
        "identity": context.identity,
        "first_seen_at": context.first_seen_at or context.now,
        "last_changed_at": context.now,
        "list_digest": None,
    }


def _add_detail(rows: Tables, dialog_id: str, detail: wire.Dialog, languages: Sequence[str]) -> None:
    """What only a detail tells: actions, and the dialog's own attachments."""
    for table in ("attachment", "attachment_url", "api_action", "api_endpoint"):
        rows[table] = []
    add_attachments(rows, dialog_id, None, detail.attachments or (), languages)
    add_api_actions(rows, dialog_id, detail.api_actions or ())
    rows["gui_action"] = [gui_action_row(dialog_id, action, languages) for action in detail.gui_actions or ()]
    for table in ("attachment", "attachment_url", "api_action", "api_endpoint", "gui_action"):
        rows[table] = _once(rows[table])


def _add_activities(
    rows: Tables,
    dialog_id: str,
    bodies: Bodies,
    item: wire.ListItem | None,
    detail: wire.Dialog | None,
    languages: Sequence[str],
) -> frozenset[str] | None:
    """Adds the activities and returns which transmissions they open; None while the activities are not wholly
    known.

    Every body adds what it knows: `/activities` seldom tells who did it, the detail and the latest activity always
    do (§17.17). An activity is never taken back, so an older body that has one more is right about it.
    """
    latest = None if item is None else item.latest_activity
    listed = None if bodies.activities is None else wire.activities(bodies.activities)
    if latest is None and listed is None and detail is None:
        # The list shows the latest activity of every dialog that has one.
        return frozenset()
    found: dict[str | None, wire.Activity] = {}
    for activity in _together(detail.activities if detail else None, listed, [latest] if latest else None):
        held = found.get(activity.id)
        if held is not None and activity.performed_by is None and held.performed_by is not None:
            activity = msgspec.structs.replace(activity, performed_by=held.performed_by)
        found[activity.id] = activity
    rows["activity"] = [activity_row(dialog_id, activity, languages) for activity in found.values()]
    if listed is None and detail is None:
        return None
    return frozenset(a.transmission_id for a in found.values() if a.type == TRANSMISSION_OPENED and a.transmission_id)


def _together(*lists: Iterable[wire.Activity] | None) -> Iterable[wire.Activity]:
    for each in lists:
        yield from each or ()


def _add_transmissions(
    rows: Tables,
    dialog_id: str,
    bodies: Bodies,
    detail: wire.Dialog | None,
    opened: frozenset[str] | None,
    languages: Sequence[str],
) -> None:
    if bodies.transmissions is not None:
        found = wire.transmissions(bodies.transmissions)
    elif detail is not None:
        found = detail.transmissions or []
    else:
        return
    for table in ("transmission", "navigational_action", "attachment", "attachment_url"):
        rows.setdefault(table, [])
    add_transmissions(rows, dialog_id, {it.id: it for it in found}.values(), opened, languages)
    for table in ("attachment", "attachment_url"):
        rows[table] = _once(rows[table])


def _seen_rows(dialog_id: str, bodies: Bodies, item: wire.ListItem | None) -> list[Row]:
    rows: list[Row] = []
    if bodies.seenlog is not None:
        rows += [seen_row(dialog_id, record) for record in wire.seenlog(bodies.seenlog)]
    if item is not None and (item.seen_since_last_update or item.seen_since_last_content_update):
        both = (item.seen_since_last_update or (), item.seen_since_last_content_update or ())
        rows += [seen_row(dialog_id, record) for records in both for record in records]
    return _once(rows) if len(rows) > 1 else rows


def _once(rows: list[Row]) -> list[Row]:
    """One row for each id; the last one told stands."""
    return list({row["id"]: row for row in rows}.values())
