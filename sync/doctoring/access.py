"""One identity in front of Dialogporten: token, scope, parties and one search. No dialog is ever opened.

Each check needs what the one before it found; where that is missing the check is skipped and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import msgspec

from config.errors import ConfigError
from config.identifiers import mask_party
from store.clock import instant_text
from store.errors import ArchiveError
from sync.auth.source import TokenSource
from sync.dialogporten import wire
from sync.dialogporten.client import DialogportenClient, SearchParams
from sync.dialogporten.errors import ArkivError
from sync.dialogporten.limits import party_batches
from sync.doctoring.causes import EMPTY_PARTIES, NOTHING_FOUND, WRONG_PARTIES, failure
from sync.doctoring.claims import Claims, read_claims
from sync.doctoring.report import Check, Fact, counted, ok, skipped
from sync.passes.bodies import MalformedItem
from sync.passes.parties import PartyList, read_parties


class Access:
    """Asks as one identity, and keeps what the later checks need."""

    def __init__(
        self, client: DialogportenClient, token: TokenSource, asked: tuple[str, ...] | None, now: datetime
    ) -> None:
        self._client = client
        self._token = token
        self._asked = asked
        self._now = now
        self._claims: Claims | None = None
        self._found: PartyList | None = None

    def token(self) -> Check:
        """A token, and what it says of itself."""
        try:
            bearer = self._token.bearer()
        except ArkivError as error:
            return failure("token", error)
        except ConfigError as error:
            return Check("token", "failed", error.problem, (), error.remedy, {}, 2)
        except ArchiveError as error:
            # A person's token is renewed in the archive.
            return Check("token", "failed", error.problem, (), error.remedy, {}, error.exit_code)
        claims = self._claims = read_claims(bearer)
        if claims is None:
            return Check(
                "token",
                "warning",
                "There is a token, but no JWT: what is in it cannot be shown, only tried.",
                ("A part of it was lost when it was copied.",),
                "If it is refused below, get it anew.",
            )
        facts: dict[str, Fact] = {
            "scopes": list(claims.scopes),
            "lifetime_seconds": claims.lifetime,
            "user": claims.user,
            "system_user_ids": list(claims.system_users),
            "level": claims.level,
        }
        if claims.expired(self._now):
            return Check(
                "token",
                "failed",
                f"The token expired at {claims.expires_at:%Y-%m-%d %H:%M:%S} UTC.",
                ("A fixed token is never renewed by itself.",),
                "Get a new one and set the connection's environment variable.",
                facts,
                3,
            )
        if claims.user == "none":
            return Check(
                "token",
                "warning",
                "The token names neither a system user nor a person.",
                ("It was asked for without authorization_details: a plain Maskinporten token opens nothing.",),
                "Use a connection of kind system-user.",
                facts,
            )
        lifetime = "" if claims.lifetime is None else f", good for {claims.lifetime} s"
        who = f"system user {' and '.join(claims.system_users)}" if claims.system_users else "a person"
        level = "" if claims.level is None else f" at level {claims.level}"
        return ok("token", f"Granted for {who}{level}{lifetime}.", **facts)

    def scope(self) -> Check:
        """Whether the scopes of the token open Dialogporten."""
        claims = self._claims
        if claims is None:
            return skipped("scope", "The token cannot be looked into; the server will say.")
        scopes: Fact = list(claims.scopes)
        listed = " ".join(claims.scopes) or "none"
        if claims.may_read:
            return ok("scope", f"The token's scopes are {listed}.", scopes=scopes)
        causes = (
            "digdir:dialogporten is not on the client, or was not asked for.",
            "It is a service owner's token: digdir:dialogporten.serviceprovider does not open this API.",
        )
        remedy = "Register digdir:dialogporten on the client and name it in the connection's scopes."
        if claims.user == "person":
            causes = (causes[0], "ID-porten left it out at a renewal of the login, though it was approved.")
            remedy = f"{remedy} Then let the person log in anew and approve it."
        return Check(
            "scope",
            "failed",
            f"The token's scopes ({listed}) do not open Dialogporten.",
            causes,
            remedy,
            {"scopes": scopes},
            3,
        )

    def parties(self) -> Check:
        """Whom the identity may represent. With `parties` in the settings a pass does without this list, so a
        refusal is then only a warning.
        """
        try:
            self._found = found = read_parties(self._client.parties(), instant_text(self._now))
        except ArkivError as error:
            check = failure("parties", error, system_user_id=self._system_user())
            return check if self._asked is None or check.exit_code == 3 else replace(check, outcome="warning")
        except MalformedItem as error:
            return Check(
                "parties",
                "failed",
                f"The list of parties cannot be read: {error.reason}.",
                ("Another program answers in Dialogporten's place.",),
                "Check the base address.",
                {},
                4,
            )
        facts = _counts(found)
        if self._asked is not None:
            return self._asked_for(found, facts)
        if not found.searchable:
            what = "The list of parties is empty." if not found.rows else "None of the parties can be searched."
            return Check(
                "parties",
                "failed",
                f"{what} So there is nothing to read.",
                EMPTY_PARTIES,
                "Have the owner of the system user look at its packages and clients in Altinn.",
                facts | {"system_user_id": self._system_user()},
                3,
            )
        if found.malformed:
            return Check("parties", "warning", f"{_sentence(facts)} {' '.join(found.malformed)}", facts=facts)
        return ok("parties", _sentence(facts), **facts)

    def _asked_for(self, found: PartyList, facts: dict[str, Fact]) -> Check:
        known = {str(row["urn"]) for row in found.rows}
        asked = self._asked or ()
        strange = [mask_party(party) for party in asked if party not in known]
        facts = facts | {"asked": len(asked), "not_represented": strange}
        if not strange:
            return ok("parties", f"The settings name {_parties(len(asked))}, and all may be represented.", **facts)
        return Check(
            "parties",
            "failed" if len(strange) == len(asked) else "warning",
            f"The settings name parties that may not be represented: {', '.join(strange)}.",
            WRONG_PARTIES,
            "Write the client's number under parties, or leave the key out: then every party is read.",
            facts,
            3,
        )

    def search(self, at_once: int) -> Check:
        """One item of the first party's list; where it has none, one of as many parties as a search takes."""
        parties = self._asked if self._asked is not None else (tuple(self._found.searchable) if self._found else ())
        if not parties:
            return skipped("search", "There is no party to search.")
        batch = next(iter(party_batches(parties, at_once)))
        try:
            if self._has_items(parties[:1]):
                return ok("search", f"Dialogs of {mask_party(parties[0])} can be listed.")
            if len(batch) > 1 and self._has_items(batch):
                return ok("search", f"{mask_party(parties[0])} has no dialogs; others of {_parties(len(batch))} have.")
        except ArkivError as error:
            return failure("search", error, system_user_id=self._system_user())
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Check(
                "search",
                "failed",
                "The list of dialogs has not the expected form.",
                ("Another program answers in Dialogporten's place.",),
                "Check the base address.",
                {},
                4,
            )
        return Check(
            "search",
            "warning",
            f"The search works and finds no dialog of {_parties(len(batch))}.",
            NOTHING_FOUND,
            "Compare with Altinn's inbox as a person who may act for the party.",
            {"parties": len(batch)},
        )

    def exchange(self, altinn: TokenSource) -> Check:
        """Whether Altinn's storage of documents would take us: one exchange."""
        try:
            claims = read_claims(altinn.bearer())
        except ArkivError as error:
            # Dialogs can be read without it.
            return replace(failure("altinn", error), outcome="warning", exit_code=0)
        lifetime = None if claims is None or claims.expires_at is None else claims.expires_at - self._now
        seconds = None if lifetime is None else round(lifetime.total_seconds())
        good = "" if seconds is None else f", good for {seconds} s"
        return ok("altinn", f"Altinn gives a token of its own for documents{good}.", lifetime_seconds=seconds)

    def _has_items(self, parties: tuple[str, ...]) -> bool:
        return bool(wire.list_page(self._client.search(SearchParams(parties=parties, limit=1))).items)

    def _system_user(self) -> str | None:
        return self._claims.system_users[0] if self._claims is not None and self._claims.system_users else None


def _counts(found: PartyList) -> dict[str, Fact]:
    return {
        "parties": len(found.rows),
        "deleted": sum(row["is_deleted"] is True for row in found.rows),
        "headings": sum(row["has_only_access_to_sub_parties"] is True for row in found.rows),
        "sub_parties": sum(row["parent_urn"] is not None for row in found.rows),
        "searched": len(found.searchable),
    }


def _sentence(facts: Mapping[str, Fact]) -> str:
    more = [
        f"{facts[name]} {words}"
        for name, words in (
            ("sub_parties", "of them units"),
            ("deleted", "deleted (still read)"),
            ("headings", "without access of its own (not read)"),
        )
        if facts[name]
    ]
    told = f"{facts['parties']} listed{''.join(f', {words}' for words in more)}"
    return f"{told}; {_parties(int(str(facts['searched'])))} to be read."


def _parties(number: int) -> str:
    return counted(number, "party", "parties")
