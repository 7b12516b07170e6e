"""What the server refuses of a service owner's body. Enough to keep the world consistent, worded as the server does.

The writer counts as an administrator, as in the genuine server's local mode: times may lie in the past.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sync.sandbox.dialogs import (
    ACTIVITY_TYPES,
    DIALOG_STATUSES,
    HTTP_METHODS,
    OBSOLETE_STATUSES,
    TRANSMISSION_TYPES,
    JsonObject,
)
from sync.sandbox.ids import is_guid
from sync.sandbox.instants import read_instant
from sync.sandbox.parties import PARTY_FORM, is_party
from sync.sandbox.problems import Errors, Refused

_ENTITIES = "Digdir.Domain.Dialogporten.Domain.Dialogs.Entities"
_ENUMS = (
    ("transmissions", "type", TRANSMISSION_TYPES, f"{_ENTITIES}.Transmissions.DialogTransmissionType+Values"),
    ("activities", "type", ACTIVITY_TYPES, f"{_ENTITIES}.Activities.DialogActivityType+Values"),
    (
        "guiActions",
        "priority",
        ("Primary", "Secondary", "Tertiary"),
        f"{_ENTITIES}.Actions.DialogGuiActionPriority+Values",
    ),
)
_STATUS_TYPE = (
    "System.Nullable`1[Digdir.Domain.Dialogporten.Application.Features.V1.ServiceOwner.Common."
    "DialogStatuses.DialogStatusInput]"
)
_TIMES = ("createdAt", "updatedAt", "visibleFrom", "dueAt", "expiresAt")


def conversion_error(path: str, type_name: str) -> Refused:
    """400: a JSON value that does not fit its type (the server adds where in the body it stands)."""
    text = (
        f"The JSON value could not be converted to {type_name}. Path: $.{path} | LineNumber: 0 | BytePositionInLine: 0."
    )
    return Refused(400, {path: [text]})


def status_of(value: object) -> str:
    """A status as stored; the obsolete names are mapped. Refused(400) for anything else."""
    if value is None:
        return "NotApplicable"
    for known in DIALOG_STATUSES:
        if str(value).lower() == known.lower():
            return known
    for obsolete, known in OBSOLETE_STATUSES.items():
        if str(value).lower() == obsolete.lower():
            return known
    raise conversion_error("status", _STATUS_TYPE)


def check_types(body: Any) -> None:
    """Everything a JSON reader refuses before any rule is asked: enums, times, ids. Refused(400) for the first."""
    if not isinstance(body, dict):
        raise conversion_error("", "System.Object")
    status_of(body.get("status"))
    for name, key, allowed, type_name in _ENUMS:
        for index, child in enumerate(body.get(name) or ()):
            child[key] = _enum(child.get(key), allowed, f"{name}[{index}].{key}", type_name)
    for index, child in enumerate(body.get("apiActions") or ()):
        for inner, endpoint in enumerate(child.get("endpoints") or ()):
            path = f"apiActions[{index}].endpoints[{inner}].httpMethod"
            endpoint["httpMethod"] = _enum(endpoint.get("httpMethod"), HTTP_METHODS, path, "HttpVerb+Values")
    for path, value in _times(body):
        try:
            read_instant(value)
        except ValueError:
            raise conversion_error(path, "System.Nullable`1[System.DateTimeOffset]") from None
    if body.get("id") is not None and not is_guid(str(body["id"])):
        raise conversion_error("id", "System.Nullable`1[System.Guid]")


def check_create(body: JsonObject) -> None:
    """The rules of a create body. Refused(400) with all that is wrong."""
    errors: dict[str, list[str]] = {}
    if not str(body.get("serviceResource", "")).startswith("urn:altinn:resource:"):
        errors["serviceResource"] = ["'ServiceResource' must start with 'urn:altinn:resource:'."]
    if not is_party(str(body.get("party", "")).lower()):
        errors["party"] = [PARTY_FORM.format("Party")]
    created, updated = body.get("createdAt"), body.get("updatedAt")
    if updated is not None and created is None:
        errors["updatedAt"] = ["'CreatedAt' must be set when 'UpdatedAt' is set."]
    elif updated is not None and read_instant(updated) < read_instant(created):
        errors["updatedAt"] = ["'UpdatedAt' must be greater than or equal to 'CreatedAt'."]
    errors.update(_common(body, ""))
    if errors:
        raise Refused(400, errors)


def check_update(body: JsonObject) -> None:
    """The rules of an update body; the keys carry the prefix `dto.`."""
    errors = _common(body, "dto.")
    if errors:
        raise Refused(400, errors)


def check_transmission(body: JsonObject, is_api_only: bool) -> None:
    """The rules of one transmission."""
    errors = dict(_content_errors(body.get("content"), "content", needed=not is_api_only))
    if errors:
        raise Refused(400, errors)


def check_activity(body: JsonObject, transmission_ids: set[str]) -> None:
    """The rules of one activity."""
    errors = dict(_activity_errors(body, "", transmission_ids))
    if errors:
        raise Refused(400, errors)


def _common(body: JsonObject, prefix: str) -> Errors:
    errors: dict[str, list[str]] = {}
    due, expires = body.get("dueAt"), body.get("expiresAt")
    if due is not None and expires is not None and read_instant(expires) <= read_instant(due):
        errors[f"{prefix}expiresAt"] = ["'ExpiresAt' must be after 'DueAt'."]
    progress = body.get("progress")
    if progress is not None and not 0 <= progress <= 100:
        errors[f"{prefix}progress"] = [f"'Progress' must be between 0 and 100. You entered {progress}."]
    errors.update(_content_errors(body.get("content"), f"{prefix}content", needed=not body.get("isApiOnly")))
    if body.get("precedingProcess") is not None and body.get("process") is None:
        errors[f"{prefix}process"] = ["'Process' must not be empty when 'PrecedingProcess' is set."]
    ids = {str(one["id"]).lower() for one in body.get("transmissions") or () if one.get("id")}
    for index, one in enumerate(body.get("activities") or ()):
        errors.update(_activity_errors(one, f"{prefix}activities[{index}].", ids if not prefix else None))
    for name, part in (("attachments", "urls"), ("apiActions", "endpoints")):
        for index, one in enumerate(body.get(name) or ()):
            if not one.get(part):
                errors[f"{prefix}{name}[{index}].{part}"] = [f"'{part.capitalize()}' must not be empty."]
    return errors


def _content_errors(content: JsonObject | None, path: str, *, needed: bool) -> Iterator[tuple[str, list[str]]]:
    if (needed or content) and not ((content or {}).get("title") or {}).get("value"):
        yield f"{path}.title", ["'Title' must not be empty."]
    for part, value in (content or {}).items():
        codes = [str(text.get("languageCode", "")).lower() for text in (value or {}).get("value") or ()]
        if len(codes) != len(set(codes)):
            yield f"{path}.{part}.value", ["Language codes must be unique."]
        if "no" in codes:
            yield f"{path}.{part}.value", ["'LanguageCode' 'no' is not a valid language code. Use 'nb' or 'nn'."]


def _activity_errors(
    activity: JsonObject, prefix: str, transmission_ids: set[str] | None
) -> Iterator[tuple[str, list[str]]]:
    kind = activity.get("type")
    if (kind == "Information") != bool(activity.get("description")):
        rule = "must not be empty" if kind == "Information" else "is only allowed when the type is 'Information'"
        yield f"{prefix}description", [f"'Description' {rule}."]
    target = activity.get("transmissionId")
    if (kind == "TransmissionOpened") != (target is not None):
        rule = "must not be empty" if target is None else "is only allowed when the type is 'TransmissionOpened'"
        yield f"{prefix}transmissionId", [f"'TransmissionId' {rule}."]
    elif target is not None and transmission_ids is not None and str(target).lower() not in transmission_ids:
        yield f"{prefix}transmissionId", [f"No transmission with id {target} exists on the dialog."]


def _times(body: JsonObject) -> Iterator[tuple[str, object]]:
    for key in _TIMES:
        if body.get(key) is not None:
            yield key, body[key]
    for name in ("transmissions", "activities"):
        for index, child in enumerate(body.get(name) or ()):
            if child.get("createdAt") is not None:
                yield f"{name}[{index}].createdAt", child["createdAt"]


def _enum(value: object, allowed: tuple[str, ...], path: str, type_name: str) -> str:
    for known in allowed:
        if str(value).lower() == known.lower():
            return known
    raise conversion_error(path, type_name)
