"""Who is in the demo inbox: organisations, persons, system users, and who may see whom.

Every name is invented and every number synthetic: organisation numbers begin with 31, national ids carry month + 80,
and the check digits are valid (reference: end-user API §3.2).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sync.sandbox.callers import Json

_SPACE = uuid.UUID("3d0f7c52-6b0e-5b0e-9d3e-6a6f5a8d9e10")


@dataclass(frozen=True)
class Organisation:
    """An organisation: number, the name as the register spells it, and its two flags in a party list."""

    number: str
    name: str
    is_deleted: bool = False
    is_heading: bool = False

    @property
    def urn(self) -> str:
        """The party URN."""
        return f"urn:altinn:organization:identifier-no:{self.number}"


@dataclass(frozen=True)
class Person:
    """A person: national id, the name as the register spells it, date of birth."""

    pid: str
    name: str
    born: str

    @property
    def urn(self) -> str:
        """The party URN, and the actor id in a service owner's writes."""
        return f"urn:altinn:person:identifier-no:{self.pid}"

    @property
    def caller(self) -> str:
        """The caller id in the access model."""
        return f"pid:{self.pid}"


Party = Organisation | Person

BAKERY = Organisation("315260183", "FJORDGLØTT BAKERI AS")
BAKERY_SHOP = Organisation("311590839", "FJORDGLØTT BAKERI AVD SENTRUM")
JOINERY = Organisation("310166138", "NORDLYS SNEKKERI AS")
HOUSING = Organisation("311860917", "GRANLIA BORETTSLAG")
SEAFOOD = Organisation("313909964", "HAVGAPET SJØMAT AS")
SEAFOOD_LANDING = Organisation("310308242", "HAVGAPET SJØMAT AVD MOTTAK")
RENTAL = Organisation("318219931", "VARDETOPPEN UTLEIE AS", is_deleted=True)
GROUP = Organisation("315181909", "STORFJELLET KONSERN AS", is_heading=True)
TRANSPORT = Organisation("319378650", "STORFJELLET TRANSPORT AVD NORD")
POTTERY = Organisation("311862529", "LUNDEMYR KERAMIKK")
PADDLERS = Organisation("317574916", "SVABERGET PADLEKLUBB")
ACCOUNTANT = Organisation("317975430", "TIDEVANN REGNSKAP AS")
VENDOR = Organisation("312319489", "ARKIVTRE SYSTEMER AS")

ORGANISATIONS = (
    BAKERY,
    BAKERY_SHOP,
    JOINERY,
    HOUSING,
    SEAFOOD,
    SEAFOOD_LANDING,
    RENTAL,
    GROUP,
    TRANSPORT,
    POTTERY,
    PADDLERS,
    ACCOUNTANT,
    VENDOR,
)
SUB_PARTIES = {BAKERY: (BAKERY_SHOP,), SEAFOOD: (SEAFOOD_LANDING,), GROUP: (TRANSPORT,)}

SOLVEIG = Person("01848510048", "SOLVEIG LUNDEMYR", "1985-04-01")
TORGEIR = Person("12857910093", "TORGEIR ÅSNES", "1979-05-12")
AMALIE = Person("27889110029", "AMALIE VESTERHUS", "1991-08-27")
HARALD = Person("05816810010", "HARALD SKOGSTRØM", "1968-01-05")
IDA = Person("19899410079", "IDA MARIE TVEITEN", "1994-09-19")
REIDAR = Person("24816210018", "REIDAR NORDVIK", "1962-01-24")
JONAS = Person("11889810140", "JONAS BREKKEN", "1998-08-11")

PERSONS = (SOLVEIG, TORGEIR, AMALIE, HARALD, IDA, REIDAR, JONAS)

# The one who usually acts for a party, and so appears in its activities and seen log.
ACTS_FOR: dict[Party, Person] = {
    BAKERY: TORGEIR,
    BAKERY_SHOP: AMALIE,
    JOINERY: HARALD,
    HOUSING: IDA,
    SEAFOOD: REIDAR,
    SEAFOOD_LANDING: JONAS,
    RENTAL: REIDAR,
    TRANSPORT: JONAS,
    POTTERY: SOLVEIG,
    PADDLERS: IDA,
    SOLVEIG: SOLVEIG,
}

CLIENT_ID = "6f1d2c90-3b57-4b7e-9a52-0d1c6f1b7a01"
SCOPE = "digdir:dialogporten"

# A person's login: the baker, who may read at level 4 what the bakery's system user may not.
IDPORTEN_CLIENT_ID = "6f1d2c90-3b57-4b7e-9a52-0d1c6f1b7a02"
IDPORTEN_SCOPES = ("openid", "digdir:dialogporten", "altinn:instances.read")
LOGS_IN = TORGEIR

# Own-system: one organisation. Client relationship: an accountant's two, told apart by their external reference.
BAKERY_SYSTEM_USER = "7b0c4c4e-52a1-4a0d-8a5b-0f6f5d3a1c01"
ACCOUNTING_SYSTEM_USER = "7b0c4c4e-52a1-4a0d-8a5b-0f6f5d3a1c02"
PAYROLL_SYSTEM_USER = "7b0c4c4e-52a1-4a0d-8a5b-0f6f5d3a1c03"
SYSTEM_USERS = (BAKERY_SYSTEM_USER, ACCOUNTING_SYSTEM_USER, PAYROLL_SYSTEM_USER)

SEES: dict[str, tuple[Party, ...]] = {
    BAKERY_SYSTEM_USER: (BAKERY, BAKERY_SHOP),
    ACCOUNTING_SYSTEM_USER: (JOINERY, HOUSING, SEAFOOD, SEAFOOD_LANDING, RENTAL, TRANSPORT, POTTERY),
    PAYROLL_SYSTEM_USER: (JOINERY, SEAFOOD, TRANSPORT),
    SOLVEIG.caller: (SOLVEIG, POTTERY),
    TORGEIR.caller: (TORGEIR, BAKERY, BAKERY_SHOP),
    AMALIE.caller: (AMALIE, BAKERY_SHOP),
    HARALD.caller: (HARALD, JOINERY),
    IDA.caller: (IDA, HOUSING, PADDLERS),
    REIDAR.caller: (REIDAR, SEAFOOD, SEAFOOD_LANDING, RENTAL),
    JONAS.caller: (JONAS, SEAFOOD_LANDING, TRANSPORT),
}


def party_entry(party: Party) -> dict[str, Json]:
    """One entry of the access model's party list, sub-parties included."""
    person = isinstance(party, Person)
    number = party.pid if isinstance(party, Person) else party.number
    entry: dict[str, Json] = {
        "party": party.urn,
        "partyUuid": str(uuid.uuid5(_SPACE, party.urn)),
        "partyId": 51_000_000 + int(number[:6]) % 900_000,
        "name": party.name,
        "partyType": "Person" if person else "Organization",
        "isDeleted": isinstance(party, Organisation) and party.is_deleted,
        "hasKeyRole": False,
        "isCurrentEndUser": False,
        "isMainAdministrator": False,
        "isAccessManager": False,
        "hasOnlyAccessToSubParties": isinstance(party, Organisation) and party.is_heading,
    }
    if isinstance(party, Person):
        entry["dateOfBirth"] = party.born
    elif party in SUB_PARTIES:
        entry["subParties"] = [party_entry(unit) for unit in SUB_PARTIES[party]]
    return entry


def top_parties() -> list[Party]:
    """Every party that stands in a party list by itself: persons and head organisations with dialogs of their own."""
    units = {unit for units in SUB_PARTIES.values() for unit in units}
    return [*(one for one in ORGANISATIONS if one not in units and one not in (ACCOUNTANT, VENDOR)), *PERSONS]
