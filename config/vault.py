"""The keys of the vault: what the refresh tokens of persons' logins are sealed with in the archive.

One key seals; it and those of `old_keys` open, so that a key can be changed without a new login. A key is 32 random
bytes in base64 (`openssl rand -base64 32`). It lies in a file of mode 0600, in an environment variable, or in a
credential that systemd hands to the service ($CREDENTIALS_DIRECTORY). Nothing here ever shows any of a key.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Final

from cryptography.fernet import Fernet, MultiFernet
from pydantic import PlainValidator

from config.errors import ConfigError
from config.fields import SecretRef, refused
from config.keys import read_private_text
from config.private_file import write_private
from config.private_key import KeyTrouble

DEFAULT_FILE: Final = "vault.key"
CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"
KEY_BYTES: Final = 32
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_BASE64 = re.compile(r"[A-Za-z0-9_-]{43}=?")
_FORM = 'Write the path of a file, "env:NAME", or "credential:NAME" for a credential of systemd.'


@dataclass(frozen=True)
class VaultKeyRef:
    """Where a key of the vault is: a file (absolute once loaded), an environment variable or a systemd credential."""

    file: Path | None = None
    env: str | None = None
    credential: str | None = None

    def __str__(self) -> str:
        if self.env is not None:
            return f"env:{self.env}"
        return f"credential:{self.credential}" if self.credential is not None else str(self.file)

    def placed(self, folder: Path) -> VaultKeyRef:
        """The same, its path hung on `folder`."""
        return self if self.file is None else replace(self, file=folder / self.file.expanduser())


def _vault_key_ref(value: object) -> VaultKeyRef:
    if isinstance(value, VaultKeyRef):
        return value
    if not isinstance(value, str) or not value.strip():
        raise refused("not the place of a key.", _FORM)
    if _BASE64.fullmatch(value.strip().translate(_URL_SAFE)):
        raise refused("the key itself stands here; it must not be in the settings.", f"Make a new one. {_FORM}")
    kind, colon, name = value.partition(":")
    if colon and kind in ("env", "credential"):
        if not _NAME.fullmatch(name) or (kind == "env" and not name.replace("_", "a").isalnum()):
            raise refused("not a name.", f'Write "{kind}:NAME" with letters, digits and underscores.')
        return VaultKeyRef(env=name) if kind == "env" else VaultKeyRef(credential=name)
    return VaultKeyRef(file=Path(value))


_URL_SAFE = str.maketrans("+/", "-_")

VaultKeyPlace = Annotated[VaultKeyRef, PlainValidator(_vault_key_ref)]


@dataclass(frozen=True)
class VaultKeys:
    """The vault's keys, read when they are needed: a run without persons' logins needs none.

    `settings` is the file that names them. ConfigError of the methods says which key and what to do.
    """

    key: VaultKeyRef
    old_keys: tuple[VaultKeyRef, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Path | None = None

    def open(self) -> MultiFernet:
        """Seals with the first key, opens with any of them."""
        places = [(self.key, "vault.key"), *((ref, f"vault.old_keys.{n}") for n, ref in enumerate(self.old_keys))]
        return MultiFernet([Fernet(self._read(ref, place)) for ref, place in places])

    def make_if_missing(self) -> bool:
        """Makes the key's file if it lies in one and that is not there; True when it did. For the first login only."""
        if self.key.file is None or self.key.file.exists():
            return False
        # Somebody else may make it in this very moment: then theirs is the key.
        with suppress(FileExistsError):
            try:
                write_private(self.key.file, Fernet.generate_key() + b"\n")
                return True
            except (PermissionError, NotADirectoryError) as error:
                raise self._trouble(
                    self.key,
                    "vault.key",
                    f"the key file cannot be made ({error.strerror}).",
                    "Name a file in a folder that this user may write in.",
                ) from None
        return False

    def check(self) -> None:
        """Raises ConfigError for a key that cannot be used; a file that the first login would make is none."""
        if self.key.file is None or self.key.file.exists() or self.old_keys:
            self.open()

    def _read(self, ref: VaultKeyRef, place: str) -> bytes:
        if ref.env is not None:
            text = SecretRef(ref.env).read(self.env, file=self.settings, key=place)
        else:
            try:
                text = self._credential(ref.credential) if ref.credential is not None else _from_file(ref)
            except KeyTrouble as error:
                raise self._trouble(ref, place, error.problem, error.remedy) from None
        bare = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
        with suppress(binascii.Error, ValueError):
            if _BASE64.fullmatch(bare) and len(found := base64.urlsafe_b64decode(bare + "=")) == KEY_BYTES:
                return base64.urlsafe_b64encode(found)
        raise self._trouble(
            ref,
            place,
            f"not a key of the vault: it needs {KEY_BYTES} random bytes in base64.",
            "Make one with: openssl rand -base64 32",
        )

    def _credential(self, name: str) -> str:
        # Its mode is systemd's matter.
        folder = self.env.get(CREDENTIALS, "")
        if not folder:
            raise KeyTrouble(
                f"there are no credentials here: {CREDENTIALS} is not set.",
                f"Run this as a service with LoadCredential={name}:… (or LoadCredentialEncrypted=).",
            )
        try:
            return (Path(folder) / name).read_text("ascii")
        except UnicodeDecodeError:
            return ""
        except OSError as error:
            raise KeyTrouble(
                f"the credential cannot be read ({error.strerror}).", f"Add LoadCredential={name}:… to the service."
            ) from None

    def _trouble(self, ref: VaultKeyRef, place: str, problem: str, remedy: str) -> ConfigError:
        return ConfigError(self.settings, place, f'"{ref}"', problem, remedy)


def vault_keys(
    key: VaultKeyRef | None, old_keys: tuple[VaultKeyRef, ...], env: Mapping[str, str], settings: Path | None
) -> VaultKeys:
    """The keys that `[vault]` names; without one there, `vault.key` beside the settings file."""
    folder = settings.parent if settings is not None else Path(os.curdir)
    chosen = key or VaultKeyRef(file=Path(DEFAULT_FILE))
    return VaultKeys(chosen.placed(folder), tuple(ref.placed(folder) for ref in old_keys), env, settings)


def _from_file(ref: VaultKeyRef) -> str:
    assert ref.file is not None
    return read_private_text(
        ref.file, "Put it back from a copy. Without it, log in again: dialogarkiv login makes a new one."
    )
