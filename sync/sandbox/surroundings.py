"""What lies around the dialogs: parties, services, look-up, limits, keys (reference: end-user API §1.2, §7)."""

from __future__ import annotations

import uuid
from typing import Any

from sync.sandbox.access import LEVEL_WITHOUT_ROW_DETAIL
from sync.sandbox.children import without_nulls
from sync.sandbox.dialogs import Dialog, JsonObject
from sync.sandbox.ids import is_guid
from sync.sandbox.languages import from_pairs, pruned, read_accepted
from sync.sandbox.parties import ORGANISATION, PARTY_FORM, PERSON, is_party
from sync.sandbox.problems import Answer, Refused, forbidden, json_answer, not_found
from sync.sandbox.routing import Request, viewer_for
from sync.sandbox.tokens import dialog_token_keys, token_issuer
from sync.sandbox.viewers import Viewer
from sync.sandbox.world import World

LIMITS = {
    "endUserSearch": {
        "maxPartyFilterValues": 100,
        "maxServiceResourceFilterValues": 20,
        "maxOrgFilterValues": 20,
        "maxExtendedStatusFilterValues": 20,
    },
    "serviceOwnerSearch": {
        "maxPartyFilterValues": 20,
        "maxServiceResourceFilterValues": 20,
        "maxExtendedStatusFilterValues": 20,
    },
}
_DAY = {"Cache-Control": "public, max-age=86400"}
_DIALOG_REF = "urn:altinn:dialog-id:"
_OTHER_REFS = ("urn:altinn:instance-id:", "urn:altinn:correspondence-id:")


def get_limits(request: Request) -> Answer:
    """GET /metadata/limits, anonymous."""
    _needs_json(request)
    return json_answer(LIMITS)


def get_services(request: Request) -> Answer:
    """GET /metadata/serviceresources, anonymous: every service that a dialog or the access model knows."""
    world = request.world
    if world.local_mode:
        raise Refused(502)
    accepted = read_accepted(request.header("accept-language"))
    return json_answer({"items": [pruned(_service(world, one), accepted) for one in _known_services(world)]})


def get_authorized_services(request: Request) -> Answer:
    """GET /enduser/serviceresources?party=: the services of dialogs that the caller may list."""
    viewer = viewer_for(request, read_accepted(request.header("accept-language")))
    if request.world.local_mode:
        raise Refused(502)
    asked = [value for name, value in request.query if name.lower() == "party"]
    errors = {f"party[{at}]": [PARTY_FORM.format("Party")] for at, one in enumerate(asked) if not is_party(one)}
    if errors:
        raise Refused(400, errors)
    parties = {one.lower() for one in asked}
    resources = {
        dialog.service_resource
        for dialog in request.world.dialogs.values()
        if (not parties or dialog.party in parties) and viewer.may_list(dialog)
    }
    return json_answer({"items": [pruned(_service(request.world, one), viewer.accepted) for one in sorted(resources)]})


def get_parties(request: Request) -> Answer:
    """GET /enduser/parties"""
    _needs_json(request)
    viewer = viewer_for(request)
    if request.world.local_mode:
        return json_answer({"authorizedParties": [_local_party()]})
    shown = authorized_parties(viewer)
    if not shown and viewer.caller.kind == "person":
        raise Refused(502)
    return json_answer({"authorizedParties": shown})


def authorized_parties(viewer: Viewer) -> list[JsonObject]:
    """The parties that Access Management gives the caller: one level of sub-parties, headings included."""
    switches, now = viewer.world.switches, viewer.world.now()
    granted = {
        party
        for party in viewer.grants.parties
        if party not in switches.hidden_parties or switches.hidden_parties[party] <= now
    }
    shown: list[JsonObject] = []
    told: set[str] = set()
    for party in viewer.world.access.parties:
        subs = [sub for sub in party.get("subParties") or () if sub["party"] in granted]
        own = party["party"] in granted
        if own or subs:
            heading = None if own else True
            shown.append(_party(party, viewer, heading, [_party(sub, viewer, None, ()) for sub in subs]))
            told |= {party["party"], *(sub["party"] for sub in subs)}
    unnamed = ({"party": urn, "name": urn.rsplit(":", 1)[-1]} for urn in sorted(granted - told))
    return shown + [_party(party, viewer, None, ()) for party in unnamed]


def lookup_dialog(request: Request) -> Answer:
    """GET /enduser/dialoglookup?instanceRef=: no side effects; looks at neither visibility nor level."""
    viewer = viewer_for(request, read_accepted(request.header("accept-language")))
    ref = next((value for name, value in request.query if name.lower() == "instanceref"), "")
    dialog = _referred(request.world, ref)
    if request.world.local_mode:
        raise Refused(502)
    if not viewer.may_list(dialog):
        raise forbidden()
    world, access = request.world, request.world.access
    service = access.service(dialog.service_resource)
    needed = access.level_needed(dialog.service_resource, LEVEL_WITHOUT_ROW_DETAIL)
    content = dialog.content or {}
    title = content.get("title")
    if viewer.level < needed:
        title = content.get("nonSensitiveTitle") or title
    by_instance = dialog.party not in viewer.grants.parties
    body = without_nulls(
        {
            "dialogId": dialog.id,
            "instanceRef": ref,
            "party": dialog.party,
            "serviceResource": {
                "id": dialog.service_resource,
                "isDelegable": True,
                "minimumAuthenticationLevel": needed,
                "name": from_pairs(service.name),
            },
            "serviceOwner": _owner(world, dialog.service_resource),
            "title": title["value"] if title else None,
            "authorizationEvidence": {
                "currentAuthenticationLevel": viewer.level,
                "viaRole": not by_instance,
                "viaAccessPackage": False,
                "viaResourceDelegation": False,
                "viaInstanceDelegation": by_instance,
                "evidence": [
                    {"grantType": "InstanceDelegation", "subject": viewer.caller.urn}
                    if by_instance
                    else {"grantType": "Role", "subject": "urn:altinn:rolecode:dagl"}
                ],
            },
        }
    )
    return json_answer(pruned(body, viewer.accepted))


def get_dialog_token_keys(request: Request) -> Answer:
    """GET /.well-known/jwks.json"""
    _needs_json(request)
    return json_answer({"keys": dialog_token_keys()}, headers=_DAY)


def get_issuer_metadata(request: Request) -> Answer:
    """GET /.well-known/oauth-authorization-server"""
    _needs_json(request)
    issuer = token_issuer(request.world)
    return json_answer({"issuer": issuer, "jwks_uri": f"{issuer}/.well-known/jwks.json"}, headers=_DAY)


def get_liveness(_request: Request) -> Answer:
    """GET /health/liveness"""
    headers = {
        "Content-Type": "text/plain",
        "Cache-Control": "no-store, no-cache",
        "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    }
    return Answer(200, b"Healthy", headers)


def _needs_json(request: Request) -> None:
    accept = request.header("accept")
    if accept and not any(form in accept.lower() for form in ("json", "*/*", "application/*")):
        raise Refused(406, detail="Only application/json is supported.")


def _referred(world: World, ref: str) -> Dialog:
    dialog: Dialog | None = None
    if ref.startswith(_DIALOG_REF) and is_guid(ref.removeprefix(_DIALOG_REF)):
        dialog = world.dialogs.get(str(uuid.UUID(ref.removeprefix(_DIALOG_REF))))
    elif ref.startswith(_OTHER_REFS):
        found = (one for one in world.dialogs.values() if ref.lower() in one.service_owner_labels)
        dialog = next(found, None)
    else:
        raise Refused(400, {"instanceRef": [f"Value [{ref}] is not valid for a [InstanceRef] property!"]})
    if dialog is None or dialog.deleted_at is not None:
        raise not_found("InstanceRef", ref)
    return dialog


def _known_services(world: World) -> list[str]:
    used = {dialog.service_resource for dialog in world.dialogs.values()}
    return sorted(used | set(world.access.services) | set(world.access.levels))


def _service(world: World, resource: str) -> JsonObject:
    service = world.access.service(resource)
    return {
        "serviceResource": {
            "id": resource,
            "resourceType": service.type,
            "status": "Active",
            "isDelegable": True,
            "minimumAuthenticationLevel": world.access.level_needed(resource, LEVEL_WITHOUT_ROW_DETAIL),
            "name": from_pairs(service.name),
        },
        "serviceOwner": _owner(world, resource),
        "roles": [],
        "accessPackages": [],
    }


def _owner(world: World, resource: str) -> JsonObject:
    service = world.access.service(resource)
    name = service.owner_name or (("nb", service.org.upper()),)
    return {"orgNumber": service.owner_number, "code": service.org, "name": from_pairs(name)}


def _party(party: JsonObject, viewer: Viewer, heading: bool | None, subs: Any) -> JsonObject:
    urn = party["party"]
    kind = "Person" if urn.startswith(PERSON) else "Organization" if urn.startswith(ORGANISATION) else "SelfIdentified"
    return without_nulls(
        {
            "party": urn,
            "partyUuid": party.get("partyUuid") or str(uuid.uuid5(uuid.NAMESPACE_URL, urn)),
            "partyId": party.get("partyId", 50_000_000 + uuid.uuid5(uuid.NAMESPACE_URL, urn).int % 10_000_000),
            "name": party["name"],
            "dateOfBirth": party.get("dateOfBirth"),
            "partyType": party.get("partyType", kind),
            "isDeleted": bool(party.get("isDeleted", False)),
            "hasKeyRole": False,
            "isCurrentEndUser": urn == viewer.caller.urn,
            "isMainAdministrator": False,
            "isAccessManager": False,
            "hasOnlyAccessToSubParties": bool(party.get("hasOnlyAccessToSubParties") or heading),
            "subParties": list(subs) or None,
        }
    )


def _local_party() -> JsonObject:
    def one(urn: str, name: str) -> JsonObject:
        return {
            "party": urn,
            "partyUuid": str(uuid.uuid4()),
            "partyId": 0,
            "name": name,
            "partyType": "Person",
            "isDeleted": False,
            "hasKeyRole": False,
            "isCurrentEndUser": True,
            "isMainAdministrator": False,
            "isAccessManager": False,
            "hasOnlyAccessToSubParties": False,
        }

    sub = one("urn:altinn:organization:identifier-no:123456789", "Local Sub Party")
    return {**one("urn:altinn:person:identifier-no:03886595947", "Local Party"), "subParties": [sub]}
