"""Compares an archive with the sandbox's truth (`/control/truth`), field by field, and tells every difference.

It reads the wire for itself and shares nothing with the code it judges. A dialog is compared with what the caller who
read it last may read of it. What no opening brought must be null; what an opening brought must be all there, except
where the dialog changed since and may not be opened again: then its details stand as they were read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from store.archive import Archive

Tables = dict[str, list[dict[str, Any]]]
Wire = dict[str, Any]
Who = tuple[str, str]  # connection and identity

# Table → the columns that name a row.
KEYS: dict[str, tuple[str, ...]] = {
    "dialog": ("id",),
    "label": ("dialog_id", "label"),
    "label_log": ("dialog_id", "created_at", "name", "action"),
    "seen": ("id",),
    "activity": ("id",),
    "transmission": ("id",),
    "navigational_action": ("transmission_id", "position"),
    "attachment": ("id",),
    "attachment_url": ("id",),
    "api_action": ("id",),
    "api_endpoint": ("id",),
    "gui_action": ("id",),
}
DETAIL_TABLES = ("api_action", "api_endpoint", "gui_action")
DETAIL_COLUMNS = (
    "revision",
    "expires_at",
    "additional_info",
    "additional_info_media_type",
    "main_content_url",
    "main_content_media_type",
    "main_content_is_authorized",
    "content",
)
_ACCESS = {403: "level_too_low", 404: "denied", None: "full"}
LANGUAGES = ("nb", "nn", "en")
_TRUTHS = frozenset(
    {
        "is_api_only",
        "has_unopened_content",
        "is_content_seen",
        "main_content_is_authorized",
        "delegated",
        "is_authorized",
        "is_opened",
        "deprecated",
        "is_delete_dialog_action",
        "is_current_end_user",
        "is_via_service_owner",
    }
)


def tables_of(url: str) -> Tables:
    """Every table of KEYS, as the archive at `url` holds it, whichever engine it is."""
    with Archive.open(url, create=False, read_only=True) as archive:
        found: Tables = {}
        for name in KEYS:
            with archive.query_read_only(query(name)) as answer:
                found[name] = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return settled(found)


def query(table: str) -> str:
    """What asks for a whole table."""
    return f'SELECT * FROM "{table}"'


def settled(tables: Tables) -> Tables:
    """The rows with truth values as such and times as canonical text."""
    return {name: [{k: _settled(k, v) for k, v in row.items()} for row in rows] for name, rows in tables.items()}


def _settled(column: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return bool(value) if column in _TRUTHS and value is not None else value


def differences(
    tables: Tables,
    truths: Mapping[Who, Wire],
    *,
    unreadable: frozenset[str] = frozenset(),
    gone: frozenset[str] = frozenset(),
) -> list[str]:
    """What the archive lost, doubled or invented; empty when it equals the truth.

    `truths` is the truth of each identity, by connection and identity. `unreadable`: dialogs whose opening fails for
    good. `gone`: dialogs that the archive held before they went; of these only the presence in the table is asked.
    """
    listed = {who: {d["id"]: d for d in truth["dialogs"] if d["state"] == "present"} for who, truth in truths.items()}
    held = {row["id"]: row for row in tables["dialog"]}
    wanted = {dialog_id for dialogs in listed.values() for dialog_id in dialogs}
    told = [f"dialog {one} is not in the archive" for one in sorted(wanted - held.keys())]
    told += [f"dialog {one} is a ghost" for one in sorted(held.keys() - wanted - gone)]
    told += [f"dialog {one} was forgotten" for one in sorted(gone - held.keys())]
    expected: Tables = {name: [] for name in KEYS}
    outdated: set[str] = set()
    for dialog_id in sorted(held.keys() & wanted):
        who = (held[dialog_id]["connection"], held[dialog_id]["identity"])
        dialog = listed.get(who, {}).get(dialog_id)
        if dialog is None:
            told.append(f"dialog {dialog_id} was read by {who}, who may not")
            continue
        parties = set(_parties(truths[who]["parties"]))
        opened = held[dialog_id]["details_status"] is not None
        rows = expected_rows(dialog, opened and dialog_id not in unreadable, dialog["party"] not in parties)
        if dialog_id in unreadable and opened:
            rows["dialog"][0]["details_status"] = 500
        if opened and held[dialog_id]["opened_at"] < rows["dialog"][0]["updated_at"]:
            outdated.add(dialog_id)
            for column in DETAIL_COLUMNS:
                del rows["dialog"][0][column]
        for name, each in rows.items():
            expected[name] += each
    for name in KEYS:
        told += _table(
            name, _compared(name, tables[name], gone, outdated), _compared(name, expected[name], gone, outdated)
        )
    return told


def _compared(name: str, rows: Iterable[Wire], gone: frozenset[str], outdated: set[str]) -> list[Wire]:
    """The rows that stand and can be compared."""
    found = [
        r for r in rows if r.get("removed_at") is None and r["id" if name == "dialog" else "dialog_id"] not in gone
    ]
    if name in DETAIL_TABLES:
        return [row for row in found if row["dialog_id"] not in outdated]
    if name == "attachment":
        return [row for row in found if row["transmission_id"] is not None or row["dialog_id"] not in outdated]
    if name == "attachment_url" and outdated:
        return [row for row in found if row["dialog_id"] not in outdated]
    return found


def _table(name: str, standing: list[Wire], expected: list[Wire]) -> Iterator[str]:
    key = KEYS[name]
    mine, theirs = _by_key(standing, key), _by_key(expected, key)
    if len(mine) != len(standing):
        yield f"{name}: {len(standing) - len(mine)} rows are doubled"
    yield from (f"{name} {one} is lost" for one in sorted(theirs.keys() - mine.keys(), key=str))
    yield from (f"{name} {one} is a ghost" for one in sorted(mine.keys() - theirs.keys(), key=str))
    for one in mine.keys() & theirs.keys():
        for column, value in theirs[one].items():
            if mine[one][column] != value:
                yield f"{name} {one} {column}: {mine[one][column]!r} in the archive, {value!r} on the server"


def _by_key(rows: Iterable[dict[str, Any]], key: tuple[str, ...]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[column] for column in key): row for row in rows}


def _parties(entries: Iterable[Wire]) -> Iterator[str]:
    for entry in entries:
        if not entry.get("hasOnlyAccessToSubParties"):
            yield entry["party"]
        yield from _parties(entry.get("subParties") or ())


def expected_rows(dialog: Wire, opened: bool, delegated: bool) -> Tables:
    """The rows that an archive should hold of one dialog of the truth."""
    item, detail, refused = dialog["listItem"], dialog.get("detail"), dialog["refused"]
    dialog_id = dialog["id"]
    shown = detail if opened and detail is not None else None
    activities = dialog.get("activities")
    rows: Tables = {name: [] for name in KEYS}
    rows["dialog"] = [_dialog_row(item, shown, refused, opened, delegated)]
    rows["label"] = [
        {"dialog_id": dialog_id, "label": one} for one in (item.get("endUserContext") or {}).get("systemLabels", ())
    ]
    if "children" not in refused:
        rows["label_log"] = [_label_log_row(dialog_id, one) for one in dialog["labellog"]]
        rows["seen"] = [_seen_row(dialog_id, one) for one in dialog["seenlog"]]
    else:
        records = {r["id"]: r for k in ("seenSinceLastUpdate", "seenSinceLastContentUpdate") for r in item.get(k) or ()}
        rows["seen"] = [_seen_row(dialog_id, one) for one in records.values()]
        activities = [item["latestActivity"]] if item.get("latestActivity") else []
    rows["activity"] = [_activity_row(dialog_id, one) for one in activities or ()]
    for one in dialog.get("transmissions") or ():
        _add_transmission(rows, dialog_id, one, _opened_by(dialog, activities or ()))
    if shown is not None:
        _add_attachments(rows, dialog_id, None, shown.get("attachments") or ())
        _add_actions(rows, dialog_id, shown)
    return rows


def _dialog_row(item: Wire, detail: Wire | None, refused: Wire, opened: bool, delegated: bool) -> Wire:
    content = {**(item.get("content") or {})}
    if detail is not None:
        content = {**(detail.get("content") or {}), **content}
    latest, context = item.get("latestActivity") or {}, item.get("endUserContext") or {}
    more, reference = content.get("additionalInfo"), content.get("mainContentReference")
    status = 200 if detail is not None else refused.get("detail")
    return {
        "id": item["id"],
        "party": item["party"],
        "org": item["org"],
        "service_resource": item["serviceResource"],
        "service_resource_type": item["serviceResourceType"],
        "status": item["status"],
        "extended_status": item.get("extendedStatus"),
        "external_reference": item.get("externalReference"),
        "process": item.get("process"),
        "preceding_process": item.get("precedingProcess"),
        "progress": item.get("progress"),
        "created_at": _time(item["createdAt"]),
        "updated_at": _time(item["updatedAt"]),
        "content_updated_at": _time(item["contentUpdatedAt"]),
        "due_at": _time(item.get("dueAt")),
        "expires_at": None if detail is None else _time(detail.get("expiresAt")),
        "revision": None if detail is None else detail["revision"],
        "is_api_only": item["isApiOnly"],
        "has_unopened_content": item["hasUnopenedContent"],
        "is_content_seen": item["isContentSeen"],
        "from_service_owner_transmissions_count": item["fromServiceOwnerTransmissionsCount"],
        "from_party_transmissions_count": item["fromPartyTransmissionsCount"],
        "gui_attachment_count": item["guiAttachmentCount"],
        "system_label": item["systemLabel"],
        "context_revision": context.get("revision"),
        "latest_activity_id": latest.get("id"),
        "latest_activity_at": _time(latest.get("createdAt")),
        "title": _shown(content.get("title")),
        "summary": _shown(content.get("summary")),
        "sender_name": _shown(content.get("senderName")),
        "extended_status_text": _shown(content.get("extendedStatus")),
        "additional_info": _shown(more),
        "additional_info_media_type": (more or {}).get("mediaType"),
        "main_content_url": _shown(reference),
        "main_content_media_type": (reference or {}).get("mediaType"),
        "main_content_is_authorized": (reference or {}).get("isAuthorized"),
        "content": _Json(_content(content)),
        "presence": "present",
        # Where nothing was worth asking for, nothing was refused.
        "access": _ACCESS[refused.get("children") if opened or _has_children(item) else None],
        "delegated": delegated,
        "details_status": status if opened else None,
    }


def _has_children(item: Wire) -> bool:
    """Whether the list item tells of anything to read besides itself."""
    return bool(
        item["fromServiceOwnerTransmissionsCount"]
        or item["fromPartyTransmissionsCount"]
        or item.get("latestActivity")
        or item.get("seenSinceLastUpdate")
        or item.get("seenSinceLastContentUpdate")
        or item["updatedAt"] != item["createdAt"]
        or item["endUserContext"]["systemLabels"] != ["Default"]
    )


def _label_log_row(dialog_id: str, entry: Wire) -> Wire:
    actor = entry.get("performedBy") or {}
    return {
        "dialog_id": dialog_id,
        "created_at": _time(entry["createdAt"]),
        "name": entry["name"],
        "action": entry["action"],
        "actor_type": actor.get("actorType"),
        "actor_name": actor.get("actorName"),
        "actor_id": _lasting(actor.get("actorId")),
    }


def _seen_row(dialog_id: str, record: Wire) -> Wire:
    actor = record["seenBy"]
    return {
        "id": record["id"],
        "dialog_id": dialog_id,
        "seen_at": _time(record["seenAt"]),
        "actor_type": actor.get("actorType"),
        "name": actor.get("actorName"),
        "actor_id": _lasting(actor.get("actorId")),
        "is_current_end_user": record["isCurrentEndUser"],
        "is_via_service_owner": record.get("isViaServiceOwner"),
    }


def _activity_row(dialog_id: str, activity: Wire) -> Wire:
    actor = activity.get("performedBy") or {}
    name, lasting = actor.get("actorName"), _lasting(actor.get("actorId"))
    return {
        "id": activity["id"],
        "dialog_id": dialog_id,
        "created_at": _time(activity["createdAt"]),
        "type": activity["type"],
        "extended_type": activity.get("extendedType"),
        "transmission_id": activity.get("transmissionId"),
        "description": _shown({"value": activity.get("description") or []}),
        "descriptions": _Json(_by_language(activity.get("description"))),
        "performed_by": name or lasting or actor.get("actorType"),
        "performed_by_type": actor.get("actorType"),
        "performed_by_name": name,
        "performed_by_id": lasting,
    }


def _opened_by(dialog: Wire, activities: Iterable[Wire]) -> dict[str, bool]:
    """Which transmissions are opened: as the detail says, else as the activities do."""
    told = {one["id"]: one["isOpened"] for one in (dialog.get("detail") or {}).get("transmissions") or ()}
    opened = {one.get("transmissionId") for one in activities if one["type"] == "TransmissionOpened"}
    return {one["id"]: told.get(one["id"], one["id"] in opened) for one in dialog.get("transmissions") or ()}


def _add_transmission(rows: Tables, dialog_id: str, it: Wire, opened: Mapping[str, bool]) -> None:
    content, sender = it.get("content") or {}, it.get("sender") or {}
    rows["transmission"].append(
        {
            "id": it["id"],
            "dialog_id": dialog_id,
            "created_at": _time(it["createdAt"]),
            "type": it["type"],
            "extended_type": it.get("extendedType"),
            "external_reference": it.get("externalReference"),
            "related_transmission_id": it.get("relatedTransmissionId"),
            "authorization_attribute": it.get("authorizationAttribute"),
            "is_authorized": it["isAuthorized"],
            "is_opened": opened[it["id"]],
            "sender_type": sender.get("actorType"),
            "sender_name": sender.get("actorName"),
            "sender_id": _lasting(sender.get("actorId")),
            "title": _shown(content.get("title")),
            "summary": _shown(content.get("summary")),
            "content_reference_url": _shown(content.get("contentReference")),
            "content_reference_media_type": (content.get("contentReference") or {}).get("mediaType"),
            "content": _Json(_content(content)),
            "deleted_at": _time(it.get("deletedAt")),
        }
    )
    for position, action in enumerate(it.get("navigationalActions") or ()):
        rows["navigational_action"].append(
            {
                "transmission_id": it["id"],
                "position": position,
                "dialog_id": dialog_id,
                "title": _shown({"value": action["title"]}),
                "titles": _Json(_by_language(action["title"])),
                "url": action["url"],
                "expires_at": _time(action.get("expiresAt")),
            }
        )
    _add_attachments(rows, dialog_id, it["id"], it.get("attachments") or ())


def _add_attachments(rows: Tables, dialog_id: str, transmission_id: str | None, attachments: Iterable[Wire]) -> None:
    for it in attachments:
        rows["attachment"].append(
            {
                "id": it["id"],
                "dialog_id": dialog_id,
                "transmission_id": transmission_id,
                "name": it.get("name"),
                "display_name": _shown({"value": it.get("displayName") or []}),
                "display_names": _Json(_by_language(it.get("displayName"))),
                "expires_at": _time(it.get("expiresAt")),
            }
        )
        rows["attachment_url"] += [
            {
                "id": url["id"],
                "attachment_id": it["id"],
                "dialog_id": dialog_id,
                "url": url["url"],
                "media_type": url.get("mediaType"),
                "consumer_type": url["consumerType"],
            }
            for url in it["urls"]
        ]


def _add_actions(rows: Tables, dialog_id: str, detail: Wire) -> None:
    for it in detail.get("apiActions") or ():
        rows["api_action"].append(
            {
                "id": it["id"],
                "dialog_id": dialog_id,
                "action": it["action"],
                "authorization_attribute": it.get("authorizationAttribute"),
                "is_authorized": it["isAuthorized"],
                "name": it.get("name"),
            }
        )
        rows["api_endpoint"] += [
            {
                "id": one["id"],
                "action_id": it["id"],
                "dialog_id": dialog_id,
                "version": one.get("version"),
                "url": one["url"],
                "http_method": one["httpMethod"],
                "documentation_url": one.get("documentationUrl"),
                "request_schema": one.get("requestSchema"),
                "response_schema": one.get("responseSchema"),
                "deprecated": one["deprecated"],
                "sunset_at": _time(one.get("sunsetAt")),
            }
            for one in it["endpoints"]
        ]
    rows["gui_action"] += [
        {
            "id": it["id"],
            "dialog_id": dialog_id,
            "action": it["action"],
            "url": it["url"],
            "authorization_attribute": it.get("authorizationAttribute"),
            "is_authorized": it["isAuthorized"],
            "is_delete_dialog_action": it["isDeleteDialogAction"],
            "priority": it["priority"],
            "http_method": it["httpMethod"],
            "title": _shown({"value": it.get("title") or []}),
            "titles": _Json(_by_language(it.get("title"))),
            "prompt": _shown({"value": it.get("prompt") or []}),
            "prompts": _Json(_by_language(it.get("prompt"))),
        }
        for it in detail.get("guiActions") or ()
    ]


class _Json:
    """Equal to the JSON text of an equal value, whatever the order of its keys."""

    def __init__(self, value: Any) -> None:
        self.value = value or None

    def __eq__(self, other: object) -> bool:
        return (json.loads(other) if isinstance(other, str) else other) == self.value

    def __hash__(self) -> int:
        return hash(repr(self.value))

    def __repr__(self) -> str:
        return json.dumps(self.value, ensure_ascii=False)


def _time(text: str | None) -> str | None:
    return None if text is None else f"{text[:26]}Z"


def _lasting(actor_id: str | None) -> str | None:
    return None if actor_id is None or ":identifier-ephemeral:" in actor_id else actor_id


def _by_language(texts: Iterable[Wire] | None) -> dict[str, str]:
    return {one["languageCode"]: one["value"] for one in texts or ()}


def _shown(value: Wire | None) -> str | None:
    texts = _by_language((value or {}).get("value"))
    return next((texts[code] for code in LANGUAGES if code in texts), next(iter(texts.values()), None))


def _content(parts: Wire) -> Wire:
    return {n: {"mediaType": p.get("mediaType"), "value": _by_language(p["value"])} for n, p in parts.items()}
