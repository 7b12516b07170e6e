"""What holds for every identity: the limits, and our clock against the servers'. Each is asked once."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from config.environments import Environment
from sync.auth.idporten import IdPorten
from sync.auth.maskinporten import Maskinporten
from sync.dialogporten.client import DialogportenClient
from sync.dialogporten.clock import REFUSE_OVER, WARN_OVER
from sync.dialogporten.errors import ArkivError, BadBody, HttpRefusal
from sync.dialogporten.http import HttpEdge
from sync.dialogporten.limits import Limits, read_limits
from sync.dialogporten.origins import origin
from sync.doctoring.causes import failure
from sync.doctoring.report import Check, Fact, counted, ok, skipped

Issuer = Literal["maskinporten", "idporten"]

_SYNCHRONISE = "Set the clock right and turn on time synchronisation (timedatectl set-ntp true)."


class Servers:
    """Dialogporten and the issuers as far as no token is needed."""

    def __init__(self, http: HttpEdge, environment: Environment) -> None:
        self._http = http
        self._environment = environment
        self._limits: Check | None = None
        self._measured: set[Issuer | None] = set()
        self.at_once = Limits()

    def limits(self, client: DialogportenClient) -> Check:
        """How many parties one search takes; `at_once` keeps it."""
        if self._limits is None:
            try:
                self.at_once = read_limits(client.limits())
                self._limits = ok(
                    "limits",
                    f"One search takes {counted(self.at_once.parties, 'party', 'parties')}.",
                    parties=self.at_once.parties,
                )
            except (ValueError, BadBody, HttpRefusal) as error:
                why = error.sentence if isinstance(error, BadBody | HttpRefusal) else f"The answer: {error}."
                facts = error.facts() if isinstance(error, BadBody | HttpRefusal) else {}
                self._limits = Check(
                    "limits",
                    "warning",
                    f"The server's limits could not be read; {Limits().parties} parties at a time are taken. {why}",
                    remedy="Nothing, unless it goes on.",
                    facts=facts,
                )
            except ArkivError as error:
                self._limits = failure("limits", error)
        return self._limits

    def clock(self, client: DialogportenClient, issuer: Issuer | None) -> Check:
        """Our clock against the `Date` of Dialogporten's answers and the issuer's, which is asked once; the one that is
        farthest off counts (reference: auth §1.7).
        """
        if issuer not in self._measured:
            self._measured.add(issuer)
            self.limits(client)
            # What is wrong there is the token's matter.
            with suppress(ArkivError):
                if issuer == "maskinporten":
                    Maskinporten(self._http, self._environment.maskinporten).metadata()
                elif issuer == "idporten":
                    IdPorten(self._http, self._environment.idporten).metadata()
        return self._compare()

    def _compare(self) -> Check:
        hosts = {
            str(found)
            for url in (self._environment.maskinporten, self._environment.idporten, self._environment.dialogporten)
            if (found := origin(url)) is not None
        }
        skews = {host: skew for host in hosts if (skew := self._http.clock.skew(host)) is not None}
        if not skews:
            return skipped("clock", "No server answered with a date, so there is nothing to compare with.")
        host, skew = max(skews.items(), key=lambda entry: abs(entry[1]))
        direction = "ahead of" if skew > 0 else "behind"
        facts: dict[str, Fact] = {"seconds": round(skew, 1) + 0.0, "host": host}
        if abs(skew) <= WARN_OVER:
            return Check("clock", "ok", f"This machine's clock and {host}'s agree.", facts=facts)
        sentence = f"This machine's clock is {abs(skew):.0f} s {direction} {host}'s."
        causes = ("Time synchronisation is off, or this machine slept.",)
        if abs(skew) <= REFUSE_OVER:
            more = " Maskinporten refuses grants that are off by more than ten."
            return Check("clock", "warning", sentence + more, causes, _SYNCHRONISE, facts)
        more = " No token is asked for while it is off by more than a minute."
        return Check("clock", "failed", sentence + more, causes, _SYNCHRONISE, facts, 2)
