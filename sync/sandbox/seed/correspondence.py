"""Letters through Altinn Correspondence (reference: producers §3).

Opening, confirming and the patches that follow are silent, as they are in production: only a fresh look at the dialog
shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync.sandbox.seed.people import (
    BAKERY,
    BAKERY_SHOP,
    HOUSING,
    JOINERY,
    POTTERY,
    RENTAL,
    SEAFOOD,
    SEAFOOD_LANDING,
    SOLVEIG,
    TRANSPORT,
    Party,
)
from sync.sandbox.seed.script import SERVICE_OWNER, Body, Dialog, Script, by, embed, plain, texts, uuid4

PLATFORM = "https://platform.altinn.example/correspondence/api/v1/correspondence"
PUBLISHED = texts("Melding publisert.")


@dataclass(frozen=True)
class Letter:
    """What a letter says: service, title, summary, files, and what the sender calls itself."""

    service: str
    title: str
    summary: str
    files: tuple[str, ...] = ()
    sender: str | None = None
    notified: bool = True


INSPECTION = Letter(
    "dat-tilsynsrapport",
    "Tilsynsrapport med pålegg",
    "Rapporten må bekreftes mottatt.",
    ("Tilsynsrapport.pdf", "Vedlegg 1 – bilder.pdf"),
    "Arbeidstilsynet, region midt",
)
CAPACITY = Letter("sorvika-saksbehandling", "Vedtak om skjenkebevilling", "Bevillingen er innvilget.", ("Vedtak.pdf",))
WATER = Letter("sorvika-vann-avlop", "Varsel om avlesning av vannmåler", "Les av måleren innen fristen.", ())
ADVICE = Letter("mat-tilsyn", "Oppfølging etter tilsyn", "Se merknader i rapporten.", ("Kvittering for tilsyn.pdf",))
INVOICE = Letter(
    "sorvika-eiendomsskatt", "Skatteseddel for eiendomsskatt", "Klagefrist seks uker.", ("Skatteseddel.pdf",)
)
PENSION = Letter("spk-brev", "Årlig oversikt fra tjenestepensjonen", "Oversikten er til orientering.", notified=False)
COMPLAINT = Letter("sorvika-saksbehandling", "Svar på klage", "Klagen er tatt delvis til følge.", ("Svarbrev.pdf",))
NEIGHBOUR = Letter(
    "sorvika-byggesak", "Varsel om oppstart av planarbeid", "Merknader kan sendes innen fristen.", ("Kart.pdf",)
)
QUOTA = Letter("fiskeri-kvotebrev", "Kvotebrev", "Kvotebrevet må bekreftes mottatt.", ("Kvotebrev.pdf",))
FIRE = Letter(
    "sorvika-feiing", "Pålegg om utbedring av fyringsanlegg", "Bekreft at pålegget er mottatt.", ("Pålegg.pdf",)
)
HEALTH = Letter("hdir-journalinnsyn", "Svar fra sykehuset", "Du har fått svar på henvisningen.", ("Svar.pdf",))
LETTERS = (INSPECTION, CAPACITY, WATER, ADVICE, INVOICE, PENSION, COMPLAINT, NEIGHBOUR, QUOTA, FIRE, HEALTH)
REMINDER_SERVICE = "digdir-ulest-konfidensiell"


def _machine(name: str, action: str, method: str, url: str) -> Body:
    return {"action": action, "name": name, "endpoints": [{"url": url, "httpMethod": method}]}


def api_actions(base: str, files: tuple[tuple[str, str], ...], *, confirm: bool) -> list[Body]:
    """Get, purge, confirm where it is due, and one download for each file. Confirm and purge ask for `write`."""
    actions = [_machine("getCorrespondence", "read", "GET", base)]
    actions.append(_machine("purgeCorrespondence", "write", "DELETE", f"{base}/purge"))
    if confirm:
        actions.append(_machine("confirmCorrespondence", "write", "POST", f"{base}/confirm"))
    actions += [_machine("downloadCorrespondenceAttachment", "read", "GET", url) for _, url in files]
    return actions


def gui_actions(base: str, *, confirm: bool, reply: str | None = None) -> list[Body]:
    """Confirm where it is due, reply link, delete. All ask for `read` only."""
    actions: list[Body] = []
    if confirm:
        title = texts("Bekreft", "Bekreft", "Confirm")
        actions.append(
            {"action": "read", "url": f"{base}/confirm", "priority": "Primary", "httpMethod": "POST", "title": title}
        )
    if reply is not None:
        actions.append({"action": "read", "url": reply, "priority": "Tertiary", "title": texts("Svar på brevet")})
    actions.append(
        {
            "action": "read",
            "url": f"{base}/purge",
            "priority": "Tertiary",
            "httpMethod": "DELETE",
            "isDeleteDialogAction": True,
            "title": texts("Slett", "Slett", "Purge"),
        }
    )
    return actions


def body_of(letter: Letter, key: str, *, confirm: bool, reply: str | None = None, **more: object) -> Body:
    """The create body of a letter; `more` goes in as it is."""
    base = f"{PLATFORM}/{uuid4(key, 'correspondence')}"
    files = tuple((name, f"{base}/attachment/{uuid4(key, name)}/download") for name in letter.files)
    content: Body = {
        "title": plain(letter.title),
        "summary": plain(letter.summary),
        "mainContentReference": embed(f"{base}/content"),
    }
    if letter.sender is not None:
        content["senderName"] = plain(letter.sender)
    attachments: list[Body] = [
        {
            "displayName": texts(name),
            "name": name,
            "urls": [{"url": url, "mediaType": "application/pdf", "consumerType": "Gui"}],
        }
        for name, url in files
    ]
    activities: list[Body] = []
    if letter.notified:
        told = texts("Varsel om mottatt melding sendt på e-post.")
        activities = [
            {"type": "Information", "performedBy": SERVICE_OWNER, "description": list(PUBLISHED)},
            {"type": "Information", "performedBy": SERVICE_OWNER, "description": told},
        ]
    return {
        "status": "RequiresAttention" if confirm else "NotApplicable",
        "externalReference": f"sak-{int(uuid4(key)[:5], 16)}",
        "content": content,
        "attachments": attachments,
        "apiActions": api_actions(base, files, confirm=confirm),
        "guiActions": gui_actions(base, confirm=confirm, reply=reply),
        "activities": activities,
        **more,
    }


def fetched(dialog: Dialog, at: datetime) -> None:
    """The recipient has read the letter: a human opens the dialog, Correspondence notes it silently."""
    dialog.opened(at)
    dialog.activity(at, "CorrespondenceOpened", by(dialog.person), silent=True)


def confirmed(dialog: Dialog, letter: Letter, at: datetime) -> None:
    """The recipient has confirmed: status and actions change in silence, the activity follows seconds later."""
    base = f"{PLATFORM}/{uuid4(dialog.key, 'correspondence')}"
    files = tuple((name, f"{base}/attachment/{uuid4(dialog.key, name)}/download") for name in letter.files)
    operations: dict[str, object] = {
        "/status": "NotApplicable",
        "/apiActions": api_actions(base, files, confirm=False),
        "/guiActions": gui_actions(base, confirm=False),
    }
    dialog.change(at, operations, silent=True)
    dialog.activity(at, "CorrespondenceConfirmed", by(dialog.person), silent=True)


# row, state, letter, party, days ago, due in days
_POST: tuple[tuple[str, str, Letter, Party, int, int | None], ...] = (
    ("3 published", "unread", CAPACITY, BAKERY, 2, None),
    ("3 published", "unread", NEIGHBOUR, HOUSING, 5, 11),
    ("3 published", "unread", ADVICE, SEAFOOD_LANDING, 1, None),
    ("3 published", "unread", INVOICE, SEAFOOD, 8, 34),
    ("3 published", "unread", COMPLAINT, SOLVEIG, 4, None),
    ("3 published", "unread", PENSION, BAKERY_SHOP, 20, None),
    ("3 published", "unread", HEALTH, SOLVEIG, 6, None),
    ("3 confirmation needed", "confirm", INSPECTION, BAKERY, 5, 9),
    ("3 confirmation needed", "confirm", QUOTA, SEAFOOD, 3, 18),
    ("3 confirmation needed", "confirm", FIRE, HOUSING, 26, -4),
    ("3 confirmation needed", "confirm-opened", INSPECTION, TRANSPORT, 7, 3),
    ("3 opened", "read", WATER, HOUSING, 12, 5),
    ("3 opened", "read", ADVICE, BAKERY, 35, None),
    ("3 opened", "read", INVOICE, JOINERY, 30, -2),
    ("3 opened", "read", PENSION, POTTERY, 48, None),
    ("3 confirmed", "confirmed", INSPECTION, JOINERY, 34, -14),
    ("3 confirmed", "confirmed", QUOTA, SEAFOOD_LANDING, 16, 10),
    ("3 purged", "purged", NEIGHBOUR, JOINERY, 44, None),
)


def add_to(script: Script) -> None:
    """Writes the letters into the script."""
    for number, (row, state, letter, party, days_ago, due) in enumerate(_POST):
        key = f"letter-{number}"
        more: Body = {} if due is None else {"dueAt": script.due(due)}
        needed = state in ("confirm", "confirm-opened", "confirmed")
        reply = "https://skjema.kommune.example/svar" if letter is NEIGHBOUR else None
        body = body_of(letter, key, confirm=needed, reply=reply, **more)
        dialog = script.create(row, key, script.day(days_ago, "06:30", key), party, letter.service, body)
        if state in ("read", "confirm-opened", "confirmed"):
            fetched(dialog, dialog.after(minutes=1_050))
        if state == "confirmed":
            confirmed(dialog, letter, dialog.after(minutes=1_052))
        elif state == "purged":
            dialog.activity(dialog.after(days=2), "DialogDeleted", silent=True)
            dialog.deleted(dialog.after(days=2), silent=True)
    _archived_unread(script)
    _reminder(script)
    _into_another_dialog(script)


def _archived_unread(script: Script) -> None:
    key = "letter-archived"
    body = body_of(WATER, key, confirm=False)
    dialog = script.create("3 published", key, script.day(18, "06:40", key), TRANSPORT, WATER.service, body)
    dialog.labelled(dialog.after(days=1), "Archive")
    binned = script.create(
        "3 published",
        "letter-binned",
        script.day(52, "06:40"),
        RENTAL,
        PENSION.service,
        body_of(PENSION, "letter-binned", confirm=False),
    )
    binned.opened(binned.after(days=3)).labelled(binned.after(days=3, minutes=1), "Bin")


def _reminder(script: Script) -> None:
    """A reminder that confidential letters lie unread: it asks for attention and offers nothing."""
    content: Body = {
        "title": plain(
            "Du har ulest konfidensiell post", "Du har ulesen konfidensiell post", "Unread confidential mail"
        ),
        "summary": plain("Én eller flere taushetsbelagte meldinger er ikke åpnet."),
        "mainContentReference": embed(f"{PLATFORM}/reminders/{uuid4('reminder')}"),
    }
    body: Body = {"status": "RequiresAttention", "content": content}
    script.create("3 confidential reminder", "reminder", script.day(4, "07:00"), SEAFOOD, REMINDER_SERVICE, body)


def _into_another_dialog(script: Script) -> None:
    """Letters that a sender puts into a case of its own, as transmissions."""
    key = "case-with-letters"
    number = f"{script.now.year}/118"
    content: Body = {
        "title": plain(f"Byggesak {number}"),
        "summary": plain("Søknad om rammetillatelse er under behandling."),
    }
    body: Body = {"status": "Awaiting", "externalReference": number, "content": content}
    dialog = script.create(
        "3 sent as a transmission", key, script.day(21, "09:20", key), HOUSING, "sorvika-byggesak-dialog", body
    )
    named: Body = {"actorType": "PartyRepresentative", "actorName": "Plan og bygg, Sørvika kommune"}
    first = dialog.after(days=2)
    letter = f"{PLATFORM}/{uuid4(key, 'first')}/content"
    received = dialog.transmission(first, "Information", plain("Foreløpig svar"), sender=named, reference=letter)
    dialog.opened(dialog.after(days=3))
    dialog.activity(dialog.after(days=3), "TransmissionOpened", silent=True, transmission=received)
    second = f"{PLATFORM}/{uuid4(key, 'second')}/content"
    dialog.transmission(
        dialog.after(days=15), "Decision", plain("Rammetillatelse gitt"), sender=named, reference=second
    )
