"""The demo inbox: a believable Norwegian inbox as data, made by pure functions.

`steps(now)` is what service owners and humans have done up to `now`, as recorded-style exchanges of the genuine API;
`access(now)` says who may see what; `registration(...)` names the Maskinporten client and the system users,
`idporten_registration(...)` the client at which persons log in; `load` applies it all to a world. One module for each
producer, `script` to write them down, `people` and `services` for who and what. Nothing here knows HTTP, a clock, or
chance: the same `now` gives the same inbox, ids included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sync.sandbox.access import read_access
from sync.sandbox.callers import Json
from sync.sandbox.idporten_clients import client_of
from sync.sandbox.registry import MaskinportenClient, SystemUser
from sync.sandbox.seed import (
    app_inbox,
    correspondence,
    direct,
    long_cases,
    migrated,
    nav_family,
    nav_sick_leave,
    people,
    skatteetaten,
)
from sync.sandbox.seed.script import Entry, Exchange, Script
from sync.sandbox.seed.services import resources
from sync.sandbox.world import World

_PRODUCERS: tuple[Callable[[Script], None], ...] = (
    app_inbox.add_to,
    correspondence.add_to,
    nav_sick_leave.add_to,
    nav_family.add_to,
    skatteetaten.add_to,
    migrated.add_to,
    direct.add_to,
    long_cases.add_to,
)


class StepRefused(Exception):
    """A world that did not accept a step of the demo inbox."""


def script_of(now: datetime) -> Script:
    """The whole script: its exchanges, and a catalogue that names the reference row of each dialog."""
    script = Script(now)
    for add_to in _PRODUCERS:
        add_to(script)
    return script


def steps(now: datetime) -> list[Exchange]:
    """`{"at", "caller"?, "request": {"method", "path", "headers", "body"}}` in time order, all before `now`.

    Without `caller` it is a service owner's write, with it a human's own act.
    """
    return script_of(now).exchanges()


def catalogue(now: datetime) -> list[Entry]:
    """Which dialog of `steps(now)` shows which row of the reference."""
    return script_of(now).catalogue


def access(now: datetime) -> dict[str, Json]:
    """The access model, in the shape of `PUT /control/access`."""
    delegated = next(entry.id for entry in catalogue(now) if entry.party is people.PADDLERS)
    callers: dict[str, dict[str, Json]] = {
        caller: {"parties": [party.urn for party in parties]} for caller, parties in people.SEES.items()
    }
    callers[people.BAKERY_SYSTEM_USER]["instances"] = [delegated]
    callers[people.ACCOUNTING_SYSTEM_USER]["denied_attributes"] = [direct.PAY_ATTRIBUTE]
    callers[people.PAYROLL_SYSTEM_USER]["denied_actions"] = ["write"]
    callers[people.PAYROLL_SYSTEM_USER]["denied_resources"] = [*_not_for_payroll()]
    table = resources()
    return {
        "parties": [people.party_entry(party) for party in people.top_parties()],
        "callers": {**callers},
        "levels": {resource: entry["level"] for resource, entry in table.items()},
        "services": {
            resource: {key: value for key, value in entry.items() if key != "level"}
            for resource, entry in table.items()
        },
        "names": _names(),
    }


def _not_for_payroll() -> list[str]:
    """What a payroll system user has no package for: everything but Nav and Skatteetaten's tax cards."""
    return sorted(
        resource
        for resource, entry in resources().items()
        if entry["org"] != "nav" and not resource.endswith(skatteetaten.TAX_CARDS)
    )


def _names() -> dict[str, Json]:
    names: dict[str, Json] = {person.caller: person.name for person in people.PERSONS}
    names.update({organisation.number: organisation.name for organisation in people.ORGANISATIONS})
    owners = (people.BAKERY, people.ACCOUNTANT, people.ACCOUNTANT)
    names.update({user: owner.name for user, owner in zip(people.SYSTEM_USERS, owners, strict=True)})
    return names


def registration(public_keys: Sequence[Mapping[str, str]]) -> dict[str, list[dict[str, Json]]]:
    """`{"clients": [...], "system_users": [...]}` for `/control/clients` and `/control/system-users`.

    public_keys  public JWKs, each with its `kid`
    """
    users = (
        (people.BAKERY_SYSTEM_USER, people.BAKERY, None),
        (people.ACCOUNTING_SYSTEM_USER, people.ACCOUNTANT, "regnskap"),
        (people.PAYROLL_SYSTEM_USER, people.ACCOUNTANT, "lonn"),
    )
    return {
        "clients": [
            {
                "client_id": people.CLIENT_ID,
                "keys": [dict(key) for key in public_keys],
                "scopes": [people.SCOPE],
                "org": people.VENDOR.number,
                "token_lifetime": 119,
            }
        ],
        "system_users": [
            {
                "id": user,
                "org": owner.number,
                "client_id": people.CLIENT_ID,
                "external_ref": reference,
                "system_id": f"{people.VENDOR.number}_dialogarkiv",
            }
            for user, owner, reference in users
        ],
    }


def idporten_registration(public_keys: Sequence[Mapping[str, str]]) -> dict[str, Json]:
    """The ID-porten client of the demo, for `/control/idporten-clients`: a consent of 90 days, one-time refresh tokens.

    It may send people back to port 8765, to any port of 127.0.0.1, and to a page that is not there (for paste-back).
    """
    redirects = ("http://localhost:8765/callback", "http://127.0.0.1:0/callback", "https://arkiv.example/callback")
    return {
        "client_id": people.IDPORTEN_CLIENT_ID,
        "keys": [dict(key) for key in public_keys],
        "redirect_uris": [*redirects],
        "scopes": [*people.IDPORTEN_SCOPES],
        "org": people.VENDOR.number,
        "access_token_lifetime": 120,
        "refresh_token_lifetime": 30 * 86_400,
        "authorization_lifetime": 90 * 86_400,
    }


def register(
    world: World,
    public_keys: Sequence[Mapping[str, str]],
    person_keys: Sequence[Mapping[str, str]] | None = None,
) -> None:
    """Registers the demo's clients and its system users: at Maskinporten with the first keys, at ID-porten with the
    second, or the same.
    """
    world.idporten.clients.add(client_of(idporten_registration(public_keys if person_keys is None else person_keys)))
    world.idporten.preselected = people.LOGS_IN.pid
    org, client = people.VENDOR.number, people.CLIENT_ID
    world.registry.add_client(MaskinportenClient(client, tuple(public_keys), (people.SCOPE,), org))
    for user in registration(public_keys)["system_users"]:
        reference = user["external_ref"]
        world.registry.add_system_user(
            SystemUser(
                id=str(user["id"]),
                org=str(user["org"]),
                client_id=client,
                external_ref=None if reference is None else str(reference),
                system_id=str(user["system_id"]),
            )
        )


def load(world: World, now: datetime, extra: Sequence[Exchange] = ()) -> None:
    """Sets the access model and plays the whole inbox, then `extra`; the request log starts empty afterwards.

    StepRefused names the first step refused.
    """
    world.access = read_access(access(now))
    for step in [*steps(now), *extra]:
        answer = world.apply(step)
        if not 200 <= int(answer["status"]) < 300:
            request = step["request"]
            assert isinstance(request, dict)
            raise StepRefused(f"{request['method']} {request['path']} was answered with {answer['status']}")
    world.requests.reset()


def scenario(name: str, now: datetime) -> list[Exchange]:
    """Extra steps that the demo inbox leaves out. KeyError for an unknown name.

    contentless  an API-only dialog without content: its detail is a 500 for ever, and opening it marks it as seen
                 all the same (reference: end-user API §17 row 2)
    """
    return SCENARIOS[name](now)


def _contentless(now: datetime) -> list[Exchange]:
    script = Script(now)
    at = script.day(1, "04:00")
    script.create(
        "17.2 API-only without content", "contentless", at, people.BAKERY, direct.STATISTICS, {"isApiOnly": True}
    )
    return script.exchanges()


SCENARIOS: dict[str, Callable[[datetime], list[Exchange]]] = {"contentless": _contentless}

__all__ = [
    "SCENARIOS",
    "Entry",
    "StepRefused",
    "access",
    "catalogue",
    "idporten_registration",
    "load",
    "register",
    "registration",
    "resources",
    "scenario",
    "script_of",
    "steps",
]
