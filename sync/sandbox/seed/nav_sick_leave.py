"""NAV's sick leave dialogs: sick notes, applications, income reports (reference: producers §4.1).

Everything is signed by the service owner, nothing has a date, and the actions follow the newest event rather than
what is open.
"""

from __future__ import annotations

from datetime import datetime

from sync.sandbox.seed.people import BAKERY, BAKERY_SHOP, JOINERY, SEAFOOD, SEAFOOD_LANDING, TRANSPORT, Party
from sync.sandbox.seed.script import Body, Dialog, Script, plain, texts, uuid4

SERVICE = "nav_sykepenger_dialog"
EXEMPTION_SERVICE = "nav_sykepenger_fritak-agp"
API = "https://sykepenger-api.nav.example/v1"
SITE = "https://arbeidsgiver.nav.example"
NO_ACTIONS: dict[str, object] = {"/apiActions": [], "/guiActions": []}


def _document(title: str, name: str, page: str | None, document: str) -> list[Body]:
    """What every transmission carries: JSON for machines, and a PDF or a page for people."""
    machine: Body = {"url": f"{API}/{name}/{document}", "mediaType": "application/json", "consumerType": "Api"}
    attachments: list[Body] = [{"displayName": texts(f"{name}.json"), "urls": [machine]}]
    if page is None:
        pdf = f"{SITE}/dokument/{name}/{document}.pdf"
        human: Body = {"url": pdf, "mediaType": "application/pdf", "consumerType": "Gui"}
        attachments.append({"displayName": texts(f"{name}.pdf"), "urls": [human]})
    else:
        human = {"url": page, "mediaType": "text/html", "consumerType": "Gui"}
        attachments.append({"displayName": texts(title), "urls": [human]})
    return attachments


class SickLeave:
    """One employee's sick leave, as one dialog."""

    def __init__(self, script: Script, row: str, key: str, party: Party, employee: str, days_ago: int) -> None:
        start = script.day(days_ago, "09:00", key)
        self.key = key
        self._documents = 0
        content: Body = {
            "title": plain(f"Sykepenger for {employee}"),
            "summary": plain(f"Gjelder sykmeldingsperiode fra {start:%d.%m.%Y}"),
        }
        reference = uuid4(key, "note")
        body: Body = {"externalReference": reference, "isApiOnly": True, "content": content}
        self.dialog: Dialog = script.create(row, key, start, party, SERVICE, body)
        self._send(start, "Information", "SYKMELDING", "Sykmelding", "sykmelding")

    def _send(
        self,
        at: datetime,
        kind: str,
        extended: str,
        title: str,
        name: str,
        page: str | None = None,
        related: str | None = None,
    ) -> str:
        self._documents += 1
        document = uuid4(self.key, str(self._documents))
        seen = f"{SITE}/dokument/fce/sett-transmission-lest?transmissionId={self._documents}&extendedType={extended}"
        return self.dialog.transmission(
            at,
            kind,
            plain(title),
            related=related,
            reference=seen,
            extendedType=extended,
            externalReference=document,
            attachments=_document(title, name, page, document),
        )

    def application(self, at: datetime) -> None:
        """The employee has applied; from now on people see the dialog too."""
        self.dialog.change(at, {"/isApiOnly": False})
        self._send(at, "Information", "SYKEPENGESOEKNAD", "Søknad om sykepenger", "sykepengesoeknad")

    def request(self, at: datetime) -> str:
        """NAV asks for an income report; a second request replaces the first one's actions."""
        page = f"{SITE}/im-dialog/{uuid4(self.key, 'form', str(self._documents))}"
        button: Body = {
            "action": "read",
            "url": page,
            "priority": "Primary",
            "title": texts("Send inn inntektsmelding"),
        }
        endpoint: Body = {
            "url": f"{API}/inntektsmelding",
            "httpMethod": "POST",
            "documentationUrl": "https://sykepenger-api.nav.example/swagger",
        }
        machine: Body = {"action": "write", "name": "Send inn inntektsmelding", "endpoints": [endpoint]}
        sent = self._send(
            at, "Request", "FORESPOERSEL_AKTIV", "Forespørsel om inntektsmelding", "inntektsmeldingforespoersel", page
        )
        self.dialog.change(at, {"/status": "RequiresAttention", "/guiActions": [button], "/apiActions": [machine]})
        return sent

    def accepted(self, at: datetime, request: str) -> None:
        """The report is in: an echo by the service owner, actions emptied."""
        page = f"{SITE}/im-dialog/{uuid4(self.key, 'receipt')}"
        self._send(
            at, "Submission", "INNTEKTSMELDING_GODKJENT", "Inntektsmelding mottatt", "inntektsmelding", page, request
        )
        button: Body = {
            "action": "read",
            "url": page,
            "priority": "Secondary",
            "title": texts("Se og endre inntektsmelding"),
        }
        self.dialog.change(at, {"/status": "NotApplicable", "/apiActions": [], "/guiActions": [button]})

    def rejected(self, at: datetime, request: str) -> None:
        """The report is refused; the status says nothing and the actions stay."""
        title = "Inntektsmelding avvist"
        self._send(at, "Rejection", "INNTEKTSMELDING_AVVIST", title, "inntektsmelding-avvist", related=request)
        self.dialog.change(at, {"/status": "NotApplicable"})

    def withdrawn(self, at: datetime, request: str) -> None:
        """NAV needs the report no longer; every action goes."""
        title = "Forespørsel om inntektsmelding er utgått"
        name = "inntektsmeldingforespoersel"
        self._send(at, "Information", "FORESPOERSEL_UTGAATT", title, name, related=request)
        self.dialog.change(at, {"/status": "NotApplicable", **NO_ACTIONS})


def _play(script: Script, number: int, row: str, state: str, party: Party, employee: str, days_ago: int) -> Dialog:
    case = SickLeave(script, row, f"sick-leave-{number}", party, employee, days_ago)
    day = case.dialog.after
    if state == "note":
        return case.dialog
    case.application(day(days=2))
    if state == "application":
        return case.dialog
    request = case.request(day(days=3))
    if state in ("accepted", "two-accepted-one"):
        second = case.request(day(days=4)) if state == "two-accepted-one" else None
        case.accepted(day(days=5), second or request)
    elif state == "rejected":
        case.rejected(day(days=5), request)
    elif state == "rejected-then-accepted":
        case.rejected(day(days=5), request)
        case.accepted(day(days=6), request)
    elif state == "withdrawn":
        case.withdrawn(day(days=7), request)
    elif state == "two-requests":
        case.request(day(days=6))
    elif state == "two-withdrawn-one":
        case.request(day(days=6))
        case.withdrawn(day(days=7), request)
    return case.dialog


_CASES: tuple[tuple[str, str, Party, str, int], ...] = (
    ("4.1 sick note", "note", BAKERY, "LUN TIGER (f. 01.02.1990)", 2),
    ("4.1 sick note", "note", TRANSPORT, "RASK ELG (f. 14.07.1983)", 1),
    ("4.1 application", "application", JOINERY, "STILLE ORE (f. 30.11.1975)", 6),
    ("4.1 income report requested", "requested", BAKERY, "GRØNN LAMPE (f. 22.05.1988)", 8),
    ("4.1 income report requested", "requested", SEAFOOD, "MILD HERON (f. 03.09.1969)", 12),
    ("4.1 income report requested", "two-requests", JOINERY, "RUND KASSE (f. 17.12.1992)", 15),
    ("4.1 income report accepted", "accepted", BAKERY_SHOP, "BLÅ SYKKEL (f. 09.03.1979)", 24),
    ("4.1 income report accepted", "accepted", SEAFOOD, "LETT ROMAN (f. 27.10.1986)", 37),
    ("4.1 income report accepted", "two-accepted-one", TRANSPORT, "VARM VINTER (f. 05.01.1995)", 18),
    ("4.1 income report rejected", "rejected", SEAFOOD, "KLOK PENN (f. 11.11.1981)", 11),
    ("4.1 income report rejected", "rejected-then-accepted", BAKERY, "SPE SKJORTE (f. 19.04.1999)", 28),
    ("4.1 request withdrawn", "withdrawn", JOINERY, "TAPPER BENK (f. 02.06.1973)", 31),
    ("4.1 request withdrawn", "two-withdrawn-one", SEAFOOD_LANDING, "FLINK DØR (f. 25.08.1990)", 19),
)


def add_to(script: Script) -> None:
    """Writes the sick leave dialogs into the script."""
    for number, (row, state, party, employee, days_ago) in enumerate(_CASES):
        dialog = _play(script, number, row, state, party, employee, days_ago)
        if state in ("accepted", "withdrawn"):
            dialog.opened(dialog.after(days=8))
    _exemption_claim(script)
    _exemption_application(script)


def _exemption_claim(script: Script) -> None:
    """A claim for exemption: the dialog echoes what the employer did, and a change is always on offer."""
    key = "exemption-claim"
    page = f"{SITE}/fritak-agp/{uuid4(key)}"
    button: Body = {"action": "read", "url": page, "priority": "Primary", "title": texts("Endre / Annuller krav")}
    content: Body = {
        "title": plain("Krav om refusjon av sykepenger i arbeidsgiverperioden"),
        "summary": plain("Gravid ansatt"),
    }
    dialog = script.create(
        "4.1 claim for exemption",
        key,
        script.day(14, "11:00", key),
        BAKERY,
        EXEMPTION_SERVICE,
        {"content": content, "guiActions": [button]},
    )
    for days, extended, title in (
        (0, "GRAVID_KRAV_OPPRETTET", "Krav er opprettet"),
        (3, "GRAVID_KRAV_ENDRET", "Krav er endret"),
    ):
        dialog.transmission(dialog.after(days=days, minutes=1), "Information", plain(title), extendedType=extended)


def _exemption_application(script: Script) -> None:
    """An application is granted: the button to claim is an invitation, not a duty."""
    key = "exemption-application"
    page = f"{SITE}/fritak-agp/{uuid4(key)}"
    button: Body = {"action": "read", "url": page, "priority": "Primary", "title": texts("Send inn krav")}
    content: Body = {"title": plain("Søknad om fritak fra arbeidsgiverperioden"), "summary": plain("Kronisk sykdom")}
    script.create(
        "4.1 application for exemption",
        key,
        script.day(23, "11:30", key),
        SEAFOOD,
        EXEMPTION_SERVICE,
        {"content": content, "guiActions": [button]},
    )
