"""What a person's login looks like before anybody is asked: the vault's key, and the consent with its clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from config.errors import ConfigError
from config.vault import VaultKeys
from sync.auth.consent import Consent
from sync.doctoring.causes import LOGIN_ENDED
from sync.doctoring.report import Check, Fact, ok

_GOOD: Final = ("active", "expiring")


def vault_check(keys: VaultKeys, consent: Consent) -> Check:
    """Whether the vault's key is there; before the first login it need not be."""
    if consent.stored == "none" and keys.key.file is not None and not keys.key.file.exists():
        return ok("vault", f"{keys.key} is made by the first login.")
    try:
        keys.open()
    except ConfigError as error:
        where = f"{error.key}{f' = {error.value}' if error.value else ''}"
        return Check("vault", "failed", f"{where}: {error.problem}", (), error.remedy, {}, 2)
    return ok("vault", f"The vault's key stands in {keys.key}.")


def consent_check(consent: Consent, poll: timedelta) -> Check:
    """What became of the person's login, and for how long it lasts; `poll` is how often a daemon would renew it."""
    facts: dict[str, Fact] = {
        "state": consent.state,
        "days_left": consent.days_left,
        "ends_from": consent.ends_from,
        "acr": consent.acr,
        "scopes": list(consent.scopes),
        "refreshes": consent.generation,
    }
    for name in ("granted_at", "ends_at", "idle_until", "refreshed_at", "error_at"):
        moment = getattr(consent, name)
        facts[name] = None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    sentence, remedy = consent.sentence, consent.remedy
    if consent.state not in _GOOD:
        said = () if consent.error is None else (f"The latest renewal ended with: {consent.error}",)
        causes = (*LOGIN_ENDED.get(consent.state, ()), *said)
        return Check("consent", "failed", sentence, causes, remedy, facts, 3)
    renewed = consent.refreshed_at or consent.granted_at
    if consent.idle_until is not None and renewed is not None and (idle := consent.idle_until - renewed) <= poll:
        sentence = f"{sentence} But it ends when it lies unused for {idle.total_seconds():.0f} s."
        cause = f"refresh_token_lifetime of the client; a poll comes only every {poll.total_seconds():.0f} s."
        mend = (
            "Have the client registered with a longer one: more than the longest time that this program stands still."
        )
        return Check("consent", "warning", sentence, (cause,), f"{mend} {remedy}".strip(), facts)
    return Check("consent", "warning" if remedy else "ok", sentence, (), remedy, facts)
