"""What a service owner sends, turned into what is stored: texts sorted, URLs normalised, times truncated, ids given.

The functions take a JSON object of a create or update body that has passed `validation` and return the stored form;
absent and null are the same. Keys come in the order in which the server writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from sync.sandbox.dialogs import JsonObject
from sync.sandbox.instants import read_instant
from sync.sandbox.languages import sorted_texts

NewId = Callable[[], str]
NameOf = Callable[[str], str]

CONTENT_PARTS = (
    "title",
    "nonSensitiveTitle",
    "summary",
    "nonSensitiveSummary",
    "senderName",
    "additionalInfo",
    "extendedStatus",
    "mainContentReference",
)
TRANSMISSION_PARTS = ("title", "summary", "contentReference")
PERSON_PREFIX = "urn:altinn:person:identifier-no:"
_EMBED = "application/vnd.dialogporten.frontchannelembed"
_MEDIA_TYPES = {
    f"{_EMBED}+json;type=markdown": f"{_EMBED}-url;type=text/markdown",
    f"{_EMBED}+json;type=html": f"{_EMBED}-url;type=text/html",
}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def without_nulls(pairs: dict[str, Any]) -> JsonObject:
    """The object without its null properties."""
    return {key: value for key, value in pairs.items() if value is not None}


def normalised_url(url: str | None) -> str | None:
    """A URL as .NET writes it back: scheme and host in lower case, no default port, a slash after a bare host."""
    if url is None:
        return None
    parts = urlsplit(url.strip())
    scheme = parts.scheme.lower()
    if not parts.netloc:
        return url.strip()
    host = (parts.hostname or "").lower()
    port = f":{parts.port}" if parts.port not in (None, _DEFAULT_PORTS.get(scheme)) else ""
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    return urlunsplit((scheme, host + port, path, query, quote(parts.fragment, safe="/?%:@!$&'()*+,;=~-._")))


def content(value: JsonObject | None, parts: Iterable[str] = CONTENT_PARTS) -> JsonObject | None:
    """Content of a dialog or transmission; None when nothing is in it."""
    stored: JsonObject = {}
    for part in parts:
        given = (value or {}).get(part)
        if given and given.get("value"):
            media_type = given.get("mediaType") or "text/plain"
            stored[part] = {
                "value": sorted_texts(given["value"]),
                "mediaType": _MEDIA_TYPES.get(media_type, media_type),
            }
    return stored or None


def actor(value: JsonObject | None, name_of: NameOf) -> JsonObject:
    """An actor. A national id brings the register's name; a name alone stays without an id."""
    given = value or {}
    if given.get("actorType", "ServiceOwner") == "ServiceOwner":
        return {"actorType": "ServiceOwner"}
    actor_id = given.get("actorId")
    name = name_of(actor_id) if actor_id else given.get("actorName")
    return without_nulls({"actorType": given["actorType"], "actorName": name, "actorId": actor_id})


def attachment(value: JsonObject, new_id: NewId) -> JsonObject:
    """An attachment of a dialog or a transmission."""
    return without_nulls(
        {
            "id": value.get("id") or new_id(),
            "displayName": sorted_texts(value.get("displayName")),
            "name": value.get("name"),
            "urls": [
                without_nulls(
                    {
                        "id": url.get("id") or new_id(),
                        "url": normalised_url(url["url"]),
                        "mediaType": url.get("mediaType"),
                        "consumerType": _cased(url.get("consumerType", "Gui"), ("Gui", "Api")),
                    }
                )
                for url in value.get("urls") or ()
            ],
            "expiresAt": _time(value.get("expiresAt")),
        }
    )


def gui_action(value: JsonObject, new_id: NewId) -> JsonObject:
    """A GUI action; `isAuthorized` is decided when it is shown."""
    return without_nulls(
        {
            "id": value.get("id") or new_id(),
            "action": value["action"],
            "url": normalised_url(value["url"]),
            "authorizationAttribute": value.get("authorizationAttribute"),
            "isDeleteDialogAction": bool(value.get("isDeleteDialogAction")),
            "priority": _cased(value["priority"], ("Primary", "Secondary", "Tertiary")),
            "httpMethod": str(value.get("httpMethod") or "GET").upper(),
            "title": sorted_texts(value.get("title")),
            "prompt": sorted_texts(value["prompt"]) if value.get("prompt") else None,
        }
    )


def api_action(value: JsonObject, new_id: NewId) -> JsonObject:
    """An API action with its endpoints."""
    return without_nulls(
        {
            "id": value.get("id") or new_id(),
            "action": value["action"],
            "authorizationAttribute": value.get("authorizationAttribute"),
            "name": value.get("name"),
            "endpoints": [
                without_nulls(
                    {
                        "id": endpoint.get("id") or new_id(),
                        "version": endpoint.get("version"),
                        "url": normalised_url(endpoint["url"]),
                        "httpMethod": str(endpoint["httpMethod"]).upper(),
                        "documentationUrl": normalised_url(endpoint.get("documentationUrl")),
                        "requestSchema": normalised_url(endpoint.get("requestSchema")),
                        "responseSchema": normalised_url(endpoint.get("responseSchema")),
                        "deprecated": bool(endpoint.get("deprecated")),
                        "sunsetAt": _time(endpoint.get("sunsetAt")),
                    }
                )
                for endpoint in value.get("endpoints") or ()
            ],
        }
    )


def transmission(value: JsonObject, new_id: NewId, name_of: NameOf, created_at: str) -> JsonObject:
    """A transmission; `created_at` is used as it is, the caller has chosen."""
    return without_nulls(
        {
            "id": value.get("id") or new_id(),
            "createdAt": created_at,
            "authorizationAttribute": value.get("authorizationAttribute"),
            "extendedType": value.get("extendedType"),
            "externalReference": value.get("externalReference"),
            "relatedTransmissionId": value.get("relatedTransmissionId"),
            "type": value["type"],
            "sender": actor(value.get("sender"), name_of),
            "content": content(value.get("content"), TRANSMISSION_PARTS),
            "attachments": [attachment(one, new_id) for one in value.get("attachments") or ()],
            "navigationalActions": [
                without_nulls(
                    {
                        "title": sorted_texts(one.get("title")),
                        "url": normalised_url(one["url"]),
                        "expiresAt": _time(one.get("expiresAt")),
                    }
                )
                for one in value.get("navigationalActions") or ()
            ],
        }
    )


def activity(value: JsonObject, new_id: NewId, name_of: NameOf, created_at: str) -> JsonObject:
    """An activity."""
    return without_nulls(
        {
            "id": value.get("id") or new_id(),
            "createdAt": created_at,
            "extendedType": value.get("extendedType"),
            "type": value["type"],
            "transmissionId": value.get("transmissionId"),
            "performedBy": actor(value.get("performedBy"), name_of),
            "description": sorted_texts(value.get("description")),
        }
    )


def _time(value: Any) -> str | None:
    return None if value is None else read_instant(value)


def _cased(value: str, allowed: tuple[str, ...]) -> str:
    return next((one for one in allowed if one.lower() == value.lower()), value)
