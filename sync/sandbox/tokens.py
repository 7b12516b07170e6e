"""The dialog token of GET dialog, and the keys it is checked with (reference: end-user API §2.7)."""

from __future__ import annotations

import base64
import uuid
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sync.sandbox.access import is_permitted, may_read_transmission
from sync.sandbox.dialogs import Dialog, JsonObject
from sync.sandbox.viewers import Viewer
from sync.sandbox.world import World

LIFETIME_SECONDS = 600
LOCAL_TOKEN = "local-development-jws"  # noqa: S105 (the genuine server's constant in local mode)
_KEY_IDS = ("sandbox-primary", "sandbox-secondary")


def token_issuer(world: World) -> str:
    """The `iss` of dialog tokens."""
    return f"{world.base_url}/dialogporten/api/v1"


def dialog_token(viewer: Viewer, dialog: Dialog) -> str:
    """A fresh token: an EdDSA JWS of ten minutes that names what the caller may do with the dialog."""
    world, caller = viewer.world, viewer.caller
    if world.local_mode:
        return LOCAL_TOKEN
    now = int(world.real_now().timestamp())
    claims: JsonObject = {
        "jti": str(uuid.uuid4()),
        "iss": token_issuer(world),
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME_SECONDS,
        "l": viewer.level,
        "p": dialog.party,
        "s": dialog.service_resource,
        "i": dialog.id,
        "a": ";".join(_permitted_actions(viewer, dialog)),
    }
    if caller.kind == "system-user":
        claims |= {
            "c": f"urn:altinn:organization:identifier-no:{caller.consumer}",
            "y": caller.urn,
            "o": f"urn:altinn:organization:identifier-no:{caller.org}",
        }
    else:
        claims["c"] = caller.urn
    return jwt.encode(claims, _keys()[0], algorithm="EdDSA", headers={"kid": _KEY_IDS[0]})


def dialog_token_keys() -> list[JsonObject]:
    """The public keys, as `/.well-known/jwks.json` lists them."""
    keys = []
    for kid, key in zip(_KEY_IDS, _keys(), strict=True):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        keys.append({"kty": "OKP", "use": "sig", "kid": kid, "crv": "Ed25519", "x": x, "alg": "EdDSA"})
    return keys


@cache
def _keys() -> tuple[Ed25519PrivateKey, Ed25519PrivateKey]:
    return Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


def _permitted_actions(viewer: Viewer, dialog: Dialog) -> list[str]:
    asked: dict[tuple[str, str | None], None] = {("read", None): None}
    for action in (*dialog.gui_actions, *dialog.api_actions):
        asked[(action["action"], action.get("authorizationAttribute"))] = None
    granted = [pair for pair in asked if is_permitted(viewer.grants, dialog, *pair)]
    names = [action if attribute is None else f"{action},{attribute}" for action, attribute in granted]
    for one in dialog.transmissions:
        attribute = one.get("authorizationAttribute")
        name = f"transmissionread,{attribute}"
        if attribute and name not in names and may_read_transmission(viewer.grants, dialog, one, main_access=True):
            names.append(name)
    return names
