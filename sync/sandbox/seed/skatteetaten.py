"""Skatteetaten's direct integration (reference: producers §5).

A dialog is born empty; transmissions and activities follow in calls of their own. No API actions; documents hang on
the transmissions; `opened` is reported by a GET on the content reference.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.sandbox.seed.people import (
    ACCOUNTANT,
    BAKERY,
    HOUSING,
    JOINERY,
    POTTERY,
    SEAFOOD,
    SOLVEIG,
    TRANSPORT,
    Organisation,
    Party,
)
from sync.sandbox.seed.script import Body, Dialog, Script, plain, texts, uuid4

HOUSING_REPORT = "ske-innrapportering-boligsameie"
SHAREHOLDERS = "ske-innrapportering-aksjonaerregister"
KINDERGARTEN = "ske-innrapportering-pass-og-stell"
TAX_CARDS = "ske-skattekort-til-arbeidsgiver"
SEIZURE = "ske-utleggsbegjaering"
LETTERS = "ske-brev-naering"
PERSONAL = "ske-brev-person"
OPENED = "https://forsendelseaapnet.dialog.skatteetaten.example/web/innhold/v1"


class Report:
    """One report to Skatteetaten and what came back."""

    def __init__(self, script: Script, row: str, key: str, party: Party, service: str, title: str, days: int) -> None:
        self.key = key
        self._sent = 0
        self.dialog: Dialog = script.create(
            row, key, script.day(days, "05:00", key), party, service, {"content": {"title": plain(title)}}
        )

    def _send(
        self, at: datetime, kind: str, title: str, sender: Body | None, related: str | None, *, people: bool
    ) -> str:
        self._sent += 1
        number = self._sent
        document = uuid4(self.key, "document", str(number))
        machine: Body = {
            "url": f"https://api.skatteetaten.example/api/dialogdokumenter/v1/{document}",
            "mediaType": "application/json",
            "consumerType": "Api",
        }
        attachments: list[Body] = [{"displayName": texts(f"forsendelse-{number}.json"), "urls": [machine]}]
        if people:
            page = f"https://skatt.skatteetaten.example/web/innboks/{self.dialog.id}/dokumenter/{number}"
            human: Body = {"url": page, "mediaType": "application/pdf", "consumerType": "Gui"}
            attachments.append({"displayName": texts(f"{title}.pdf"), "urls": [human]})
        return self.dialog.transmission(
            at,
            kind,
            plain(title),
            related=related,
            reference=f"{OPENED}/dialoger/{self.dialog.id}/forsendelser/{number}",
            attachments=attachments,
            sender=sender,
        )

    def submitted(self, minutes: float = 0.2) -> str:
        """The party's report, seconds after the empty dialog."""
        party = self.dialog.party
        sender: Body = {"actorType": "PartyRepresentative", "actorId": party.urn}
        at = self.dialog.after(minutes=minutes)
        sent = self._send(at, "Submission", "Innsending", sender, None, people=False)
        self.dialog.activity(self.dialog.after(minutes=minutes + 0.1), "FormSubmitted", sender)
        return sent

    def answered(
        self, kind: str, title: str, related: str | None, minutes: float = 2, *, status: str | None = None
    ) -> str:
        """The feedback, related to the report."""
        at = self.dialog.after(minutes=minutes)
        sent = self._send(at, kind, title, None, related, people=True)
        if status is not None:
            self.dialog.change(at, {"/status": status})
        return sent

    def opened(self, transmission: str, days: int) -> None:
        """A human has followed the content reference."""
        at = self.dialog.after(days=days)
        self.dialog.opened(at)
        self.dialog.activity(at, "TransmissionOpened", transmission=transmission)


def add_to(script: Script) -> None:
    """Writes Skatteetaten's dialogs into the script."""
    _reports(script)
    _letters(script)
    just_now = script.now - timedelta(minutes=2)
    title = plain("Skattekort til arbeidsgiver")
    script.create("5 created empty", "tax-empty", just_now, BAKERY, TAX_CARDS, {"content": {"title": title}})


def _reports(script: Script) -> None:
    good = "Innsendingen er godkjent"
    remark = "Innsendingen er godkjent, men vi vil gjøre oppmerksom på en opplysning"
    title = "Boligsameie – opplysninger om sameiere"
    first = Report(script, "5 accepted", "tax-0", HOUSING, HOUSING_REPORT, title, 70)
    first.opened(first.answered("Acceptance", good, first.submitted(), status="Completed"), 1)
    alert = Report(script, "5 alert after acceptance", "tax-1", HOUSING, HOUSING_REPORT, title, 8)
    sent = alert.submitted()
    alert.opened(alert.answered("Acceptance", good, sent, status="Completed"), 1)
    alert.answered("Alert", remark, sent, minutes=2 * 1440)
    shares = "Aksjonærregisteroppgaven"
    refused = Report(script, "5 rejected", "tax-2", SEAFOOD, SHAREHOLDERS, shares, 6)
    refused.answered("Rejection", "Innsendingen er avvist: feil antall aksjer", refused.submitted())
    mended = Report(script, "5 rejected", "tax-3", JOINERY, SHAREHOLDERS, shares, 40)
    mended.answered("Rejection", "Innsendingen er avvist: ukjent aksjeeier", mended.submitted())
    mended.answered("Acceptance", good, mended.submitted(minutes=1440), minutes=1442, status="Completed")
    Report(script, "5 submitted", "tax-4", BAKERY, SHAREHOLDERS, shares, 1).submitted()
    for_agent = Report(
        script, "5 accepted", "tax-5", TRANSPORT, SHAREHOLDERS, f"{shares} (sendt av {_name(ACCOUNTANT)})", 54
    )
    for_agent.answered("Acceptance", good, for_agent.submitted(), status="Completed")
    care = Report(script, "5 accepted", "tax-6", POTTERY, KINDERGARTEN, "Pass og stell av barn", 88)
    care.answered("Acceptance", "Kvittering for mottatt innsending", care.submitted(), status="Completed")


def _name(organisation: Organisation) -> str:
    return organisation.name.title().replace(" As", " AS")


def _letters(script: Script) -> None:
    seizure = Report(script, "5 request", "tax-7", BAKERY, SEIZURE, "Begjæring om utlegg", 11)
    seizure.answered("Request", "Begjæringen må rettes: oppgi riktig saksøkt", seizure.submitted(), 180)
    decision = Report(script, "5 decision", "tax-8", SEAFOOD, LETTERS, "Vedtak om endring av skattefastsettelse", 13)
    decision.answered("Decision", "Vedtak om endring av skattefastsettelse", None)
    personal = Report(script, "5 decision", "tax-9", SOLVEIG, PERSONAL, "Skatteoppgjør", 58)
    personal.opened(personal.answered("Decision", "Skatteoppgjøret er klart", None), 2)
    change = Report(script, "5 own letter", "tax-10", JOINERY, LETTERS, "Endring i oppgavegiverregisteret", 19)
    change.answered("Information", "Opplysningene om oppgavegiver er endret", change.submitted(), 5)
    cards = Report(script, "5 information", "tax-11", SEAFOOD, TAX_CARDS, "Skattekort til arbeidsgiver", 3)
    cards.answered("Information", "Endrede skattekort for to ansatte", None)
