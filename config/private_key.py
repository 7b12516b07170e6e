"""From text to an RSA private key: JWK, base64 of a JWK, PEM PKCS#8 or PKCS#1, and a word on anything else."""

from __future__ import annotations

import base64
import binascii
import json
import re
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,255}")
_NEW = "Make a key with `dialogarkiv init` and register its public half."


class KeyTrouble(Exception):
    """Why a text is not a usable key. Neither sentence holds any of the text."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem)


# That the numbers belong together is checked, at a twentieth of a second; a run asks for each key twice.
@lru_cache(maxsize=16)
def parse_private_key(text: str, key_id: str | None) -> tuple[str, rsa.RSAPrivateKey]:
    """`(kid, key)`. `key_id` is needed for a PEM, and must agree with the kid of a JWK. Raises KeyTrouble."""
    text = text.lstrip("\ufeff").strip()
    if "-----BEGIN" in text:
        return _from_pem(text, key_id)
    if not text:
        raise KeyTrouble("empty.", _NEW)
    try:
        document: object = json.loads(text if text.startswith("{") else _base64(text))
    except (ValueError, binascii.Error):
        raise KeyTrouble(
            "neither JWK nor PEM.", f"Give a private JWK (JSON, or base64 of it) or a PEM. {_NEW}"
        ) from None
    if isinstance(document, dict) and isinstance(document.get("keys"), list):
        private = [entry for entry in document["keys"] if isinstance(entry, dict) and "d" in entry]
        if len(private) != 1:
            raise KeyTrouble(
                f"a set with {len(private)} private keys; exactly one is wanted.", "Keep the one to sign with, alone."
            )
        document = private[0]
    if not isinstance(document, dict):
        raise KeyTrouble("JSON, but not a JWK.", _NEW)
    return _from_jwk(document, key_id)


def _from_pem(text: str, key_id: str | None) -> tuple[str, rsa.RSAPrivateKey]:
    label = text.partition("-----BEGIN ")[2].partition("-----")[0]
    if "PRIVATE KEY" not in text:
        what = "a certificate" if "CERTIFICATE" in label else "a public key"
        raise KeyTrouble(f"only {what}; signing needs the private key.", f"Give the private key. {_NEW}")
    if "OPENSSH" in label:
        raise KeyTrouble("a key in OpenSSH's own format.", "Turn it into PEM: ssh-keygen -p -m PEM -f FILE")
    # A PEM file may hold the certificate before or behind the key.
    block = re.search(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?-----END [A-Z0-9 ]*PRIVATE KEY-----", text, re.DOTALL)
    try:
        key = serialization.load_pem_private_key((block[0] if block else text).encode(), password=None)
    except TypeError:
        raise KeyTrouble(
            "the key is encrypted with a passphrase.",
            "Write it without one, mode 0600: openssl pkey -in FILE -out key.pem",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyTrouble("a damaged or cut-off PEM.", f"Copy the file again, whole. {_NEW}") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyTrouble("not an RSA key.", f"Maskinporten and ID-porten take RSA alone. {_NEW}")
    if key_id is None:
        raise KeyTrouble(
            "a PEM has no kid of its own.", 'Add key_id = "…": the kid the key is registered with at Digdir.'
        )
    return key_id, key


def _from_jwk(jwk: dict[str, object], key_id: str | None) -> tuple[str, rsa.RSAPrivateKey]:
    if jwk.get("kty") != "RSA":
        raise KeyTrouble("not an RSA key.", f"Maskinporten and ID-porten take RSA alone. {_NEW}")
    if "d" not in jwk:
        raise KeyTrouble("only a public key; signing needs the private key.", f"Give the private JWK. {_NEW}")
    if jwk.get("alg", "RS256") != "RS256" or jwk.get("use", "sig") != "sig":
        raise KeyTrouble('a key for another use than "alg": "RS256", "use": "sig".', f"Give a signing key. {_NEW}")
    kid = jwk.get("kid", key_id)
    if not isinstance(kid, str) or not _KEY_ID.fullmatch(kid):
        raise KeyTrouble(
            "the JWK has no usable kid.",
            'Add "kid" to it, or key_id = "…" to the settings: letters, digits, . _ and -, as registered at Digdir.',
        )
    if key_id is not None and key_id != kid:
        raise KeyTrouble("key_id and the kid inside the JWK differ.", "Remove key_id; the JWK's own kid is used.")
    try:
        return kid, _rsa(jwk)
    except (ValueError, TypeError, KeyError, binascii.Error):
        raise KeyTrouble("a damaged or incomplete JWK.", f"Copy it again, whole. {_NEW}") from None


def _rsa(jwk: dict[str, object]) -> rsa.RSAPrivateKey:
    n, e, d = (_number(jwk[name]) for name in ("n", "e", "d"))
    if "p" in jwk and "q" in jwk:
        p, q = _number(jwk["p"]), _number(jwk["q"])
    else:
        p, q = rsa.rsa_recover_prime_factors(n, e, d)
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(e, n),
    ).private_key()


def _number(value: object) -> int:
    if not isinstance(value, str):
        raise TypeError("not base64url")
    return int.from_bytes(_base64(value), "big")


def _base64(text: str) -> bytes:
    """Both alphabets, with or without padding and line breaks."""
    bare = "".join(text.split()).rstrip("=").replace("+", "-").replace("/", "_")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", bare):
        raise ValueError("not base64")
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
