"""A program that lets a person log in at the sandbox's ID-porten, and the person's browser. Written from the reference
alone (auth §4), so that the sandbox is not tested with the program it was made for.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from config.keys import SigningKey

KEY = SigningKey("login-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
STRANGE_KEY = SigningKey("login-1", rsa.generate_private_key(public_exponent=65537, key_size=2048))
VERIFIER = "v" * 64
REDIRECT = "http://127.0.0.1:8765/callback"
JSONS = dict[str, Any]


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def unverified(token: str) -> JSONS:
    claims: JSONS = jwt.decode(token, options={"verify_signature": False})
    return claims


@dataclass
class Program:
    """One registered client. `secret` makes it a client with a secret; else it signs with `key`."""

    http: httpx.Client
    issuer: str
    client_id: str
    key: SigningKey = KEY
    secret: str | None = None
    redirect: str = REDIRECT
    scopes: str = "openid digdir:dialogporten altinn:instances.read"
    changes: JSONS = field(default_factory=dict)

    def parameters(self, **changes: str | None) -> dict[str, str]:
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect,
            "scope": self.scopes,
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
            "acr_values": "idporten-loa-high",
            **changes,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def address(self, **changes: str | None) -> str:
        return f"{self.issuer}/authorize?{urlencode(self.parameters(**changes))}"

    def assertion(self, key: SigningKey | None = None, header: JSONS | None = None, **changes: object) -> str:
        now = int(time.time())
        claims: JSONS = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 100,
            "jti": str(uuid.uuid4()),
            **changes,
        }
        used = key or self.key
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, used.private_key, algorithm="RS256", headers=header or {"kid": used.kid})

    def proof(self, assertion: str | None = None) -> dict[str, str]:
        if self.secret is not None:
            return {"client_id": self.client_id, "client_secret": self.secret}
        return {
            "client_id": self.client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion or self.assertion(),
        }

    def post(self, endpoint: str, **fields: str | None) -> httpx.Response:
        form = {name: value for name, value in {**self.proof(), **fields}.items() if value is not None}
        return self.http.post(f"{self.issuer}/{endpoint}", data=form)

    def redeem(self, code: str | None, **changes: str | None) -> httpx.Response:
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.post("token", **fields)

    def refresh(self, token: str, **changes: str | None) -> httpx.Response:
        return self.post("token", **{"grant_type": "refresh_token", "refresh_token": token, **changes})

    def tokens(self, browser: Browser, **visit: Any) -> JSONS:
        """A whole login that goes well."""
        answer = self.redeem(came_back(browser.visit(self.address(), **visit))["code"])
        assert answer.status_code == 200, answer.text
        told: JSONS = answer.json()
        return told


@dataclass
class Browser:
    """What a person does on the pages, without a browser: fills in forms and sends them."""

    http: httpx.Client
    pid: str

    def visit(
        self, address: str, *, acr: str = "idporten-loa-high", leave_out: tuple[str, ...] = (), press: str = "approve"
    ) -> str:
        """From the address to the one the person is sent back to. `press`: approve, decline, or cancel at the login."""
        page = self.http.get(address)
        if page.is_redirect:
            return page.headers["location"]
        assert page.status_code == 200, page.text
        first = "cancel" if press == "cancel" else "login"
        form = {**hidden(page.text), "pid": self.pid, "acr": acr, "decision": first}
        page = self.http.post(_beside(address, "login"), data=form)
        if not page.is_redirect:
            assert page.status_code == 200, page.text
            ticked = [scope for scope in boxes(page.text) if scope not in leave_out]
            answers: Mapping[str, str | list[str]] = {**hidden(page.text), "scope": ticked, "decision": press}
            page = self.http.post(_beside(address, "consent"), data=answers)
        assert page.status_code == 303, page.text
        return page.headers["location"]


def came_back(address: str) -> dict[str, str]:
    """The parameters with which a person was sent back."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def boxes(page: str) -> list[str]:
    return re.findall(r'<input type="checkbox" name="scope" value="([^"]*)" checked>', page)


def _beside(address: str, page: str) -> str:
    return address.partition("?")[0].rpartition("/")[0] + f"/{page}"
