"""The services of the demo inbox as the resource registry knows them: owner, type, names, minimum level."""

from __future__ import annotations

from collections.abc import Iterator

from sync.sandbox.callers import Json
from sync.sandbox.seed import correspondence, direct, long_cases, migrated, nav_family, nav_sick_leave, skatteetaten
from sync.sandbox.seed.apps import APPS, App

PREFIX = "urn:altinn:resource:"
HIGH_LEVEL = (direct.HEALTH_SECRET, direct.CHILD_WELFARE)

# Owner's code: number (synthetic) and name.
_OWNERS: dict[str, tuple[str, str]] = {
    "ssb": ("316639232", "Statistisk sentralbyrå"),
    "brg": ("313214680", "Brønnøysundregistrene"),
    "skd": ("318197369", "Skatteetaten"),
    "ske": ("318197369", "Skatteetaten"),
    "svv": ("312729512", "Statens vegvesen"),
    "dat": ("318175608", "Arbeidstilsynet"),
    "dibk": ("314806352", "Direktoratet for byggkvalitet"),
    "mdir": ("318178399", "Miljødirektoratet"),
    "mat": ("317052324", "Mattilsynet"),
    "nav": ("317928203", "Nav"),
    "digdir": ("311027611", "Digitaliseringsdirektoratet"),
    "sorvika": ("316124909", "Sørvika kommune"),
    "spk": ("316528635", "Statens pensjonskasse"),
    "fiskeri": ("310374865", "Fiskeridirektoratet"),
    "hdir": ("312570297", "Helsedirektoratet"),
    "bufdir": ("312961113", "Barne-, ungdoms- og familiedirektoratet"),
    "lanekassen": ("313857344", "Statens lånekasse for utdanning"),
    "innovasjon": ("311521845", "Innovasjon Norge"),
}

# Service without prefix: owner's code and name.
_LETTERS: dict[str, tuple[str, str]] = {
    "dat-tilsynsrapport": ("dat", "Tilsynsrapport"),
    "sorvika-saksbehandling": ("sorvika", "Brev om saksbehandling"),
    "sorvika-vann-avlop": ("sorvika", "Vann og avløp"),
    "mat-tilsyn": ("mat", "Tilsyn"),
    "sorvika-eiendomsskatt": ("sorvika", "Eiendomsskatt"),
    "spk-brev": ("spk", "Brev fra tjenestepensjonen"),
    "sorvika-byggesak": ("sorvika", "Byggesak"),
    "fiskeri-kvotebrev": ("fiskeri", "Kvotebrev"),
    "sorvika-feiing": ("sorvika", "Feiing og tilsyn"),
    "hdir-journalinnsyn": ("hdir", "Brev fra helsetjenesten"),
    correspondence.REMINDER_SERVICE: ("digdir", "Påminnelse om ulest post"),
    migrated.OLD_LETTER.service: ("skd", "Skatteoppgjør, migrert fra Altinn 2"),
    migrated.OLD_PROMISE.service: ("dat", "Varsel om tilsyn, migrert fra Altinn 2"),
}
_DIRECT: dict[str, tuple[str, str]] = {
    "sorvika-byggesak-dialog": ("sorvika", "Byggesak, dialog"),
    nav_sick_leave.SERVICE: ("nav", "Sykepenger"),
    nav_sick_leave.EXEMPTION_SERVICE: ("nav", "Fritak fra arbeidsgiverperioden"),
    nav_family.PARENTAL: ("nav", "Inntektsmelding for foreldrepenger"),
    nav_family.CARE: ("nav", "Inntektsmelding for pleiepenger"),
    nav_family.LEADER: ("nav", "Nærmeste leder"),
    nav_family.SETTLEMENT: ("nav", "Oppgjørsrapporter"),
    skatteetaten.HOUSING_REPORT: ("ske", "Innrapportering fra boligsameier"),
    skatteetaten.SHAREHOLDERS: ("ske", "Aksjonærregisteroppgaven"),
    skatteetaten.KINDERGARTEN: ("ske", "Pass og stell av barn"),
    skatteetaten.TAX_CARDS: ("ske", "Skattekort til arbeidsgiver"),
    skatteetaten.SEIZURE: ("ske", "Utleggsbegjæring"),
    skatteetaten.LETTERS: ("ske", "Brev til næringsdrivende"),
    skatteetaten.PERSONAL: ("ske", "Brev til personer"),
    direct.REGISTER: ("mat", "Dyreholdregisteret"),
    direct.WAITING_TIMES: ("hdir", "Innrapportering av ventetider"),
    direct.HEALTH_SECRET: ("hdir", "Helsefaglig melding"),
    direct.CHILD_WELFARE: ("bufdir", "Barnevernsmelding"),
    direct.LOANS: ("lanekassen", "Inntektskontroll"),
    direct.STATISTICS: ("ssb", "Maskinell innrapportering"),
    direct.GRANTS: ("innovasjon", "Tilskudd"),
    long_cases.CASEWORK: ("sorvika", "Saksdialog"),
    long_cases.CATCHES: ("fiskeri", "Fangstrapportering"),
}


def resources() -> dict[str, dict[str, Json]]:
    """Every service by its resource URN: `{"org", "type", "name", "owner_name", "owner_number", "level"}`.

    The type of a service stands in the registry, never in a create body. Types come as the registry spells them;
    bodies carry them in lower case (reference: producers §1 P19).
    """
    return {f"{PREFIX}{service}": entry for service, entry in _entries()}


def _entries() -> Iterator[tuple[str, dict[str, Json]]]:
    for app in APPS:
        yield app.service, _entry(app.org, "altinnapp", _title(app))
    for app in migrated.OLD_APPS:
        yield app.service, _entry(app.org, "migratedapp", _title(app))
    for service, (org, name) in _LETTERS.items():
        yield service, _entry(org, "correspondenceservice", name)
    for service, (org, name) in _DIRECT.items():
        yield service, _entry(org, "genericaccessresource", name, 4 if service in HIGH_LEVEL else 3)


def _title(app: App) -> str:
    values = app.title["value"]
    assert isinstance(values, list)
    return str(values[0]["value"])


def _entry(org: str, kind: str, name: str, level: int = 3) -> dict[str, Json]:
    number, owner = _OWNERS[org]
    return {
        "org": org,
        "type": kind,
        "name": {"nb": name},
        "owner_name": {"nb": owner},
        "owner_number": number,
        "level": level,
    }
