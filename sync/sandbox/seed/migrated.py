"""What came over from Altinn 2: forms and letters, imported in silence with their old dates (reference: producers §2.1,
§3; auth §10.3).

They are born seen. A migrated letter's id carries the time of the import, its `createdAt` the time of the letter.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.sandbox.seed.apps import SUMMARIES, App, api_actions, files, gui_actions
from sync.sandbox.seed.correspondence import PLATFORM, PUBLISHED, Letter, body_of
from sync.sandbox.seed.correspondence import api_actions as letter_api_actions
from sync.sandbox.seed.people import (
    ACTS_FOR,
    BAKERY,
    HOUSING,
    JOINERY,
    POTTERY,
    RENTAL,
    SEAFOOD,
    SOLVEIG,
    TRANSPORT,
    Party,
)
from sync.sandbox.seed.script import SERVICE_OWNER, Body, Script, by, iso, plain, texts, uuid4

OLD_ACCOUNTS = App("brg", "a2-1339-4", plain("Årsregnskap 2018"))
OLD_VAT = App("skd", "a2-3961-160621", plain("Omsetningsoppgave for merverdiavgift"))
OLD_SURVEY = App("ssb", "a2-4281-150604", plain("Struktur i varehandelen"))
OLD_APPS = (OLD_ACCOUNTS, OLD_VAT, OLD_SURVEY)
OLD_LETTER = Letter(
    "skd-migratedcorrespondence-2750-170223",
    "Skatteoppgjør for upersonlige skattytere",
    "Skatteoppgjøret er klart.",
    ("Skatteoppgjør.pdf",),
)
OLD_PROMISE = Letter(
    "dat-migratedcorrespondence-4503-131007", "Varsel om tilsyn", "Bekreft at du har lest varselet.", ("Varsel.pdf",)
)
OLD_LETTERS = (OLD_LETTER, OLD_PROMISE)

# app, party, year and day of the year it was sent in, days ago it was imported
_FORMS: tuple[tuple[App, Party, int, int, int], ...] = (
    (OLD_ACCOUNTS, JOINERY, 2019, 180, 24),
    (OLD_ACCOUNTS, RENTAL, 2019, 204, 24),
    (OLD_VAT, BAKERY, 2017, 41, 23),
    (OLD_VAT, SEAFOOD, 2020, 100, 23),
    (OLD_SURVEY, SEAFOOD, 2016, 65, 3),
)
# letter, party, year, day, imported days ago, state
_LETTERS: tuple[tuple[Letter, Party, int, int, int, str], ...] = (
    (OLD_LETTER, JOINERY, 2021, 290, 22, "read"),
    (OLD_LETTER, HOUSING, 2022, 295, 22, "archived"),
    (OLD_LETTER, RENTAL, 2018, 280, 22, "binned"),
    (OLD_PROMISE, TRANSPORT, 2023, 60, 9, "confirmed-leftover"),
    (OLD_PROMISE, SEAFOOD, 2024, 33, 9, "confirmed"),
    (OLD_LETTER, POTTERY, 2023, 299, 2, "unread"),
    (OLD_LETTER, SOLVEIG, 2020, 170, 2, "archived"),
)


def _moment(script: Script, year: int, day: int, key: str) -> datetime:
    start = script.day(1, "09:30", key)
    return start.replace(year=year, month=1, day=1) + timedelta(days=day)


def add_to(script: Script) -> None:
    """Writes the migrated items into the script."""
    for number, (app, party, year, day, days_ago) in enumerate(_FORMS):
        _form(script, f"old-form-{number}", app, party, year, day, days_ago)
    for number, (letter, party, year, day, days_ago, state) in enumerate(_LETTERS):
        _letter(script, f"old-letter-{number}", letter, party, year, day, days_ago, state)


def _form(script: Script, key: str, app: App, party: Party, year: int, day: int, days_ago: int) -> None:
    sent = _moment(script, year, day, key)
    imported = script.day(days_ago, "02:15", key)
    person = by(ACTS_FOR[party])
    body: Body = {
        "createdAt": iso(sent - timedelta(days=6)),
        "updatedAt": iso(sent),
        "status": "Completed",
        "systemLabel": "Archive",
        "content": {"title": app.title, "summary": SUMMARIES["confirmed"]},
        "guiActions": gui_actions(app, key, "receipt", None),
        "apiActions": api_actions(app, key, archived=True),
        "transmissions": [
            {
                "type": "Submission",
                "createdAt": iso(sent),
                "sender": person,
                "content": {"title": plain("Innsending #1", "Innsending #1", "Submission #1")},
                "attachments": files(app, key),
            }
        ],
        "activities": [
            {"type": "DialogCreated", "createdAt": iso(sent - timedelta(days=6)), "performedBy": by("EUS #4711")},
            {"type": "SignatureProvided", "createdAt": iso(sent), "performedBy": person},
            {"type": "DialogOpened", "createdAt": iso(sent + timedelta(days=1)), "performedBy": person},
            {"type": "DialogClosed", "createdAt": iso(sent + timedelta(days=2)), "performedBy": person},
        ],
    }
    script.create("2.1 migrated archive", key, imported, party, app.service, body, silent=True)


def _letter(
    script: Script, key: str, letter: Letter, party: Party, year: int, day: int, days_ago: int, state: str
) -> None:
    sent = _moment(script, year, day, key)
    person = by(ACTS_FOR[party])
    read = iso(sent + timedelta(days=1))
    activities: list[Body] = [
        {"type": "Information", "createdAt": iso(sent), "performedBy": SERVICE_OWNER, "description": list(PUBLISHED)}
    ]
    if state != "unread":
        activities.append({"type": "CorrespondenceOpened", "createdAt": read, "performedBy": person})
    if state.startswith("confirmed"):
        later = iso(sent + timedelta(days=1, minutes=3))
        activities.append({"type": "CorrespondenceConfirmed", "createdAt": later, "performedBy": person})
    if state == "archived":
        told = texts("Meldingen er videresendt på e-post.")
        activities.append({"type": "Information", "createdAt": read, "performedBy": SERVICE_OWNER, "description": told})
    labels: dict[str, Body] = {"archived": {"systemLabel": "Archive"}, "binned": {"systemLabel": "Bin"}}
    body: Body = {
        **body_of(letter, key, confirm=False),
        "createdAt": iso(sent),
        "updatedAt": iso(sent),
        "activities": activities,
        **labels.get(state, {}),
    }
    if state == "confirmed-leftover":
        base = f"{PLATFORM}/{uuid4(key, 'correspondence')}"
        body["apiActions"] = letter_api_actions(base, (), confirm=True)
    rows = {
        "archived": "3 migrated, archived",
        "binned": "3 migrated, binned",
        "confirmed-leftover": "3 migrated, confirmed",
    }
    row = rows.get(state, "3 migrated")
    script.create(row, key, script.day(days_ago, "03:40", key), party, letter.service, body, silent=True)
