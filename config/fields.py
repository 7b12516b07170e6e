"""The kinds of values that settings are made of, each with the sentence that says what is wrong with a bad one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainValidator
from pydantic_core import PydanticCustomError

from config.archive_url import check_archive_url
from config.durations import parse_duration
from config.environments import is_loopback, origin
from config.errors import ConfigError
from config.identifiers import PartyProblem, is_organisation_number, parse_party

REFUSED = "refused"
"""The pydantic error type of every refusal made here; its context holds `problem` and `remedy`."""

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXTERNAL_REF = re.compile(r"[A-Za-z0-9øæåØÆÅ_-]{1,255}")
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,255}")
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
_CONNECTION_NAME = re.compile(r"[A-Za-z0-9æøåÆØÅ_-]{1,64}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def refused(problem: str, remedy: str) -> PydanticCustomError:
    """What a validator raises: the sentence about the value, and what to do."""
    return PydanticCustomError(REFUSED, "{problem} {remedy}", {"problem": problem, "remedy": remedy})


@dataclass(frozen=True)
class KeyRef:
    """Where a private key is: a file (absolute once loaded) or an environment variable; `key_id` is for a PEM."""

    file: Path | None = None
    env: str | None = None
    key_id: str | None = None

    def __str__(self) -> str:
        return f"env:{self.env}" if self.env is not None else str(self.file)


@dataclass(frozen=True)
class SecretRef:
    """The name of the environment variable that holds a secret; the secret itself is never kept."""

    env: str

    def __str__(self) -> str:
        return f"env:{self.env}"

    def read(self, env: Mapping[str, str], *, file: Path | str | None = None, key: str = "") -> str:
        """The secret. Raises ConfigError if the variable is not set or empty."""
        value = env.get(self.env, "").strip()
        if not value:
            state = "is empty" if self.env in env else "is not set"
            raise ConfigError(
                file,
                key,
                f'"{self}"',
                f"the environment variable {self.env} {state}.",
                f"Set {self.env} in the environment of this command (in a service: its EnvironmentFile).",
            )
        return value


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    try:
        if isinstance(value, str):
            return parse_duration(value)
    except ValueError as error:
        problem = f"{error}."
    else:
        problem = "not a duration."
    raise refused(problem, 'Write a whole number and a unit (s, m, h or d) in quotes, for example "90s", "5m", "24h".')


def _whole_number(value: object) -> object:
    if isinstance(value, bool):
        raise refused("not a whole number.", "Write digits without quotes.")
    return value


def _day(value: object) -> object:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value.strip())
    except ValueError:
        pass
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise refused("not a date.", "Write year, month and day, for example 2026-01-31.")


def _key_ref(value: object) -> KeyRef:
    if isinstance(value, KeyRef):
        return value
    if isinstance(value, str) and ("-----BEGIN" in value or value.lstrip().startswith("{") or len(value) > 1024):
        raise refused(
            "the key itself stands here; it must not be in the settings.",
            'Put it into a file of mode 0600 and write its path, or into an environment variable and write "env:NAME".',
        )
    if not isinstance(value, str) or not value.strip():
        raise refused("not the place of a key.", 'Write the path of a JWK or PEM file, or "env:NAME".')
    if value.startswith("env:"):
        return KeyRef(env=_env_name(value))
    return KeyRef(file=Path(value))


def _secret_ref(value: object) -> SecretRef:
    if isinstance(value, SecretRef):
        return value
    if not isinstance(value, str) or not value.startswith("env:"):
        raise refused(
            "secrets do not stand in the settings.",
            'Put the secret into an environment variable and write "env:NAME" here. If it has been in this file, '
            "consider it known and get a new one.",
        )
    return SecretRef(_env_name(value))


def _env_name(value: str) -> str:
    name = value.removeprefix("env:")
    if not _ENV_NAME.fullmatch(name):
        raise refused(
            "not the name of an environment variable.", 'Write "env:NAME" with letters, digits and underscores.'
        )
    return name


def _matching(pattern: re.Pattern[str], problem: str, remedy: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not value:
            raise refused("is empty.", remedy)
        if not pattern.fullmatch(value):
            raise refused(problem, remedy)
        return value

    return check


def _organisation(value: str) -> str:
    bare = value.replace(" ", "")
    if bare.startswith("0192:"):
        raise refused("the 0192: prefix does not belong here.", "Write the nine digits alone.")
    if not is_organisation_number(bare):
        raise refused(
            "is empty."
            if not bare
            else "not an organisation number: it needs nine digits, the last one a check digit.",
            "Write the number of the organisation that owns the system user, as Brønnøysundregistrene has it.",
        )
    return bare


def _party(value: str) -> str:
    try:
        return parse_party(value).urn
    except PartyProblem as error:
        raise refused(error.problem, error.remedy) from None


def _scope(value: str) -> str:
    if not _SCOPE.fullmatch(value):
        raise refused("not a scope.", 'Write one scope for each item of the list, for example "digdir:dialogporten".')
    if value.startswith("digdir:dialogporten.serviceprovider"):
        raise refused(
            "a service owner's scope; Dialogporten refuses it on the end-user API.", 'Use "digdir:dialogporten".'
        )
    return value


def check_url(value: str) -> str:
    """https anywhere, http only to this machine; no user name, query or fragment."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        origin(value)
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or any(sign.isspace() for sign in value):
        raise refused("not an http(s) address.", "Write it whole, for example https://platform.tt02.altinn.no.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise refused("an address with a user name, a query or a fragment.", "Write scheme, host, port and path alone.")
    if parts.scheme == "http" and not is_loopback(host):
        raise refused(
            "plain http to another machine would show tokens to the network.",
            "Use https; http is for loopback alone (127.0.0.1, ::1, localhost).",
        )
    return value


def _base(value: str) -> str:
    bare = check_url(value).rstrip("/")
    if bare.endswith("/api/v1"):
        raise refused("/api/v1 is appended by Dialogarkiv.", f'Write "{bare.removesuffix("/api/v1")}".')
    return bare


def _maskinporten(value: str) -> str:
    if not check_url(value).endswith("/"):
        raise refused("Maskinporten's issuer ends with a slash; the slash is part of the value.", f'Write "{value}/".')
    return value


def _idporten(value: str) -> str:
    if check_url(value).endswith("/"):
        raise refused("ID-porten's issuer has no slash at the end.", f'Write "{value.rstrip("/")}".')
    return value


Day = Annotated[date, BeforeValidator(_day)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
KeyPlace = Annotated[KeyRef, PlainValidator(_key_ref)]
SecretPlace = Annotated[SecretRef, PlainValidator(_secret_ref)]
OrganisationNumber = Annotated[str, AfterValidator(_organisation)]
PartyUrn = Annotated[str, AfterValidator(_party)]
Scope = Annotated[str, AfterValidator(_scope)]
ArchiveUrl = Annotated[str, AfterValidator(lambda value: check_archive_url(value, refused))]
BaseUrl = Annotated[str, AfterValidator(_base)]
MaskinportenIssuer = Annotated[str, AfterValidator(_maskinporten)]
IdPortenIssuer = Annotated[str, AfterValidator(_idporten)]
RedirectUrl = Annotated[str, AfterValidator(check_url)]
ClientId = Annotated[
    str,
    AfterValidator(
        _matching(re.compile(r"[\x21-\x7E]+"), "not a client id.", "Copy it from the client's page at Digdir.")
    ),
]
ConnectionName = Annotated[
    str,
    AfterValidator(
        _matching(_CONNECTION_NAME, "not a name.", "Use letters, digits, - and _, 64 at most, for example regnskap.")
    ),
]
ExternalRef = Annotated[
    str,
    AfterValidator(
        _matching(
            _EXTERNAL_REF,
            "Maskinporten takes only letters (æøå too), digits, _ and - here, 255 at most (else MP-302).",
            "Write exactly what the system user was requested with; leave the key out if it was requested without.",
        )
    ),
]
KeyId = Annotated[
    str,
    AfterValidator(
        _matching(_KEY_ID, "not a key id.", "Use letters, digits, . _ and -, as the key is registered at Digdir.")
    ),
]
Language = Annotated[
    str,
    AfterValidator(_matching(_LANGUAGE, "not a language code.", 'Write codes like "nb", "nn", "en", "se".')),
]
ServiceResource = Annotated[
    str,
    AfterValidator(
        _matching(
            re.compile(r"urn:altinn:resource:[^\s]+"),
            "not a service resource.",
            "Write it as the archive shows it: urn:altinn:resource:<name>.",
        )
    ),
]
