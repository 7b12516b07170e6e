"""Sealing a refresh token into its row, and opening it again: Fernet of `cryptography`, AES with an HMAC.

The sealed text names its connection, client and issuer, so that a row that was moved or swapped opens nothing.
"""

import json
from typing import Final

from cryptography.fernet import InvalidToken, MultiFernet

from config.errors import ConfigError
from config.vault import VaultKeys
from sync.auth.grant import Client
from sync.dialogporten.errors import Context, VaultShut

_SEALED: Final = "token"


class Seal:
    """The vault's keys, read: the first seals, all open. `context` goes with every error."""

    def __init__(self, keys: VaultKeys, context: Context) -> None:
        self._context = context
        try:
            self._fernet: MultiFernet = keys.open()
        except ConfigError as error:
            raise VaultShut(
                f"The vault's key cannot be used ({error.key} = {error.value}): {error.problem} {error.remedy}",
                context=context,
            ) from None

    def close(self, client: Client, token: str) -> bytes:
        """The sealed row of `token`."""
        told = {**_names(client), _SEALED: token}
        return self._fernet.encrypt(json.dumps(told).encode())

    def open(self, client: Client, sealed: bytes) -> str:
        """The token in `sealed`; VaultShut where no key opens it, or where it is not this client's."""
        try:
            told = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise self._foreign_key(client.connection) from None
        if {name: told.get(name) for name in _names(client)} != _names(client):
            raise VaultShut(
                f"The row of {client.connection} in the vault holds the login of another connection or client: the "
                f"archive was changed by hand. Log in again: dialogarkiv login {client.connection}",
                context=self._context,
            )
        return str(told[_SEALED])

    def anew(self, connection: str, sealed: bytes) -> bytes:
        """The same, sealed with the first key."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise self._foreign_key(connection) from None

    def _foreign_key(self, connection: str) -> VaultShut:
        return VaultShut(
            f"The vault's key does not open the login of {connection}: it was sealed with another one. Name that one "
            f"in [vault] key or old_keys, or log in again: dialogarkiv login {connection}",
            context=self._context,
        )


def _names(client: Client) -> dict[str, str]:
    return {"connection": client.connection, "client_id": client.client_id, "issuer": client.issuer}
