"""Who may see and do what: the part of Access Management and the PDP (reference: end-user API §2.5, §2.6, §7).

The model is deliberately small: a caller represents parties, may have single dialogs delegated, and may be denied
actions (`*` = all), whole resources, or authorization attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.sandbox.callers import Caller
from sync.sandbox.dialogs import Dialog, JsonObject

LEVEL_WITHOUT_ROW_DETAIL = 3
LEVEL_WITHOUT_ROW_SEARCH = 0


@dataclass(frozen=True)
class Service:
    """A service resource as the resource registry knows it: owner's code and number, type, names by language."""

    org: str = "ttd"
    type: str = "genericaccessresource"
    name: tuple[tuple[str, str], ...] = ()
    owner_name: tuple[tuple[str, str], ...] = ()
    owner_number: str = "310000000"


@dataclass(frozen=True)
class Grants:
    """What one caller has."""

    parties: frozenset[str] = frozenset()
    instances: frozenset[str] = frozenset()
    denied_actions: frozenset[str] = frozenset()
    denied_resources: frozenset[str] = frozenset()
    denied_attributes: frozenset[str] = frozenset()
    unlimited: bool = False


NOTHING = Grants()
EVERYTHING = Grants(unlimited=True)


@dataclass
class Access:
    """The whole model, as `PUT /control/access` sets it.

    parties   objects for `/parties`, in order; callers by id; minimum levels by service resource;
    services  by service resource; names by caller id, for the seen log
    """

    parties: list[JsonObject] = field(default_factory=list)
    callers: dict[str, Grants] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def grants(self, caller: Caller) -> Grants:
        """What `caller` has; an unknown caller has nothing."""
        return self.callers.get(caller.id, NOTHING)

    def level_needed(self, resource: str, default: int) -> int:
        """The service's minimum level, or `default` where no row is known."""
        return self.levels.get(resource, default)

    def service(self, resource: str) -> Service:
        """The service; one that nobody described gets owner and type from its name."""
        known = self.services.get(resource)
        if known is not None:
            return known
        code = resource.removeprefix("urn:altinn:resource:")
        if code.startswith("app_"):
            org = code.split("_")[1] if code.count("_") >= 2 else "ttd"
            return Service(org=org, type="migratedapp" if "_a2-" in code else "altinnapp")
        return Service()

    def name_of(self, caller: Caller) -> str:
        """The name that the seen log shows."""
        known = self.names.get(caller.id)
        if known is not None:
            return known
        if caller.kind == "system-user":
            return "Systembruker"
        return "Ola Ukjent" if caller.kind == "person" else caller.id.removeprefix("email:")


def may_list(grants: Grants, dialog: Dialog) -> bool:
    """List authorization: the party is represented, or the dialog itself is delegated."""
    if grants.unlimited:
        return True
    if dialog.service_resource in grants.denied_resources:
        return False
    return dialog.party in grants.parties or dialog.id in grants.instances


def is_permitted(grants: Grants, dialog: Dialog, action: str, attribute: str | None = None) -> bool:
    """The PDP's word on one action, on the main resource or on an attribute."""
    if grants.unlimited:
        return True
    if not may_list(grants, dialog) or action in grants.denied_actions or "*" in grants.denied_actions:
        return False
    return attribute is None or attribute not in grants.denied_attributes


def has_main_access(grants: Grants, dialog: Dialog, *, with_actions: bool) -> bool:
    """Main access = any one authorized action on the main resource; the children's endpoints ask about `read` only."""
    asked = {"read"}
    if with_actions:
        asked |= {
            str(action["action"])
            for action in (*dialog.gui_actions, *dialog.api_actions)
            if action.get("authorizationAttribute") is None
        }
    return any(is_permitted(grants, dialog, action) for action in asked)


def may_read_transmission(grants: Grants, dialog: Dialog, transmission: JsonObject, main_access: bool) -> bool:
    """No attribute: as the main resource; else `transmissionread` or `read` on the attribute."""
    attribute = transmission.get("authorizationAttribute")
    if attribute is None:
        return main_access
    return any(is_permitted(grants, dialog, action, attribute) for action in ("transmissionread", "read"))


def read_access(document: Mapping[str, Any]) -> Access:
    """The model in a JSON document (shape: `PUT /control/access`). KeyError or TypeError when it is none."""
    return Access(
        parties=[dict(party) for party in document.get("parties", [])],
        callers={caller: _grants(value) for caller, value in document.get("callers", {}).items()},
        levels={resource: int(level) for resource, level in document.get("levels", {}).items()},
        services={resource: _service(value) for resource, value in document.get("services", {}).items()},
        names=dict(document.get("names", {})),
    )


def write_access(access: Access) -> JsonObject:
    """The model as a JSON document; `read_access` of it gives an equal model."""
    return {
        "parties": access.parties,
        "callers": {
            caller: {
                "parties": sorted(grants.parties),
                "instances": sorted(grants.instances),
                "denied_actions": sorted(grants.denied_actions),
                "denied_resources": sorted(grants.denied_resources),
                "denied_attributes": sorted(grants.denied_attributes),
            }
            for caller, grants in access.callers.items()
        },
        "levels": access.levels,
        "services": {
            resource: {
                "org": service.org,
                "type": service.type,
                "name": dict(service.name),
                "owner_name": dict(service.owner_name),
                "owner_number": service.owner_number,
            }
            for resource, service in access.services.items()
        },
        "names": access.names,
    }


def _grants(value: Mapping[str, Iterable[str]]) -> Grants:
    return Grants(
        parties=frozenset(party.lower() for party in value.get("parties", ())),
        instances=frozenset(value.get("instances", ())),
        denied_actions=frozenset(value.get("denied_actions", ())),
        denied_resources=frozenset(value.get("denied_resources", ())),
        denied_attributes=frozenset(value.get("denied_attributes", ())),
    )


def _service(value: Mapping[str, Any]) -> Service:
    plain = Service()
    return Service(
        org=value.get("org", plain.org),
        type=value.get("type", plain.type),
        name=tuple(value.get("name", {}).items()),
        owner_name=tuple(value.get("owner_name", {}).items()),
        owner_number=value.get("owner_number", plain.owner_number),
    )
