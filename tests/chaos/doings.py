"""What others do to the world of a chaos run: service owners, humans, access managers, and what goes wrong.

Every doing takes which dialog (any number: it is taken modulo what there is) and a variant (any number). One that
does not apply does nothing. None of them asks for a token or knows our program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sync.sandbox.access import Service
from sync.sandbox.dialogs import Dialog
from tests.faults.playground import HUMAN, A, B, C, Playground, text, word

PLAIN, LETTERS, SECRET = (f"urn:altinn:resource:{name}" for name in ("prove", "brev", "hemmelig"))
SERVICES = (PLAIN, PLAIN, LETTERS, SECRET)
STATUSES = ("InProgress", "Completed", "RequiresAttention", "NotApplicable", "Awaiting", "Draft")
SKEWS = (0, 0, -20, 7)  # seconds that the replica which takes the write is off
MANY = 22  # dialogs of a bulk import: more than the guard lets go at once


@dataclass
class Stage:
    """The playground, and what the doings must remember."""

    play: Playground
    parties: list[str] = field(default_factory=lambda: [A, B])
    instances: set[str] = field(default_factory=set)
    denied_actions: set[str] = field(default_factory=set)
    denied_resources: set[str] = field(default_factory=set)
    denied_attributes: set[str] = field(default_factory=set)
    levels: dict[str, int] = field(default_factory=dict)
    rights_changed: bool = False
    number: int = 0

    def __post_init__(self) -> None:
        self.entitle()

    @property
    def now(self) -> datetime:
        return self.play.clock.now()

    @property
    def alive(self) -> list[Dialog]:
        """The dialogs that a service owner may still write to."""
        return [each for each in self.play.world.dialogs.values() if each.deleted_at is None]

    def pick(self, which: int, among: list[Dialog] | None = None) -> Dialog | None:
        found = self.alive if among is None else among
        return found[which % len(found)] if found else None

    def new_title(self, what: str) -> str:
        self.number += 1
        return f"{what} {self.number}"

    def entitle(self) -> None:
        """Makes our rights what they are to be."""
        more = {
            "instances": sorted(self.instances),
            "denied_actions": sorted(self.denied_actions),
            "denied_resources": sorted(self.denied_resources),
            "denied_attributes": sorted(self.denied_attributes),
        }
        self.play.allow(*self.parties, levels=dict(self.levels), **more)
        services = self.play.world.access.services
        services[LETTERS] = Service(org="nav", type="CorrespondenceService")
        services[PLAIN] = services[SECRET] = Service()

    def owner(self, method: str, path: str, body: object = None, *, silent: bool = False, variant: int = 0) -> None:
        at = self.now + timedelta(seconds=SKEWS[variant % len(SKEWS)])
        ending = "?isSilentUpdate=true" if silent else ""
        request = {"method": method, "path": f"/api/v1/serviceowner/dialogs{path}{ending}", "body": body}
        self.play.world.apply({"request": request}, at)  # what the server refuses has not happened

    def patch(self, dialog: Dialog, path: str, value: object, *, silent: bool, variant: int = 0) -> None:
        what = [{"op": "add", "path": path, "value": value}]
        self.owner("PATCH", f"/{dialog.id}", what, silent=silent, variant=variant)

    def human(self, method: str, dialog: Dialog, ending: str = "", body: object = None) -> None:
        request = {"method": method, "path": f"/api/v1/enduser/dialogs/{dialog.id}{ending}", "body": body}
        self.play.world.apply({"request": request, "caller": HUMAN})


def _body(stage: Stage, variant: int, **more: object) -> dict[str, object]:
    title = stage.new_title("Sak")
    service = SERVICES[variant % len(SERVICES)]
    content = {"title": text(title), "summary": text(f"Om {title}")}
    if service == SECRET and variant % 3:
        content |= {"nonSensitiveTitle": text(f"Skjult {title}"), "nonSensitiveSummary": text("Skjult")}
    return {
        "serviceResource": service,
        "party": (A, B, A, B, C)[variant // 4 % 5],
        "status": STATUSES[variant // 7 % len(STATUSES)],
        "content": content,
        **more,
    }


def _letter(stage: Stage, variant: int, **more: object) -> dict[str, object]:
    kind = ("Information", "Submission", "Decision", "Request")[variant % 4]
    sender: dict[str, object] = {"actorType": "ServiceOwner"}
    if kind == "Submission":
        sender = {"actorType": "PartyRepresentative", "actorName": "TORGEIR ÅSNES"}
    body: dict[str, object] = {
        "type": kind,
        "sender": sender,
        "content": {"title": text(stage.new_title("Brev"))},
        **more,
    }
    if variant % 3 == 1:
        body["attachments"] = [_attachment(stage, variant)]
    if variant % 5 == 1:
        body["authorizationAttribute"] = "urn:altinn:subresource:bare-noen"
    return body


def _attachment(stage: Stage, variant: int) -> dict[str, object]:
    name = stage.new_title("Vedlegg")
    url = {"url": f"https://example.com/{stage.number}", "mediaType": "application/pdf"}
    found: dict[str, object] = {
        "displayName": [word(name)],
        "urls": [{**url, "consumerType": ("Gui", "Api")[variant % 2]}],
    }
    if variant % 4 == 1:
        found["expiresAt"] = (stage.now + timedelta(hours=1 + variant % 90)).isoformat()
    return found


def _happened(stage: Stage, variant: int, dialog: Dialog) -> dict[str, object]:
    who = {"actorType": "PartyRepresentative", "actorId": "urn:altinn:person:identifier-no:12857910093"}
    letters = [each["id"] for each in dialog.transmissions]
    if letters and variant % 3 == 0:
        opened = letters[variant % len(letters)]
        return {"type": "TransmissionOpened", "transmissionId": opened, "performedBy": who}
    if dialog.service_resource == LETTERS and variant % 2:
        return {"type": "CorrespondenceOpened", "performedBy": who}
    return {
        "type": "Information",
        "performedBy": {"actorType": "ServiceOwner"},
        "description": [word(stage.new_title("Gjort"))],
    }


# Service owners


def makes(stage: Stage, _which: int, variant: int) -> None:
    stage.owner("POST", "", _body(stage, variant), silent=variant % 5 == 0, variant=variant)


def makes_one_with_everything(stage: Stage, _which: int, variant: int) -> None:
    action = {
        "action": "write",
        "url": "https://example.com/skjema",
        "priority": "Primary",
        "title": [word("Fyll ut")],
    }
    call = {
        "action": "submit",
        "name": "levere",
        "endpoints": [{"url": "https://example.com/api", "httpMethod": "POST"}],
    }
    body = _body(
        stage,
        variant,
        attachments=[_attachment(stage, variant)],
        guiActions=[action],
        apiActions=[call],
        transmissions=[_letter(stage, variant), _letter(stage, variant + 1)],
        activities=[
            {"type": "DialogCreated", "performedBy": {"actorType": "ServiceOwner"}},
        ],
        dueAt=(stage.now + timedelta(days=20)).isoformat(),
    )
    stage.owner("POST", "", body, variant=variant)


def makes_one_for_machines(stage: Stage, _which: int, variant: int) -> None:
    body = _body(stage, variant, isApiOnly=True)
    if variant % 3 == 0:
        del body["content"]
    stage.owner("POST", "", body, variant=variant)


def back_dates(stage: Stage, _which: int, variant: int) -> None:
    made = (stage.now - timedelta(days=1 + variant % 4000)).isoformat()
    stage.owner("POST", "", _body(stage, variant, createdAt=made, updatedAt=made))


def makes_one_for_later(stage: Stage, _which: int, variant: int) -> None:
    shown = (stage.now + timedelta(hours=1 + variant % 60)).isoformat()
    stage.owner("POST", "", _body(stage, variant, visibleFrom=shown))


def makes_one_that_ends(stage: Stage, _which: int, variant: int) -> None:
    ends = (stage.now + timedelta(hours=1 + variant % 60)).isoformat()
    stage.owner("POST", "", _body(stage, variant, expiresAt=ends))


def makes_one_that_shows_late(stage: Stage, _which: int, variant: int) -> None:
    switches = stage.play.world.switches
    switches.late_commit_seconds = 1.0 + variant % 40
    stage.play.write("POST", "/serviceowner/dialogs", _body(stage, variant))
    switches.late_commit_seconds = 0.0


def imports_many(stage: Stage, _which: int, _variant: int) -> None:
    if any(each.service_resource.endswith("annet") for each in stage.alive):
        return
    at = (stage.now - timedelta(days=400)).isoformat()
    for _ in range(MANY):
        title = {"title": text(stage.new_title("Import"))}
        body = {"serviceResource": "urn:altinn:resource:annet", "party": A, "content": title}
        stage.owner("POST", "", {**body, "createdAt": at, "updatedAt": at})


def sets_title(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None and dialog.content is not None:
        stage.patch(
            dialog, "/content/title", text(stage.new_title("Ny tittel")), silent=variant % 2 == 0, variant=variant
        )


def sets_status(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None:
        status = STATUSES[variant // 2 % len(STATUSES)]
        stage.patch(dialog, "/status", status, silent=variant % 2 == 0, variant=variant)


def sets_progress(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None:
        stage.patch(dialog, "/progress", variant % 101, silent=variant % 2 == 0, variant=variant)


def sets_due_date(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None:
        due = None if variant % 5 == 0 else (stage.now + timedelta(days=1 + variant % 50)).isoformat()
        stage.patch(dialog, "/dueAt", due, silent=variant % 2 == 0, variant=variant)


def sets_end(stage: Stage, which: int, variant: int) -> None:
    """Expired ones too: that brings them back."""
    dialog = stage.pick(which)
    if dialog is not None:
        ends = (stage.now + timedelta(hours=1 + variant % 40)).isoformat() if variant % 3 else None
        stage.patch(dialog, "/expiresAt", ends, silent=variant % 2 == 0, variant=variant)


def sets_more_text(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None and dialog.content is not None:
        silent = variant % 2 == 0
        stage.patch(dialog, "/content/additionalInfo", text(stage.new_title("Mer")), silent=silent, variant=variant)


def sets_actions(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is None:
        return
    gui: dict[str, object] = {
        "action": ("write", "read", "sign")[variant % 3],
        "url": f"https://example.com/{stage.number}",
    }
    gui |= {"priority": "Primary", "title": [word(stage.new_title("Gjør"))]}
    stage.patch(dialog, "/guiActions", [gui] if variant % 5 else [], silent=variant % 2 == 0, variant=variant)


def sets_attachments(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None:
        found = [_attachment(stage, variant + each) for each in range(variant % 3)]
        stage.patch(dialog, "/attachments", found, silent=variant % 2 == 0, variant=variant)


def sends_letter(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None:
        more = {} if variant % 4 else {"createdAt": (stage.now - timedelta(days=variant % 900)).isoformat()}
        body = _letter(stage, variant, **more)
        stage.owner("POST", f"/{dialog.id}/transmissions", body, silent=variant // 4 % 2 == 0, variant=variant)


def edits_letter(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which, [each for each in stage.alive if each.transmissions])
    if dialog is not None:
        letter = dialog.transmissions[variant % len(dialog.transmissions)]["id"]
        stage.owner("PUT", f"/{dialog.id}/transmissions/{letter}", _letter(stage, variant), silent=True)


def notes_activity(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None:
        body = _happened(stage, variant, dialog)
        if variant % 4 == 0:
            body["createdAt"] = (stage.now - timedelta(days=variant % 900)).isoformat()
        stage.owner("POST", f"/{dialog.id}/activities", body, silent=variant // 4 % 2 == 0, variant=variant)


def deletes(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None:
        stage.owner("DELETE", f"/{dialog.id}", silent=variant % 2 == 0)


def restores(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which, [each for each in stage.play.world.dialogs.values() if each.deleted_at is not None])
    if dialog is not None:
        stage.owner("POST", f"/{dialog.id}/actions/restore", silent=variant % 2 == 0)


def purges(stage: Stage, which: int, _variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None:
        stage.owner("POST", f"/{dialog.id}/actions/purge")


# Humans


def opens(stage: Stage, which: int, _variant: int) -> None:
    now = stage.play.world.now()
    readable = [each for each in stage.alive if each.is_listed(now) and each.content is not None]
    dialog = stage.pick(which, readable)
    if dialog is not None and dialog.id not in stage.play.world.switches.broken_details:
        stage.human("GET", dialog)


def labels(stage: Stage, which: int, variant: int) -> None:
    dialog = stage.pick(which)
    if dialog is not None:
        bodies = (
            {"addLabels": ["MarkedAsUnopened"]},
            {"addLabels": ["Archive"]},
            {"removeLabels": ["MarkedAsUnopened"]},
            {"addLabels": ["Bin"]},
            {"addLabels": ["MarkedAsUnopened"]},
            {"addLabels": ["Default"]},
        )
        stage.human("PUT", dialog, "/context/systemlabels", bodies[variant % len(bodies)])


# Access managers


def _turn(names: set[str], name: str) -> None:
    names.symmetric_difference_update({name})


def changes_parties(stage: Stage, which: int, _variant: int) -> None:
    party = (A, B, C)[which % 3]
    if stage.parties == [party]:
        return  # who has none at all may still have single dialogs, and no search shows them
    if party in stage.parties:
        stage.parties.remove(party)
    else:
        stage.parties.append(party)
    stage.entitle()


def delegates_dialog(stage: Stage, which: int, _variant: int) -> None:
    dialog = stage.pick(which, [each for each in stage.alive if each.party == C] or None)
    if dialog is not None:
        _turn(stage.instances, dialog.id)
        stage.entitle()


def denies(stage: Stage, which: int, variant: int) -> None:
    stage.rights_changed = True
    match which % 4:
        case 0:
            _turn(stage.denied_actions, ("*", "read", "write", "submit")[variant % 4])
        case 1:
            _turn(stage.denied_resources, SERVICES[variant % len(SERVICES)])
        case 2:
            _turn(stage.denied_resources, "urn:altinn:resource:annet")
        case _:
            _turn(stage.denied_attributes, "urn:altinn:subresource:bare-noen")
    stage.entitle()


def changes_level(stage: Stage, which: int, _variant: int) -> None:
    service = (SECRET, SECRET, PLAIN)[which % 3]
    stage.levels[service] = 4 if stage.levels.get(service, 3) == 3 else 3
    stage.entitle()


def hides_party(stage: Stage, which: int, variant: int) -> None:
    until = (stage.now + timedelta(minutes=5 + variant % 40)).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    stage.play.world.switches.hidden_parties[(A, B, C)[which % 3]] = until


# Trouble

_PATHS = (
    r"/enduser/dialogs\?",
    "/transmissions",
    "/activities",
    "/seenlog",
    "/labellog",
    "/enduser/dialogs/[^/?]+$",
    "/systemlabels",
    "/enduser/parties",
    "/dialoglookup",
    "/metadata/",
    "",
)
_FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 429},
    {"status": 429, "headers": {"Retry-After": "40"}},
    {"status": 503, "headers": {"Retry-After": "Mon, 02 Mar 2026 09:00:00 GMT"}},
    {"status": 502},
    {"status": 500},
    {"kind": "cut"},
    {"kind": "drop"},
    {"kind": "lost"},
)


def breaks_requests(stage: Stage, which: int, variant: int) -> None:
    fault = _FAULTS[variant % len(_FAULTS)]
    times = (1, 2, 5, 9)[variant // 7 % 4]
    stage.play.fault(_PATHS[which % len(_PATHS)], times=times, after=variant // 28 % 4, **fault)


def answers_in_its_place(stage: Stage, which: int, variant: int) -> None:
    """Something that stands in between answers well, and tells nothing."""
    path = (_PATHS[0], "/enduser/parties", "/metadata/")[which % 3]
    body = ("{}", '{"items": []}', '{"authorizedParties": null}', "[]", "OK")[variant % 5]
    headers = {"Content-Type": "application/json"}
    stage.play.fault(
        path, times=(1, 2, 5)[variant // 5 % 3], after=variant // 15 % 4, status=200, body=body, headers=headers
    )


def finds_it_too_broad(stage: Stage, which: int, variant: int) -> None:
    if which % 2:
        stage.play.world.switches.too_broad_parties = 1
    else:
        body = '{"title": "x", "status": 422, "errors": {"Search": ["The search matched too many dialogs"]}}'
        stage.play.fault(_PATHS[0], times=1 + variant % 5, status=422, body=body)


def misbehaves(stage: Stage, which: int, variant: int) -> None:
    switches, dialog = stage.play.world.switches, stage.pick(variant)
    match which % 6:
        case 0:
            switches.duplicate_item = not switches.duplicate_item
        case 1:
            same = (stage.now - timedelta(minutes=variant % 30)).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
            switches.equal_timestamp = None if switches.equal_timestamp else same
        case 2 if dialog is not None:
            broken = ({"updatedAt": "i går"}, {"status": 7}, {"id": None})[variant % 3]
            switches.broken_items[dialog.id] = broken
        case 3 if dialog is not None:
            switches.partyless_items.append(dialog.id)
        case 4 if dialog is not None:
            switches.broken_details.append(dialog.id)
        case _:
            switches.shuffled_activities = not switches.shuffled_activities
    stage.play.world.forget_rendered()


def restarts_server(stage: Stage, which: int, _variant: int) -> None:
    switches = stage.play.world.switches
    switches.resalt_each_call = which % 3 == 0
    stage.play.world.resalt()


def sets_server_clock(stage: Stage, which: int, _variant: int) -> None:
    """The replica that answers is some seconds off, in its `Date` and in what it writes."""
    seconds = (0.0, -25.0, 20.0)[which % 3]
    stage.play.world.registry.date_skew_seconds = seconds
    stage.play.world.clock.run(seconds)


def calms(stage: Stage, _which: int = 0, _variant: int = 0) -> None:
    stage.play.calm()
    stage.play.world.registry.date_skew_seconds = 0
    stage.play.world.clock.run(0)
    stage.play.world.forget_rendered()


Doing = Callable[[Stage, int, int], None]
OWNERS: tuple[Doing, ...] = (
    makes_one_with_everything,
    makes,
    makes_one_for_machines,
    back_dates,
    makes_one_for_later,
    makes_one_that_ends,
    makes_one_that_shows_late,
    imports_many,
    sets_title,
    sets_status,
    sets_progress,
    sets_due_date,
    sets_end,
    sets_more_text,
    sets_actions,
    sets_attachments,
    sends_letter,
    edits_letter,
    notes_activity,
    deletes,
    restores,
    purges,
)
HUMANS: tuple[Doing, ...] = (opens, labels)
MANAGERS: tuple[Doing, ...] = (changes_parties, delegates_dialog, denies, changes_level, hides_party)
TROUBLE: tuple[Doing, ...] = (
    breaks_requests,
    answers_in_its_place,
    finds_it_too_broad,
    misbehaves,
    restarts_server,
    sets_server_clock,
    calms,
)
# What may happen between two requests of ours.
MEANWHILE: tuple[Doing, ...] = (
    opens,
    labels,
    sets_title,
    sets_status,
    sets_progress,
    sends_letter,
    edits_letter,
    notes_activity,
    sets_attachments,
    makes,
    deletes,
    restores,
    purges,
    sets_end,
    changes_parties,
    denies,
    changes_level,
)
