"""Long conversations: a case with a tree of letters over many months, and one with years of monthly reports."""

from __future__ import annotations

from sync.sandbox.seed.people import HOUSING, SEAFOOD
from sync.sandbox.seed.script import Body, Script, by, plain, texts

CASEWORK = "sorvika-saksdialog"
CATCHES = "fiskeri-fangstrapportering"
SERVICES = (CASEWORK, CATCHES)
_TURNS = (
    ("Request", "Vi trenger flere opplysninger om {0}"),
    ("Submission", "Svar om {0}"),
    ("Information", "Svaret om {0} er mottatt"),
)
_TOPICS = (
    "fasade",
    "drenering",
    "brannskille",
    "parkering",
    "overvann",
    "støy",
    "lekeplass",
    "universell utforming",
    "avfall",
    "adkomst",
    "nabomerknader",
)


def add_to(script: Script) -> None:
    """Writes the long cases into the script."""
    _rehabilitation(script)
    _catch_reports(script)


def _rehabilitation(script: Script) -> None:
    body: Body = {
        "status": "Awaiting",
        "process": f"urn:sorvika:sak:{script.now.year}-44",
        "progress": 10,
        "content": {
            "title": plain("Rehabilitering av Granlia borettslag", "Rehabilitering av Granlia burettslag"),
            "summary": plain("Kommunen behandler søknaden."),
            "senderName": plain("Sørvika kommune, byggesak"),
        },
    }
    dialog = script.create("5 long case", "long-case", script.day(118, "08:00"), HOUSING, CASEWORK, body)
    previous: str | None = None
    for number, topic in enumerate(_TOPICS):
        asked: str | None = previous if number % 3 == 2 else None
        request: str | None = None
        for step, (kind, title) in enumerate(_TURNS):
            at = dialog.after(days=3 + number * 10 + step * 2, minutes=17 * number)
            party = kind == "Submission"
            if kind == "Information" and number % 2:
                asked = request
            asked = dialog.transmission(
                at,
                kind,
                plain(title.format(topic)),
                related=asked,
                sender=by(dialog.person) if party else None,
                attachments=_drawing(number) if party else [],
            )
            request = asked if kind == "Request" else request
            if kind == "Request" and number < 9:
                dialog.activity(dialog.after(days=4 + number * 10), "TransmissionOpened", transmission=asked)
        previous = asked
        dialog.change(dialog.after(days=8 + number * 10), {"/progress": 10 + 8 * number}, silent=number % 2 == 0)
    note = dialog.after(days=60)
    aside = dialog.transmission(note, "Information", plain("Merknad fra nabo"), silent=True)
    dialog.edited(dialog.after(days=95), aside, "Information", plain("Merknad fra nabo, rettet"), note)
    dialog.change(dialog.after(days=116), {"/status": "InProgress", "/dueAt": script.due(15)})


def _drawing(number: int) -> list[Body]:
    url: Body = {"url": f"https://sorvika.example/sak/44/tegning-{number}.pdf", "mediaType": "application/pdf"}
    return [
        {
            "displayName": texts(f"Tegning {number + 1}"),
            "name": f"tegning-{number + 1}.pdf",
            "urls": [{**url, "consumerType": "Gui"}],
        }
    ]


def _catch_reports(script: Script) -> None:
    body: Body = {
        "content": {
            "title": plain("Fangstrapportering", "Fangstrapportering", "Catch reports"),
            "summary": plain("Ukentlige rapporter og kvitteringer."),
        }
    }
    dialog = script.create("5 long case", "catches", script.day(160, "05:30"), SEAFOOD, CATCHES, body)
    sender: Body = {"actorType": "PartyRepresentative", "actorId": SEAFOOD.urn}
    for week in range(1, 21):
        at = dialog.after(days=week * 7, minutes=week)
        sent = dialog.transmission(
            at, "Submission", plain(f"Rapport, uke {week}"), sender=sender, externalReference=f"uke-{week}"
        )
        answer = "Rejection" if week == 20 else "Acceptance"
        title = "Rapporten mangler fartøy" if week == 20 else f"Kvittering, uke {week}"
        dialog.transmission(dialog.after(days=week * 7, minutes=week + 4), answer, plain(title), related=sent)
    dialog.opened(dialog.after(days=150))
