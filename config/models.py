"""The sections of dialogarkiv.toml, frozen and typed.

Each field carries what the settings reference and the starter file print: `title` (the kind of value, in a word or
two), `description` (what it does) and `examples`. Rules that span sections are in `config.checks`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from config.archive_url import shown_archive_url
from config.environments import EnvironmentName
from config.fields import (
    ArchiveUrl,
    BaseUrl,
    Duration,
    IdPortenIssuer,
    Language,
    MaskinportenIssuer,
    PartyUrn,
    ServiceResource,
    WholeNumber,
)
from config.vault import VaultKeyPlace

Opening = Literal["never", "after-human", "restore-unread", "always"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["console", "json"]


class Section(BaseModel):
    """One table of the file: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Archive(Section):
    """Where the archive is kept."""

    url: ArchiveUrl = Field(
        default="sqlite:///dialogarkiv.db",
        repr=False,
        title="address",
        description="SQLite file (`sqlite:///` and a path, relative to this file) or PostgreSQL (`postgresql://…`, "
        "needs the extra `postgres`).",
        examples=["sqlite:///dialogarkiv.db"],
    )

    @property
    def shown_url(self) -> str:
        """`url` for eyes and logs, without a password."""
        return shown_archive_url(self.url)


class EnvironmentSection(Section):
    """Which Dialogporten is read. The addresses are for `custom` alone; prod and tt02 have theirs built in."""

    name: EnvironmentName = Field(
        title="one of",
        description="Production, Altinn's test environment TT02, or addresses of your own.",
        examples=["tt02"],
    )
    dialogporten: BaseUrl | None = Field(
        default=None,
        title="address",
        description="Base of Dialogporten; `/api/v1/…` is appended. Plain http only to this machine.",
        examples=["http://127.0.0.1:8400/dialogporten"],
    )
    altinn: BaseUrl | None = Field(
        default=None,
        title="address",
        description="Altinn platform; if left out, the host of `dialogporten`.",
        examples=["http://127.0.0.1:8400"],
    )
    maskinporten: MaskinportenIssuer | None = Field(
        default=None,
        title="address",
        description="Maskinporten's issuer, its slash at the end included. Needed by system-user connections.",
        examples=["http://127.0.0.1:8400/maskinporten/"],
    )
    idporten: IdPortenIssuer | None = Field(
        default=None,
        title="address",
        description="ID-porten's issuer, without a slash at the end. Needed by id-porten connections.",
        examples=["http://127.0.0.1:8400/idporten"],
    )


class OpenRule(Section):
    """An exception to `open`: the first rule whose every given key fits a dialog decides for it."""

    party: PartyUrn | None = Field(
        default=None,
        title="party URN",
        description="Only dialogs of this party.",
        examples=["urn:altinn:organization:identifier-no:310000000"],
    )
    org: str | None = Field(
        default=None, title="text", description="Only dialogs of this service owner (its code).", examples=["skd"]
    )
    service_resource: ServiceResource | None = Field(
        default=None,
        title="resource URN",
        description="Only dialogs of this service.",
        examples=["urn:altinn:resource:eksempel-tjeneste"],
    )
    open: Opening = Field(title="one of", description="The policy for them.", examples=["never"])


class Sync(Section):
    """When and how the inbox is read."""

    open: Opening = Field(
        default="after-human",
        title="one of",
        description="Which dialogs may be opened. Opening marks a dialog as read for everybody in the organisation: "
        "`never` leaves no trace, `after-human` opens only what a person has opened already (or no person's inbox "
        "shows), `restore-unread` puts the unread mark back, `always` lets the inbox belong to the machine.",
    )
    poll: Duration = Field(
        default=timedelta(minutes=5),
        ge=timedelta(seconds=1),
        title="duration",
        description="How often the daemon asks what changed.",
    )
    hot: Duration = Field(
        default=timedelta(hours=1),
        ge=timedelta(seconds=1),
        title="duration",
        description="How often unsettled and due dialogs are read again.",
    )
    sweep: Duration = Field(
        default=timedelta(hours=24),
        ge=timedelta(seconds=1),
        title="duration",
        description="How often a mailbox is listed in full.",
    )
    deep: Duration = Field(
        default=timedelta(days=30),
        ge=timedelta(seconds=1),
        title="duration",
        description="How often the transmissions of every dialog are read again.",
    )
    overlap: Duration = Field(
        default=timedelta(minutes=10),
        ge=timedelta(0),
        le=timedelta(days=7),
        title="duration",
        description="How far behind the last poll the next one starts, for what the server committed late.",
    )
    concurrency: WholeNumber = Field(
        default=8, ge=1, le=64, title="number", description="Requests under way at once, at most."
    )
    open_rules: tuple[OpenRule, ...] = Field(
        default=(), alias="open_rule", title="tables", description="Exceptions to `open`, the first that fits decides."
    )


class Display(Section):
    """How texts are shown."""

    languages: tuple[Language, ...] = Field(
        default=("nb", "nn", "en"),
        min_length=1,
        title="list of language codes",
        description="The language texts are shown in, best first. All languages are archived.",
    )


class Limits(Section):
    """What is too much."""

    response_bytes: WholeNumber = Field(
        default=67_108_864,
        ge=65_536,
        le=2_147_483_648,
        title="number",
        description="The greatest answer that is read, in bytes (64 MiB).",
    )
    requests_per_second: WholeNumber = Field(
        default=100,
        ge=1,
        le=10_000,
        title="number",
        description="How many requests a client id sends to Dialogporten in a second, at most, over all of its system "
        "users together.",
    )


class Log(Section):
    """What is told on standard error."""

    level: LogLevel = Field(default="info", title="one of", description="The least important event to tell.")
    format: LogFormat = Field(
        default="console", title="one of", description="For people, or one JSON object for each line."
    )


class Attention(Section):
    """What needs somebody to act."""

    rules: Path | None = Field(
        default=None,
        title="path",
        description="Your own TOML rules on top of those that ship with the program.",
        examples=["attention.toml"],
    )


class Vault(Section):
    """The keys that seal the logins of persons (`id-porten` connections) in the archive."""

    key: VaultKeyPlace | None = Field(
        default=None,
        title="path, env:NAME or credential:NAME",
        description="The key that seals: 32 random bytes in base64, in a file of mode 0600, an environment variable or "
        "a credential of systemd. A file that is not there is made by the first login. Left out: "
        "`vault.key` beside the settings file.",
        examples=["vault.key"],
    )
    old_keys: tuple[VaultKeyPlace, ...] = Field(
        default=(),
        title="list of the same",
        description="Keys that only open what was sealed before. Everything they opened is sealed anew with `key` at "
        "the next renewal of that login.",
        examples=[["vault-2025.key"]],
    )


SECTIONS: dict[str, type[Section]] = {
    "archive": Archive,
    "environment": EnvironmentSection,
    "sync": Sync,
    "display": Display,
    "limits": Limits,
    "attention": Attention,
    "vault": Vault,
    "log": Log,
}
