"""What we need of ID-porten's discovery document, and which addresses in it are believed. Pure.

The issuer has no slash at its end. Its pages live on a host below the issuer's (login.idporten.no), the rest on the
issuer's own (reference: auth §4.1).
"""

import json
import re
from dataclasses import dataclass

from sync.dialogporten.origins import origin

# No address needs them: a browser reads a backslash as a slash, a terminal obeys what it is sent.
_ODD = re.compile(r"[^\x21-\x7e]|\\")
WELL_KNOWN = ".well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """Endpoints; `par` and `revocation` are "" where there is none. `methods`: how a client may prove itself."""

    issuer: str
    authorization: str
    token: str
    jwks: str
    par: str = ""
    revocation: str = ""
    par_required: bool = False
    iss_in_answers: bool = False
    methods: tuple[str, ...] = ()

    def foreign(self) -> str | None:
        """The first endpoint that is not on the issuer's host or one below it, or not safe from listeners."""
        for endpoint in (self.authorization, self.token, self.jwks, self.par, self.revocation):
            if endpoint and not _is_of(endpoint, self.issuer):
                return endpoint
        return None


def read_metadata(body: bytes) -> Metadata | None:
    """The document; None when it names no issuer, or lacks one of the three endpoints that a login needs."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None

    def text(name: str) -> str:
        value = told.get(name)
        return value if isinstance(value, str) else ""

    methods = told.get("token_endpoint_auth_methods_supported")
    found = Metadata(
        issuer=text("issuer"),
        authorization=text("authorization_endpoint"),
        token=text("token_endpoint"),
        jwks=text("jwks_uri"),
        par=text("pushed_authorization_request_endpoint"),
        revocation=text("revocation_endpoint"),
        par_required=told.get("require_pushed_authorization_requests") is True,
        iss_in_answers=told.get("authorization_response_iss_parameter_supported") is True,
        methods=tuple(str(method) for method in methods) if isinstance(methods, list) else (),
    )
    return found if found.issuer and found.authorization and found.token and found.jwks else None


def _is_of(endpoint: str, issuer: str) -> bool:
    there, home = origin(endpoint), origin(issuer)
    if there is None or home is None or not there.safe or _ODD.search(endpoint):
        return False
    if there.name == home.name:
        return True
    # A port of its own is another program's.
    return there.host.endswith(f".{home.host}") and there.name == there.host
