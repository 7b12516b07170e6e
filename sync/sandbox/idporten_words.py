"""Words that the parts of the sandbox's ID-porten share: levels, kinds, and what a refusal is (reference: auth §4)."""

from __future__ import annotations

import uuid
from typing import Literal

AuthMethod = Literal["private_key_jwt", "client_secret_post", "client_secret_basic", "none"]
Usage = Literal["ONETIME", "REUSE"]
ReuseDetection = Literal["none", "token", "family"]

SUBSTANTIAL, HIGH = "idporten-loa-substantial", "idporten-loa-high"
LEVELS = (SUBSTANTIAL, HIGH)  # from the lower to the higher
MISBEHAVIOURS = {
    "low-acr": "tokens tell a level below the one that was used",
    "other-nonce": "the id_token holds another nonce",
    "other-audience": "the id_token is for another client",
    "other-issuer": "the id_token names another issuer",
    "other-signature": "the id_token is signed with a key that is not in the key set",
    "expired-id-token": "the id_token expired an hour ago",
    "no-id-token": "the answer lacks the id_token",
    "no-refresh-token": "the answer lacks the refresh token",
    "other-state": "the person comes back with another state",
    "other-iss": "the person comes back with another iss",
    "no-iss": "the person comes back without iss",
}


class OAuthRefused(Exception):
    """A request that gets an OAuth error: its code, a sentence for the operator, the HTTP status."""

    def __init__(self, error: str, sentence: str, status: int = 400) -> None:
        super().__init__(f"{error}: {sentence}")
        self.error = error
        self.sentence = sentence
        self.status = status

    @property
    def description(self) -> str:
        """The sentence, with an id by which the operator of a genuine server would find it."""
        return f"{self.sentence} (correlation id: {uuid.uuid4().hex})"

    def body(self) -> dict[str, str]:
        """The JSON body of the refusal."""
        return {"error": self.error, "error_description": self.description}
