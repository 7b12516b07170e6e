"""NAV's other teams: parental and care benefit, nearest leader, settlement reports (reference: producers §4.2, 4.3)."""

from __future__ import annotations

from sync.sandbox.seed.people import (
    BAKERY,
    HOUSING,
    JOINERY,
    POTTERY,
    SEAFOOD,
    SEAFOOD_LANDING,
    TRANSPORT,
    Organisation,
)
from sync.sandbox.seed.script import Body, Dialog, Script, plain, texts, uuid4

PARENTAL = "nav_foreldrepenger_inntektsmelding"
CARE = "nav_k9_inntektsmelding"
LEADER = "nav_syfo_dialog"
SETTLEMENT = "nav_utbetaling_oppgjorsrapport"
SITE = "https://arbeidsgiver.nav.example"
_API = {PARENTAL: "https://fpinntektsmelding-api.nav.example/v1", CARE: "https://k9inntektsmelding-api.nav.example/v1"}
_BENEFIT = {PARENTAL: "foreldrepenger", CARE: "pleiepenger"}


class IncomeReport:
    """One request for an income report to the parental or care benefit team."""

    def __init__(
        self, script: Script, row: str, key: str, party: Organisation, service: str, employee: str, days: int
    ) -> None:
        self.party = party
        self.service = service
        self._case = uuid4(key)
        at = script.day(days, "07:00", key)
        self._title = f"Innsending av inntektsmelding for {_BENEFIT[service]}"
        endpoint: Body = {
            "url": f"{_API[service]}/inntektsmelding/send-inn",
            "httpMethod": "POST",
            "documentationUrl": f"{_API[service]}/swagger",
        }
        body: Body = {
            "status": "RequiresAttention",
            "externalReference": self._case,
            "content": {
                "title": plain(f"Inntektsmelding for {employee}"),
                "summary": plain(f"Nav trenger inntektsmelding for søknad om {_BENEFIT[service]}"),
            },
            "apiActions": [{"action": "write", "name": self._title, "endpoints": [endpoint]}],
        }
        self.dialog: Dialog = script.create(row, key, at, party, service, body)
        self.dialog.transmission(
            at,
            "Request",
            plain("Send inn inntektsmelding"),
            extendedType="INNTEKTSMELDING",
            attachments=self._links(self._title),
        )

    def _links(self, name: str) -> list[Body]:
        """The form and the machine's address hang on the transmission as attachments: the dialog has no button."""
        page: Body = {"url": f"{SITE}/fp-im-dialog/{self._case}", "mediaType": "text/html", "consumerType": "Gui"}
        machine: Body = {"url": f"{_API[self.service]}/forespoersel/{self._case}", "consumerType": "Api"}
        return [{"displayName": texts(name), "urls": [page, machine]}]

    def reminded(self, days: int) -> None:
        """Another Request that asks for nothing new."""
        self.dialog.transmission(
            self.dialog.after(days=days),
            "Request",
            plain("Påminnelse om å sende inntektsmelding"),
            content={"summary": plain("Vi har ikke mottatt inntektsmelding for denne ansatte.")},
            extendedType="INNTEKTSMELDING",
            attachments=self._links(self._title),
        )

    def _answer(self, days: int, kind: str, title: str, extended: str = "INNTEKTSMELDING") -> None:
        employer: Body = {"actorType": "PartyRepresentative", "actorId": self.party.urn}
        self.dialog.transmission(
            self.dialog.after(days=days),
            kind,
            plain(title),
            sender=employer,
            extendedType=extended,
            attachments=self._links("Innsendt inntektsmelding"),
        )

    def accepted(self, days: int) -> None:
        """Signed as if by the employer; the write action stays on the completed dialog."""
        self._answer(days, "Acceptance", "Inntektsmelding er mottatt")
        summary = plain(f"Nav har mottatt inntektsmelding for søknad om {_BENEFIT[self.service]}")
        self.dialog.change(self.dialog.after(days=days), {"/status": "Completed", "/content/summary": summary})

    def updated(self, days: int) -> None:
        """A corrected report, accepted as well."""
        self._answer(days, "Acceptance", "Oppdatert inntektsmelding er mottatt")

    def rejected(self, days: int) -> None:
        """Refused, while the status stays what it was."""
        self._answer(days, "Rejection", "Inntektsmelding er avvist", "INNTEKTSMELDING_AVVIST")

    def start_changed(self, days: int) -> None:
        """News without consequence for the employer."""
        self.dialog.transmission(self.dialog.after(days=days), "Information", plain("Startdato er endret"))

    def withdrawn(self, days: int) -> None:
        """Not needed any more: a Correction by the service owner, and a status word of its own."""
        at = self.dialog.after(days=days)
        self.dialog.transmission(at, "Correction", plain("Forespørselen er utgått"), extendedType="INNTEKTSMELDING")
        code = "FORESPOERSEL_UTGAATT" if self.service == PARENTAL else "FORESPOERSEL_UTGATT"
        label: dict[str, object] = {"/content/extendedStatus": plain("Utgått")}
        self.dialog.change(at, {"/status": "NotApplicable", "/extendedStatus": code, **label})


def add_to(script: Script) -> None:
    """Writes these teams' dialogs into the script."""
    _requested(script)
    _answered(script)
    _leaders(script)
    _settlements(script)


def _requested(script: Script) -> None:
    IncomeReport(script, "4.2 requested", "family-0", BAKERY, PARENTAL, "Sart Bok: f. 010290", 9)
    IncomeReport(script, "4.2 requested", "family-1", TRANSPORT, CARE, "Rolig Fjord: f. 230784", 5)
    IncomeReport(script, "4.2 reminder", "family-2", SEAFOOD, PARENTAL, "Ekte Panel: f. 121289", 22).reminded(14)
    old = IncomeReport(script, "4.2 older client", "family-11", SEAFOOD_LANDING, PARENTAL, "Jevn Sofa: f. 111190", 14)
    page: Body = {"url": f"{SITE}/fp-im-dialog/{uuid4('family-11')}", "httpMethod": "GET"}
    old.dialog.change(old.dialog.created, {"/apiActions": [{"action": "read", "endpoints": [page]}]})
    changed = IncomeReport(script, "4.2 start date changed", "family-3", JOINERY, PARENTAL, "Fin Stige: f. 080393", 17)
    changed.start_changed(6)


def _answered(script: Script) -> None:
    IncomeReport(script, "4.2 accepted", "family-4", BAKERY, PARENTAL, "Kort Vase: f. 170687", 33).accepted(4)
    IncomeReport(script, "4.2 accepted", "family-5", SEAFOOD_LANDING, CARE, "Hvit Kano: f. 290991", 27).accepted(2)
    updated = IncomeReport(script, "4.2 updated", "family-6", JOINERY, PARENTAL, "Myk Globus: f. 041186", 41)
    updated.accepted(3)
    updated.updated(8)
    IncomeReport(script, "4.2 rejected", "family-7", SEAFOOD, PARENTAL, "Sen Due: f. 150582", 16).rejected(5)
    late = IncomeReport(script, "4.2 rejected", "family-8", TRANSPORT, PARENTAL, "Ung Magnet: f. 200894", 29)
    late.accepted(3)
    late.rejected(9)
    IncomeReport(script, "4.2 withdrawn", "family-9", BAKERY, PARENTAL, "Glad Trapp: f. 060178", 38).withdrawn(10)
    IncomeReport(script, "4.2 withdrawn", "family-10", SEAFOOD, CARE, "Lys Bolle: f. 310397", 20).withdrawn(4)


def _leaders(script: Script) -> None:
    """Appoint the nearest leader: the task is nothing but an attachment."""
    for number, (party, employee, days, solved) in enumerate(
        ((BAKERY, "GRØNN LAMPE", 6, False), (SEAFOOD, "MILD HERON", 10, False), (JOINERY, "STILLE ORE", 26, True))
    ):
        key = f"leader-{number}"
        case = uuid4(key)
        page: Body = {"url": f"{SITE}/naermesteleder/{case}", "mediaType": "text/html", "consumerType": "Gui"}
        machine: Body = {
            "url": f"https://narmesteleder-api.nav.example/api/v1/linemanager/requirement/{case}",
            "mediaType": "application/json",
            "consumerType": "Api",
        }
        body: Body = {
            "status": "RequiresAttention",
            "externalReference": case,
            "content": {
                "title": plain("Nav trenger informasjon om nærmeste leder"),
                "summary": plain(f"Oppgi nærmeste leder for {employee}"),
            },
            "attachments": [
                {"displayName": texts("Oppgi nærmeste leder (API)"), "urls": [machine]},
                {"displayName": texts("Oppgi nærmeste leder"), "urls": [page]},
            ],
        }
        dialog = script.create("4.3 nearest leader", key, script.day(days, "12:00", key), party, LEADER, body)
        if solved:
            dialog.change(dialog.after(days=3), {"/status": "Completed"})


def _settlements(script: Script) -> None:
    """Settlement reports: progress 100 from the start, no status, a download for people and one for machines."""
    for number, (party, kind, days) in enumerate(
        (
            (BAKERY, "Refusjon arbeidsgiver", 1),
            (JOINERY, "Trekk hovedoppgjør", 7),
            (HOUSING, "Trekk kreditor", 31),
            (POTTERY, "Refusjon arbeidsgiver", 61),
        )
    ):
        key = f"settlement-{number}"
        report = int(uuid4(key)[:6], 16)
        site, machine = (
            f"{SITE}/oppgjorsrapporter/{report}",
            f"https://oppgjorsrapporter-api.nav.example/v1/{report}/innhold",
        )
        at = script.day(days, "05:45", key)
        body: Body = {
            "progress": 100,
            "content": {
                "title": plain(f"{kind} {at:%d.%m.%Y}"),
                "summary": plain("En ny oppgjørsrapport er klar til nedlasting."),
            },
            "guiActions": [
                {"action": "access", "url": site, "priority": "Primary", "title": texts("Se oppgjørsrapport")}
            ],
            "apiActions": [
                {"action": "access", "name": "last ned", "endpoints": [{"url": machine, "httpMethod": "GET"}]}
            ],
        }
        dialog = script.create("4.3 settlement report", key, at, party, SETTLEMENT, body)
        if days > 30:
            dialog.opened(dialog.after(days=1)).labelled(dialog.after(days=1, minutes=2), "Archive")
