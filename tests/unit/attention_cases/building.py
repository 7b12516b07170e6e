"""Bodies of GET dialog as the producers write them, made by code. Every name, number and text is invented."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 9, 15, 8, 0, tzinfo=UTC)
Body = dict[str, Any]
MASK = "urn:dialogporten:unauthorized"
GONE = "urn:dialogporten:expired"
PARTY = "urn:altinn:organization:identifier-no:314234979"
EMBED = "application/vnd.dialogporten.frontchannelembed-url;type=text/markdown"
DETAIL_ONLY = (
    "revision",
    "expiresAt",
    "dialogToken",
    "attachments",
    "transmissions",
    "activities",
    "guiActions",
    "apiActions",
)


def days(number: float) -> str:
    """A wire timestamp that many days from the clock of the cases (negative: ago)."""
    return stamp(NOW + timedelta(days=number))


def minutes(number: float) -> str:
    """A wire timestamp that many minutes from the clock of the cases."""
    return stamp(NOW + timedelta(minutes=number))


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def texts(nb: str | None, en: str | None = None) -> list[Body]:
    found = [] if en is None else [{"value": en, "languageCode": "en"}]
    return found + ([] if nb is None else [{"value": nb, "languageCode": "nb"}])


def content(nb: str | None, en: str | None = None) -> Body | None:
    return None if nb is None else {"value": texts(nb, en), "mediaType": "text/plain", "isAuthorized": None}


def link(url: str, authorized: bool | None = True) -> Body:
    return {"value": [{"value": url, "languageCode": "nb"}], "mediaType": EMBED, "isAuthorized": authorized}


_serial = iter(range(1, 10**6))


def new_id() -> str:
    return f"01a00000-0000-7000-8000-{next(_serial):012d}"


def attachment(*urls: tuple[str, str], expires: str | None = None) -> Body:
    """Each url as (consumerType, address)."""
    return {
        "id": new_id(),
        "displayName": texts("Vedlegg"),
        "name": None,
        "urls": [
            {"id": new_id(), "url": url, "mediaType": "application/json", "consumerType": consumer}
            for consumer, url in urls
        ],
        "expiresAt": expires,
    }


API_FILE = ("Api", "https://api.eksempel.no/fil.json")
GUI_FILE = ("Gui", "https://eksempel.no/fil.pdf")


def sent(
    type_: str,
    at: str,
    *,
    ext: str | None = None,
    related: str | None = None,
    by: str = "ServiceOwner",
    opened: bool = False,
    authorized: bool = True,
    title: str = "Melding",
    attachments: Iterable[Body] = (),
    reference: str | None = None,
    id_: str | None = None,
) -> Body:
    return {
        "id": id_ or new_id(),
        "createdAt": at,
        "authorizationAttribute": None,
        "isAuthorized": authorized,
        "extendedType": ext,
        "externalReference": None,
        "relatedTransmissionId": related,
        "type": type_,
        "sender": {"actorType": by, "actorName": None, "actorId": None},
        "isOpened": opened,
        "content": {
            "title": content(title),
            "summary": None,
            "contentReference": None if reference is None else link(reference, None),
        },
        "attachments": list(attachments),
        "navigationalActions": [],
    }


def did(type_: str, at: str, *, by: str = "PartyRepresentative", on: str | None = None) -> Body:
    return {
        "id": new_id(),
        "createdAt": at,
        "extendedType": None,
        "type": type_,
        "transmissionId": on,
        "performedBy": {
            "actorType": by,
            "actorName": "KARI NORDMANN" if by != "ServiceOwner" else None,
            "actorId": None,
        },
        "description": None,
    }


def gui(
    title: str,
    *,
    action: str = "read",
    authorized: bool = True,
    priority: str = "Primary",
    method: str = "GET",
    url: str = "https://eksempel.no/skjema/1",
    delete: bool = False,
    attribute: str | None = None,
    en: str | None = None,
) -> Body:
    return {
        "id": new_id(),
        "action": action,
        "url": url if authorized else MASK,
        "authorizationAttribute": attribute,
        "isAuthorized": authorized,
        "isDeleteDialogAction": delete,
        "priority": priority,
        "httpMethod": method,
        "title": texts(title, en),
        "prompt": None,
    }


def endpoint(
    method: str = "POST", *, deprecated: bool = False, sunset: str | None = None, url: str | None = None
) -> Body:
    return {
        "id": new_id(),
        "version": None,
        "url": url or "https://api.eksempel.no/v1/svar",
        "httpMethod": method,
        "documentationUrl": None,
        "requestSchema": None,
        "responseSchema": None,
        "deprecated": deprecated,
        "sunsetAt": sunset,
    }


def api(
    name: str | None, *endpoints: Body, action: str = "write", authorized: bool = True, method: str = "POST"
) -> Body:
    points = [copy.deepcopy(each) for each in endpoints] or [endpoint(method)]
    if not authorized:
        for each in points:
            each["url"] = MASK
    return {
        "id": new_id(),
        "action": action,
        "authorizationAttribute": None,
        "isAuthorized": authorized,
        "name": name,
        "endpoints": points,
    }


def seen(at: str, *, us: bool = False, system: bool = False) -> Body:
    ours = us or system
    return {
        "id": new_id(),
        "seenAt": at,
        "seenBy": {
            "actorType": "PartyRepresentative",
            "actorName": "REGNSKAPSSYSTEMET AS" if ours else "OLA NORDMANN",
            "actorId": f"urn:altinn:systemuser:uuid:dd9e06bb-8895-4717-9a0c-9d9707f255d{0 if us else 1}"
            if ours
            else "urn:altinn:person:identifier-ephemeral:b71e4402ac",
        },
        "isViaServiceOwner": False,
        "isCurrentEndUser": us,
    }


def dialog(
    status: str,
    *,
    org: str = "hdir",
    resource: str = "hdir-innrapportering",
    kind: str = "genericaccessresource",
    created: str | None = None,
    updated: str | None = None,
    due: str | None = None,
    expires: str | None = None,
    title: str = "Rapportering",
    summary: str | None = None,
    summary_en: str | None = None,
    label_text: str | None = None,
    extended: str | None = None,
    main: Body | None = None,
    transmissions: Iterable[Body] = (),
    activities: Iterable[Body] = (),
    api_actions: Iterable[Body] = (),
    gui_actions: Iterable[Body] = (),
    attachments: Iterable[Body] = (),
    labels: Iterable[str] = ("Default",),
    human: str | None = None,
    other_system: str | None = None,
    api_only: bool = False,
    unopened: bool = False,
    progress: int | None = None,
    **extra: Any,
) -> Body:
    """A full body; our own opening stands in its seen lists, as it always does."""
    created = created or days(-20)
    letters = list(transmissions)
    seen_list = [seen(days(-0.01), us=True)]
    if human is not None:
        seen_list.insert(0, seen(human))
    if other_system is not None:
        seen_list.insert(0, seen(other_system, system=True))
    from_party = sum(each["type"] in ("Submission", "Correction") for each in letters)
    body: Body = {
        "id": new_id(),
        "revision": new_id(),
        "org": org,
        "serviceResource": f"urn:altinn:resource:{resource}",
        "serviceResourceType": kind,
        "party": PARTY,
        "progress": progress,
        "process": None,
        "precedingProcess": None,
        "extendedStatus": extended,
        "externalReference": None,
        "dueAt": due,
        "expiresAt": expires,
        "createdAt": created,
        "updatedAt": updated or created,
        "contentUpdatedAt": updated or created,
        "status": status,
        "systemLabel": next((each for each in labels if each in ("Default", "Bin", "Archive")), "Default"),
        "isApiOnly": api_only,
        "hasUnopenedContent": unopened or len(letters) > from_party,
        "content": {
            "title": content(title),
            "summary": content(summary, summary_en),
            "senderName": None,
            "additionalInfo": None,
            "extendedStatus": content(label_text),
            "mainContentReference": main,
        },
        "dialogToken": "eyJhbGciOiJFZERTQSJ9.cGxhY2Vob2xkZXI.cGxhY2Vob2xkZXI",
        "fromServiceOwnerTransmissionsCount": len(letters) - from_party,
        "fromPartyTransmissionsCount": from_party,
        "attachments": list(attachments),
        "transmissions": letters,
        "guiActions": list(gui_actions),
        "apiActions": list(api_actions),
        "activities": list(activities),
        "seenSinceLastUpdate": copy.deepcopy(seen_list),
        "seenSinceLastContentUpdate": seen_list,
        "isContentSeen": True,
        "endUserContext": {"revision": new_id(), "systemLabels": list(labels)},
    }
    body.update(extra)
    return body


def never_opened(body: Body) -> Body:
    """What an archive holds of the same dialog when nobody of ours has opened it."""
    item = {
        key: copy.deepcopy(value)
        for key, value in body.items()
        if key not in DETAIL_ONLY and not key.startswith("excluded")
    }
    item["content"] = {
        key: value for key, value in item["content"].items() if key not in ("additionalInfo", "mainContentReference")
    }
    for key in ("seenSinceLastUpdate", "seenSinceLastContentUpdate"):
        item[key] = [each for each in item[key] if not each["isCurrentEndUser"]]
    item["isContentSeen"] = bool(item["seenSinceLastContentUpdate"])
    item["guiAttachmentCount"] = sum(
        any(url["consumerType"] == "Gui" for url in each["urls"]) for each in body["attachments"]
    )
    newest = max(body["activities"], key=lambda each: (each["createdAt"], each["id"]), default=None)
    if newest is not None:
        item["latestActivity"] = copy.deepcopy(newest)
    return {
        "list_item": item,
        "transmissions": [
            {key: copy.deepcopy(value) for key, value in each.items() if key != "isOpened"}
            for each in body["transmissions"]
        ],
        "activities": [
            {key: copy.deepcopy(value) for key, value in each.items() if key != "performedBy"}
            for each in body["activities"]
        ],
    }


@dataclass(frozen=True)
class Labelled:
    """A situation and what a careful human says of it, written from the reference's tables."""

    row: str
    body: Body
    step: str
    actor: str
    needs: bool = True
    deadline: str | None = None
    reasons: tuple[str, ...] = ()
    now: datetime = NOW
    closed: bool = False
    unopened: tuple[str, str] | None = field(default=None)


def case(
    row: str,
    body: Body,
    step: str,
    actor: str = "person",
    *,
    needs: bool | None = None,
    deadline: str | None = None,
    has: str = "",
    now: datetime = NOW,
    unopened: str | None = None,
) -> Labelled:
    """`has` lists reason codes that must be among the verdict's. `unopened`: "step" or "step actor" never opened."""
    idle = {"none": "none", "wait": "service_owner"}
    stripped = None
    if unopened is not None:
        words = unopened.split()
        stripped = (words[0], words[1] if len(words) > 1 else idle.get(words[0], "person"))
    return Labelled(
        row=row,
        body=body,
        step=step,
        actor=idle.get(step, actor),
        needs=step not in idle if needs is None else needs,
        deadline=deadline,
        reasons=tuple(has.split()),
        now=now,
        closed=step in idle,
        unopened=stripped,
    )
