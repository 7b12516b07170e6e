"""What is likely behind a failure, and what to do about it. Pure (reference: auth §1.6, §6, §7.2, §7.3, §10.3)."""

from __future__ import annotations

from collections.abc import Mapping

from store.errors import ArchiveError
from sync.dialogporten.errors import (
    ArkivError,
    BadBody,
    BadGateway,
    Busy,
    ClockSkew,
    ConnectFailed,
    CutBody,
    ExchangeRefused,
    LoginNeeded,
    NotAuthenticated,
    ServerFault,
    TimedOut,
    TokenRefused,
    TooBroad,
    WrongScope,
    WrongUser,
)
from sync.doctoring.report import Check, Fact

SHAPE = "Maskinporten finds no system user that fits this grant [MP-303]."

NO_SYSTEM_USER = (
    "The request for the system user is not approved yet: somebody in the organisation that shall own it must approve "
    "it in Altinn.",
    "The client id is not on the system that is registered in Altinn: its vendor adds it there.",
    "external_ref is not that of the request: write exactly that one, or leave the key out if there was none.",
    "org is not the owner of the system user: in a client relationship it is the accountant's or other service "
    "provider's number, never the client's.",
)

EMPTY_PARTIES = (
    "No access packages or rights are delegated to the system user. In a client relationship: no client has been "
    "added to it in Altinn yet.",
    "It was done just now: Altinn and Dialogporten remember rights for 15 minutes, at times for 30.",
    "The system user was deleted or withdrawn in Altinn.",
    "It holds both a package that follows from a registered role (accountant, auditor) and one that the customer "
    "delegated; that mostly does not work. Make one system user for each, told apart by external_ref.",
)

WRONG_PARTIES = (
    "The number is the service provider's own. In a client relationship the party is the client, never the owner of "
    "the system user; asking for a party one may not represent gives an empty answer and no error.",
    "The client has not been added to the system user in Altinn, or was taken away again.",
    "It was done just now: rights are remembered for 15 minutes, at times for 30.",
)

NOTHING_FOUND = (
    "These parties simply have no dialogs.",
    "The services are not in the access packages or rights of the system user; some thematic packages hold no "
    "services yet.",
    "What was moved from Altinn 2 belongs to services of its own, which are in no access package: its history may "
    "need a right to each single service, and a client system user has packages only.",
    "The wrong party was asked, the service provider's own instead of the client's.",
    "A delegation is new: rights are remembered for 15 minutes, at times for 30.",
)

LEVEL_TOO_LOW = (
    "The service asks for level 4 (high). A system user always has level 3 and can never have more.",
    "A person who may act for the party can read it with a high-level login (BankID, Buypass, Commfides; not MinID).",
)

# By the state of the consent (reference: auth §4.2, §4.5, §4.6).
LOGIN_ENDED: Mapping[str, tuple[str, ...]] = {
    "expired": (
        "A consent lasts as long as its client is registered for (authorization_lifetime: two hours by default, 90 "
        "days at most), counted from the login; renewing does not make it longer.",
        "It was not renewed in time (refresh_token_lifetime: ten minutes by default): this program stood still for "
        "longer than that. Have the client registered with a longer one.",
    ),
    "revoked": (
        "The person withdrew it at ID-porten.",
        "It was not renewed in time, or its time was over (refresh_token_lifetime and authorization_lifetime of the "
        "client: ten minutes and two hours by default).",
        "A copy of this archive was at work elsewhere and used the token up.",
    ),
    "lost": (
        "The program, the machine or the network broke off in the moment of a renewal. Where the client is registered "
        'for refresh tokens that may be used again, say so: refresh_tokens = "reusable".',
    ),
    "declined": ("The person did not approve, or not the scope of Dialogporten.",),
}

_TOKEN = {
    "MP-100": (
        "The client was made in the other environment: test and production have separate registers.",
        "client_id is mistyped.",
    ),
    "MP-121": ("A registered key dies one year after it was uploaded, and this one was not renewed.",),
    "MP-124": (
        "Another key than this one is registered on the client, or it was registered minutes ago.",
        "key_id does not belong to this key.",
    ),
    "MP-130": ("This machine's clock is off by more than ten seconds.", "The network held the request back."),
    "MP-200": ("The scope was never put on the client, or was taken off it.",),
    "MP-250": ("The organisation that owns the client was not given the scope.",),
    "metadata": ("The address of Maskinporten is mistyped; the slash at its end is part of it.", "A proxy answers."),
    "invalid_client": (
        "Another key or secret than this one is registered on the client, or it was registered minutes ago.",
        "A registered key dies one year after it was uploaded, and this one was not renewed.",
        "The client is registered with another method: a key instead of a secret, or the other way round.",
    ),
}
_NO_IDPORTEN = ("The address of ID-porten is mistyped; it has no slash at its end.", "A proxy answers.")

_OTHERS: tuple[tuple[type[ArkivError], tuple[str, ...]], ...] = (
    (ClockSkew, ("Time synchronisation is off, or this machine slept.",)),
    (
        WrongUser,
        (
            "The token is a plain Maskinporten token: it was asked for without authorization_details, so it names no "
            "system user.",
        ),
    ),
    (
        WrongScope,
        (
            "The token lacks the scope digdir:dialogporten.",
            "The token was made for a service owner: digdir:dialogporten.serviceprovider does not open this API.",
        ),
    ),
    (
        NotAuthenticated,
        (
            "The token is of the other environment: test tokens do not work in production, nor the other way round.",
            "A fixed token has expired.",
            "This machine's clock is off: Dialogporten tolerates two seconds.",
        ),
    ),
    (ExchangeRefused, ("Without Altinn's token documents cannot be fetched; dialogs can be read all the same.",)),
    (ConnectFailed, ("The network, a firewall or a proxy is in the way.", "The address is mistyped.")),
    (TimedOut, ("The server is slow just now, or a firewall swallows the requests.",)),
    (CutBody, ("A proxy or the network cut the answer off.",)),
    (Busy, ("Maintenance or too many requests; it passes.",)),
    (BadGateway, ("A system behind Dialogporten, often Altinn's authorisation, is down just now.",)),
    (ServerFault, ("A fault on the server's side.",)),
    (TooBroad, ("The server is overloaded just now.",)),
    (BadBody, ("A login page, a proxy or another program answers in Dialogporten's place.",)),
)

_WAIT = "Wait, and run dialogarkiv doctor again; if it goes on, ask the service desk with the facts below."


def failure(name: str, error: ArkivError, **facts: Fact) -> Check:
    """The failed check for an error of the edge: what happened, why, what to do, and what a service desk asks for."""
    what, remedy = _parts(error.sentence)
    causes = next((found for kind, found in _OTHERS if isinstance(error, kind)), ())
    if isinstance(error, TokenRefused):
        person = error.code == "metadata" and "ID-porten" in error.sentence
        causes = _NO_IDPORTEN if person else _TOKEN.get(error.code, ())
        facts = {**facts, "code": error.code}
        if error.code == "MP-303":
            what, causes = SHAPE, NO_SYSTEM_USER
            remedy = "Mend the one that fits. A system user that was deleted or withdrawn is told in the same way."
    if isinstance(error, LoginNeeded):
        causes = LOGIN_ENDED.get(error.state, ())
    return Check(name, "failed", what, causes, remedy or _WAIT, {**error.facts(), **facts}, error.exit_code)


def archive_failure(error: ArchiveError) -> Check:
    """The failed check for an archive that cannot be used."""
    return Check("archive", "failed", error.problem, (), error.remedy, {}, error.exit_code)


def facts_line(facts: Mapping[str, Fact]) -> str:
    """`status 403, trace_id …, at …`: the facts of a refusal on one line, for a service desk."""
    wanted = ("code", "status", "trace_id", "at", "path", "party", "system_user_id", "client_id")
    return ", ".join(f"{name} {facts[name]}" for name in wanted if facts.get(name) is not None)


def _parts(sentence: str) -> tuple[str, str]:
    """What happened, and what to do: the sentences of the error tree say it in this order."""
    what, stop, remedy = sentence.partition(". ")
    return (f"{what}.", remedy) if stop else (sentence, "")
