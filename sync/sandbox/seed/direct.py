"""Direct integrations of several owners, and the states that no producer owns: API-only, not visible yet, expired,
deleted, restored, level 4, withheld, a deprecated endpoint (reference: producers §1; end-user API §12)."""

from __future__ import annotations

from datetime import timedelta

from sync.sandbox.seed.people import (
    BAKERY,
    HOUSING,
    JOINERY,
    PADDLERS,
    POTTERY,
    SEAFOOD,
    SOLVEIG,
    TRANSPORT,
)
from sync.sandbox.seed.script import Body, Script, by, embed, iso, plain, texts, uuid4

REGISTER = "mattilsynet-dyrehold-register"
WAITING_TIMES = "hdir-innrapportering"
HEALTH_SECRET = "hdir-helsefaglig-melding"  # noqa: S105 (a service at level 4 with a non-sensitive title)
CHILD_WELFARE = "bufdir-barnevernsmelding"
LOANS = "lanekassen-inntektskontroll"
STATISTICS = "ssb-maskinell-innrapportering"
GRANTS = "innovasjon-tilskudd"
PAY_ATTRIBUTE = "urn:altinn:subresource:lonnsgrunnlag"
SERVICES = (REGISTER, WAITING_TIMES, HEALTH_SECRET, CHILD_WELFARE, LOANS, STATISTICS, GRANTS)
DELEGATED_KEY = "delegated-case"


def add_to(script: Script) -> None:
    """Writes these dialogs into the script."""
    _machine_only(script)
    _time_windows(script)
    _deleted_and_restored(script)
    _secret(script)
    _actions(script)
    _delegated(script)


def _content(title: str, summary: str | None = None, **more: object) -> Body:
    parts: Body = {"title": plain(title), **more}
    if summary is not None:
        parts["summary"] = plain(summary)
    return {"content": parts}


def _machine_only(script: Script) -> None:
    for number, (party, days) in enumerate(((BAKERY, 2), (SEAFOOD, 9))):
        key = f"machine-{number}"
        url = f"https://data.ssb.example/innrapportering/v2/{uuid4(key)}"
        machine: Body = {"url": url, "mediaType": "application/json", "consumerType": "Api"}
        body: Body = {
            **_content("Kvittering for maskinell innrapportering", "Rapporten er mottatt og kontrollert."),
            "isApiOnly": True,
            "attachments": [{"displayName": texts("kvittering.json"), "urls": [machine]}],
        }
        script.create("1 P18 API-only with content", key, script.day(days, "03:00", key), party, STATISTICS, body)
    key = "machine-request"
    endpoint: Body = {"url": "https://data.ssb.example/innrapportering/v2/rapporter", "httpMethod": "POST"}
    body = {
        **_content("Forespørsel om lønnsstatistikk", "Send inn rapport for siste måned."),
        "isApiOnly": True,
        "status": "RequiresAttention",
        "dueAt": script.due(7),
        "apiActions": [{"action": "write", "name": "sendRapport", "endpoints": [endpoint]}],
    }
    dialog = script.create("1 P18 API-only with content", key, script.day(6, "03:10"), JOINERY, STATISTICS, body)
    dialog.transmission(dialog.created, "Request", plain("Send inn lønnsstatistikk"))


def _time_windows(script: Script) -> None:
    visible = iso(script.now + timedelta(days=3))
    body: Body = {**_content("Forhåndsutfylt kontroll av dyrehold"), "visibleFrom": visible}
    script.create("P16 not visible yet", "hidden", script.day(5, "10:00"), SEAFOOD, REGISTER, body)
    opening = iso(script.day(2, "06:00"))
    body = {**_content("Ny veileder for dyrehold"), "visibleFrom": opening}
    script.create("P16 became visible", "unhidden", script.day(8, "10:00"), SEAFOOD, REGISTER, body)
    body = {**_content("Invitasjon til informasjonsmøte"), "expiresAt": iso(script.day(3, "12:00"))}
    script.create("6 expired", "expired", script.day(30, "10:00"), HOUSING, GRANTS, body)
    body = {
        **_content("Utlysning av tilskudd", "Søknadsfristen er snart ute."),
        "expiresAt": iso(script.now + timedelta(days=5)),
    }
    body["attachments"] = [
        {
            "displayName": texts("Utlysningstekst"),
            "expiresAt": iso(script.day(4, "12:00")),
            "urls": [{"url": "https://tilskudd.example/utlysning.pdf", "consumerType": "Gui"}],
        }
    ]
    script.create("6 expires soon", "expiring", script.day(12, "10:00"), BAKERY, GRANTS, body)


def _deleted_and_restored(script: Script) -> None:
    body = _content("Søknad om tilskudd, trukket")
    script.create("12 soft-deleted", "deleted", script.day(25, "13:00"), SEAFOOD, GRANTS, body).deleted(
        script.day(20, "13:00")
    )
    back = script.create(
        "12 restored", "restored", script.day(27, "13:00"), BAKERY, GRANTS, _content("Søknad om tilskudd til skilt")
    )
    back.opened(script.day(26, "08:00")).deleted(script.day(20, "13:10")).restored(script.day(6, "13:20"))
    gone = script.create("12 purged", "purged", script.day(25, "14:00"), JOINERY, GRANTS, _content("Feilsendt brev"))
    gone.purged(script.day(24, "14:00"))
    marked = script.create(
        "6.2 marked as unopened", "marked", script.day(9, "14:00"), POTTERY, GRANTS, _content("Tilskudd innvilget")
    )
    marked.opened(script.day(8, "14:00")).labelled(script.day(8, "14:05"), "MarkedAsUnopened")


def _secret(script: Script) -> None:
    """Level 4: with and without a harmless title to show to those below it."""
    harmless: Body = {
        "nonSensitiveTitle": plain("Melding fra Helsedirektoratet"),
        "nonSensitiveSummary": plain("Logg inn med høyt sikkerhetsnivå for å lese."),
    }
    body = _content("Oppfølging av ansatt etter smittefunn", "Tre ansatte må følges opp.", **harmless)
    script.create("1 P13 level 4, harmless title", "secret-0", script.day(7, "11:00"), SEAFOOD, HEALTH_SECRET, body)
    body = {**_content("Oppfølging av kjøkkenpersonell", "Prøvesvar foreligger.", **harmless), "dueAt": script.due(6)}
    body["status"] = "RequiresAttention"
    script.create("1 P13 level 4, harmless title", "secret-1", script.day(3, "11:00"), BAKERY, HEALTH_SECRET, body)
    body = _content("Bekymringsmelding", "Svar på henvendelse.")
    script.create("1 P13 level 4, no other title", "secret-2", script.day(5, "11:00"), SOLVEIG, CHILD_WELFARE, body)
    script.create("1 P13 level 4, no other title", "secret-3", script.day(15, "11:00"), HOUSING, CHILD_WELFARE, body)


def _actions(script: Script) -> None:
    going: Body = {
        **_content("Oppdater opplysninger om dyrehold", "Registreringen er påbegynt."),
        "status": "InProgress",
        "dueAt": script.due(29),
        "guiActions": [
            {
                "action": "write",
                "url": "https://minside.mattilsynet.example/dyrehold/123",
                "priority": "Primary",
                "title": texts("Fortsett registrering", "Hald fram registreringa"),
            },
            {
                "action": "write",
                "url": "https://minside.mattilsynet.example/dyrehold/123/avbryt",
                "priority": "Secondary",
                "httpMethod": "POST",
                "title": texts("Avbryt"),
                "prompt": texts("Er du sikker?"),
            },
        ],
    }
    script.create("6 in progress, buttons only", "buttons", script.day(13, "09:00"), SEAFOOD, REGISTER, going)
    base = "https://api.hdir.example"
    old: Body = {"version": "v1", "url": f"{base}/v1/reports", "httpMethod": "POST", "deprecated": True}
    new: Body = {
        "version": "v2",
        "url": f"{base}/v2/reports",
        "httpMethod": "POST",
        "requestSchema": f"{base}/v2/schema.json",
    }
    report: Body = {
        **_content("Rapportering av ventetider", "Rapport for forrige måned mangler."),
        "status": "RequiresAttention",
        "dueAt": script.due(5),
        "apiActions": [
            {"action": "write", "name": "sendReport", "endpoints": [{**old, "sunsetAt": script.due(25)}, new]}
        ],
    }
    dialog = script.create(
        "1 P15 deprecated endpoint", "sunset", script.day(14, "07:00"), JOINERY, WAITING_TIMES, report
    )
    dialog.transmission(dialog.created, "Request", plain("Send inn rapport"))
    only_old: Body = {
        **_content("Løpende rapportering av sykefravær"),
        "apiActions": [{"action": "write", "name": "sendReport", "endpoints": [{**old, "sunsetAt": script.due(40)}]}],
    }
    script.create(
        "1 P15 deprecated endpoint", "sunset-only", script.day(80, "07:00"), TRANSPORT, WAITING_TIMES, only_old
    )
    pay = script.create(
        "1 P11 masked for some",
        "masked",
        script.day(10, "09:00"),
        JOINERY,
        LOANS,
        {
            **_content("Kontroll av lønnsopplysninger", "Opplysningene for to ansatte kontrolleres."),
            "status": "Awaiting",
        },
    )
    pay.transmission(pay.created, "Information", plain("Kontrollen er startet"))
    files: list[Body] = [
        {
            "displayName": texts("Grunnlag"),
            "urls": [{"url": "https://lanekassen.example/grunnlag.pdf", "consumerType": "Gui"}],
        }
    ]
    pay.transmission(
        pay.after(days=1),
        "Information",
        plain("Lønnsgrunnlag", "Lønsgrunnlag", "Payroll basis"),
        authorizationAttribute=PAY_ATTRIBUTE,
        reference="https://lanekassen.example/fce/grunnlag",
        attachments=files,
    )


def _delegated(script: Script) -> None:
    """One dialog of a club, delegated by itself to the bakery's system user."""
    body: Body = {
        **_content(
            "Søknad om arrangement i strandsonen",
            "Kommunen trenger tegning over plassering av serveringstelt.",
            additionalInfo={
                "value": texts("## Dette trenger vi\n\n1. Tegning\n2. Tidsrom\n\n> Send gjerne bilder."),
                "mediaType": "text/markdown",
            },
            mainContentReference=embed("https://sorvika.example/fce/arrangement/7"),
        ),
        "status": "RequiresAttention",
        "dueAt": script.due(10),
    }
    dialog = script.create("3.3 instance delegation", DELEGATED_KEY, script.day(4, "15:00"), PADDLERS, GRANTS, body)
    dialog.transmission(dialog.after(minutes=1), "Request", plain("Send tegning"))
    dialog.activity(dialog.after(minutes=90), "DialogOpened", by(dialog.person))
