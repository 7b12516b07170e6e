"""Private keys: reading the one a connection signs with, making a new one, and the public half to register.

Maskinporten and ID-porten know a key by its `kid` (alphanumerics and ._-; globally unique to be safe) and want RSA
of 2048 bits at least, RS256 (reference: auth §1.2, §9). Nothing here ever shows more of a key than its kid.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from config.errors import ConfigError
from config.fields import KeyRef, SecretRef
from config.private_file import write_private
from config.private_key import KeyTrouble, parse_private_key

LEAST_BITS = 2048
_CREATE = "Correct the path, or make a key with `dialogarkiv init`."


@dataclass(frozen=True)
class SigningKey:
    """What a JWT is signed with: header `kid` and `alg`, and the private key itself."""

    kid: str
    private_key: rsa.RSAPrivateKey = field(repr=False)
    alg: Literal["RS256"] = "RS256"

    def public_jwk(self) -> dict[str, str]:
        """The public half, as Digdir's self-service takes it."""
        return public_jwk(self.kid, self.private_key.public_key())


def public_jwk(kid: str, key: rsa.RSAPublicKey) -> dict[str, str]:
    """`{kty, alg, use, kid, e, n}`; nothing in it is secret."""
    numbers = key.public_numbers()
    return {
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "kid": kid,
        "e": _base64_number(numbers.e),
        "n": _base64_number(numbers.n),
    }


def load_signing_key(
    ref: KeyRef, env: Mapping[str, str], *, file: Path | str | None = None, key: str = "key"
) -> SigningKey:
    """Read the key that `ref` names: JWK (JSON, or base64 of it) or PEM (PKCS#8, PKCS#1).

    `file` and `key` say where the reference stands. Raises ConfigError; its text never holds any of the key.
    """

    def trouble(problem: str, remedy: str) -> ConfigError:
        return ConfigError(file, key, f'"{ref}"', problem, remedy)

    if ref.env is not None:
        text = SecretRef(ref.env).read(env, file=file, key=key).replace("\\n", "\n")
    else:
        assert ref.file is not None, "a KeyRef names a file or a variable"
        try:
            text = read_private_text(ref.file, _CREATE)
        except KeyTrouble as error:
            raise trouble(error.problem, error.remedy) from None
    try:
        kid, private_key = parse_private_key(text, ref.key_id)
    except KeyTrouble as error:
        raise trouble(error.problem, error.remedy) from None
    if private_key.key_size < LEAST_BITS:
        raise trouble(
            f"the RSA key has {private_key.key_size} bits; Maskinporten wants {LEAST_BITS}.",
            "Make a new key with `dialogarkiv init` and register its public half.",
        )
    return SigningKey(kid, private_key)


def folder_warning(path: Path, *, beside_settings: bool = False) -> str | None:
    """A sentence if other users of this machine can look into, or change, the folder that holds a key. A folder that is
    not for keys alone, `beside_settings`, they may look into.
    """
    if os.name != "posix" or not path.parent.is_dir():
        return None
    mode = stat.S_IMODE(path.parent.stat().st_mode)
    if mode & 0o022 and not mode & stat.S_ISVTX:
        return f"others can replace files in {path.parent}. Run: chmod 700 '{path.parent}'"
    if mode & 0o007 and not beside_settings:
        return f"others can look into the folder {path.parent}. Run: chmod 700 '{path.parent}'"
    return None


def new_key_id() -> str:
    """A kid that nobody else has."""
    return f"dialogarkiv-{uuid.uuid4()}"


def create_key(path: Path, *, key_id: str | None = None) -> SigningKey:
    """Make an RSA key and write its private half to `path` with mode 0600; FileExistsError if something is there.

    A name that ends in .pem gets PKCS#8, whose kid must stand in the settings as `key_id`; any other a private JWK.
    """
    key = SigningKey(key_id or new_key_id(), rsa.generate_private_key(public_exponent=65537, key_size=LEAST_BITS))
    write_private(path, _pem(key) if path.suffix == ".pem" else _jwk(key))
    return key


def _pem(key: SigningKey) -> bytes:
    return key.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _jwk(key: SigningKey) -> bytes:
    numbers = key.private_key.private_numbers()
    secret = {
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    whole = {**key.public_jwk(), **{name: _base64_number(number) for name, number in secret.items()}}
    return (json.dumps(whole, indent=2) + "\n").encode()


def _base64_number(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def read_private_text(path: Path, missing: str) -> str:
    """The text of a key file that only its owner reads. KeyTrouble otherwise; `missing` says what to do without one."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise KeyTrouble("not a file.", "Write the path of the key file itself.")
        if os.name == "posix" and mode & 0o077:
            raise KeyTrouble(
                f"others can read or change the key file (mode {stat.S_IMODE(mode):04o}); only its owner should.",
                f"Run: chmod 600 '{path}'",
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise KeyTrouble("there is no such key file.", missing) from None
    except PermissionError:
        raise KeyTrouble(
            "the key file cannot be read by this user.", f"Run as the owner of '{path}', or give the file to this user."
        ) from None
    except OSError as error:
        raise KeyTrouble(f"the key file cannot be read ({error.strerror}).", missing) from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise KeyTrouble(
            "a binary file, neither JWK nor PEM.",
            "Turn a PKCS#12 file (.p12, .pfx) into PEM: openssl pkcs12 -in FILE -nocerts -nodes -out key.pem",
        ) from None
