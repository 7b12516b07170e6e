"""The kinds of `[[connection]]` of dialogarkiv.toml, frozen and typed, told in the manner of `config.models`."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from config.fields import (
    ClientId,
    ConnectionName,
    Day,
    Duration,
    ExternalRef,
    KeyId,
    KeyPlace,
    OrganisationNumber,
    PartyUrn,
    RedirectUrl,
    Scope,
    SecretPlace,
)
from config.models import Section

Acr = Literal["idporten-loa-substantial", "idporten-loa-high"]
RefreshTokens = Literal["one-time", "reusable"]


class SystemUser(Section):
    """One system user (systembruker) in Altinn."""

    org: OrganisationNumber = Field(
        title="organisation number",
        description="The organisation that owns the system user; in a client relationship the accountant, "
        "never the client.",
        examples=["310000000"],
    )
    external_ref: ExternalRef | None = Field(
        default=None,
        title="text",
        description="Exactly the externalRef the system user was requested with; left out if it had none.",
        examples=["lonn"],
    )


class SystemUserConnection(Section):
    """A Maskinporten client with its system users: the ordinary way for an organisation."""

    name: ConnectionName = Field(
        title="text", description="Your name for the connection; unique.", examples=["regnskap"]
    )
    kind: Literal["system-user"] = Field(default="system-user", title="one of", description="The kind of connection.")
    client_id: ClientId = Field(
        title="text",
        description="The Maskinporten client's id.",
        examples=["11111111-2222-4333-8444-555555555555"],
    )
    key: KeyPlace = Field(
        title="path or env:NAME",
        description="The client's private RSA key: a JWK or PEM file of mode 0600, or an environment variable.",
        examples=["keys/maskinporten.jwk"],
    )
    key_id: KeyId | None = Field(
        default=None,
        title="text",
        description="The key's `kid` as registered at Digdir; needed with a PEM, a JWK carries its own.",
        examples=["min-nokkel-2026"],
    )
    key_uploaded: Day | None = Field(
        default=None,
        title="date",
        description="When the public half of `key` was last registered at Digdir; it stops working a year later. Left "
        "out: counted from its first use by Dialogarkiv.",
        examples=[date(2026, 1, 31)],
    )
    next_key: KeyPlace | None = Field(
        default=None,
        title="path or env:NAME",
        description="The key that follows, while both are registered: used once `key` is refused or its year is over.",
        examples=["keys/maskinporten-2.jwk"],
    )
    next_key_id: KeyId | None = Field(
        default=None,
        title="text",
        description="The `kid` of `next_key`; needed with a PEM.",
        examples=["min-nokkel-2027"],
    )
    scopes: tuple[Scope, ...] = Field(
        default=("digdir:dialogporten",),
        title="list of texts",
        description="Scopes to ask for; each must be registered on the client.",
        examples=[["digdir:dialogporten"]],
    )
    system_users: tuple[SystemUser, ...] = Field(
        title="list of { org, external_ref }",
        description="The system users this client acts as, at least one.",
        examples=[[{"org": "310000000"}]],
    )
    parties: tuple[PartyUrn, ...] | None = Field(
        default=None,
        title="list of party URNs",
        description="Archive these parties only, and skip discovery. Left out: every party the connection may see.",
        examples=[["urn:altinn:organization:identifier-no:310000000"]],
    )


class IdPortenConnection(Section):
    """A person who logs in through ID-porten and consents."""

    name: ConnectionName = Field(title="text", description="Your name for the connection; unique.", examples=["kari"])
    kind: Literal["id-porten"] = Field(default="id-porten", title="one of", description="The kind of connection.")
    client_id: ClientId = Field(
        title="text",
        description="The ID-porten client's id.",
        examples=["11111111-2222-4333-8444-555555555555"],
    )
    key: KeyPlace | None = Field(
        default=None,
        title="path or env:NAME",
        description="The client's private RSA key (private_key_jwt): a JWK or PEM file of mode 0600, or an "
        "environment variable. Either this or `client_secret`.",
        examples=["keys/idporten.jwk"],
    )
    key_id: KeyId | None = Field(
        default=None,
        title="text",
        description="The key's `kid` as registered at Digdir; needed with a PEM.",
        examples=["min-nokkel-2026"],
    )
    key_uploaded: Day | None = Field(
        default=None,
        title="date",
        description="When the public half of `key` was last registered at Digdir; it stops working a year later. Left "
        "out: counted from its first use by Dialogarkiv.",
        examples=[date(2026, 1, 31)],
    )
    next_key: KeyPlace | None = Field(
        default=None,
        title="path or env:NAME",
        description="The key that follows, while both are registered: used once `key` is refused or its year is over.",
        examples=["keys/idporten-2.jwk"],
    )
    next_key_id: KeyId | None = Field(
        default=None,
        title="text",
        description="The `kid` of `next_key`; needed with a PEM.",
        examples=["min-nokkel-2027"],
    )
    client_secret: SecretPlace | None = Field(
        default=None,
        title="env:NAME",
        description="The environment variable that holds the client's secret.",
        examples=["env:IDPORTEN_SECRET"],
    )
    redirect: RedirectUrl = Field(
        title="address",
        description="The redirect address registered on the client. Loopback: `login` listens there; anything else: "
        "you paste the address back.",
        examples=["http://localhost:8765/callback"],
    )
    acr: Acr = Field(default="idporten-loa-high", title="one of", description="The least level of login to ask for.")
    authorization_lifetime: Duration | None = Field(
        default=None,
        title="duration",
        description="How long a consent lives, as the client is registered (`authorization_lifetime`); ID-porten gives "
        "two hours unless it is registered with more, 90 days at most. Left out: what ID-porten answers, else unknown.",
        examples=["90d"],
    )
    refresh_tokens: RefreshTokens | None = Field(
        default=None,
        title="one of",
        description="Whether a refresh token may be used again, as the client is registered (`refresh_token_usage`). "
        "Left out: seen from the answers, and until then taken for one-time.",
        examples=["one-time"],
    )
    scopes: tuple[Scope, ...] = Field(
        default=("openid", "digdir:dialogporten"),
        title="list of texts",
        description="Scopes to ask consent for.",
        examples=[["openid", "digdir:dialogporten"]],
    )
    parties: tuple[PartyUrn, ...] | None = Field(
        default=None,
        title="list of party URNs",
        description="Archive these parties only, and skip discovery.",
        examples=[["urn:altinn:organization:identifier-no:310000000"]],
    )


class TokenConnection(Section):
    """A bearer token from an environment variable: TT02 test tokens, a local Dialogporten."""

    name: ConnectionName = Field(title="text", description="Your name for the connection; unique.", examples=["lokal"])
    kind: Literal["token"] = Field(default="token", title="one of", description="The kind of connection.")
    token: SecretPlace = Field(
        title="env:NAME",
        description="The environment variable that holds the token.",
        examples=["env:DIALOGPORTEN_TOKEN"],
    )
    parties: tuple[PartyUrn, ...] | None = Field(
        default=None,
        title="list of party URNs",
        description="Archive these parties only, and skip discovery.",
        examples=[["urn:altinn:organization:identifier-no:310000000"]],
    )


Connection = SystemUserConnection | IdPortenConnection | TokenConnection

CONNECTIONS: dict[str, type[SystemUserConnection | IdPortenConnection | TokenConnection]] = {
    "system-user": SystemUserConnection,
    "id-porten": IdPortenConnection,
    "token": TokenConnection,
}
