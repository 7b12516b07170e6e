"""What each happening changes in a consent's row (see `sync.auth.consent`). Pure.

The refresh token itself is sealed into the row by the vault. Who logged in last is known until the consent is
forgotten: `begun`, `declined` and all that comes after a login leave `person` as it was.
"""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from store.batch import Row
from store.clock import instant_text
from sync.auth.consent import Consent, EndsFrom
from sync.auth.grant import Client, Grant


def begun(client: Client) -> Row:
    """A login was begun where no consent stands."""
    return {**_EMPTY, **_names(client), "state": "pending"}


def declined(client: Client, now: datetime) -> Row:
    """It was not approved."""
    return {**_EMPTY, **_names(client), "state": "declined", "error_at": instant_text(now)}


def granted(client: Client, grant: Grant, now: datetime) -> Row:
    """A person logged in and approved; nothing of an earlier consent is left."""
    end, source = _end(client, grant, now, now, None)
    return {
        **_EMPTY,
        **_names(client),
        "state": "active",
        "person": person_mark(client, grant.subject),
        "scopes": " ".join(grant.scopes),
        "acr": grant.acr,
        "granted_at": instant_text(now),
        "ends_at": _spelled(end),
        "ends_from": source,
        "idle_until": _idle(grant, now),
    }


def person_mark(client: Client, subject: str | None) -> str | None:
    """What the archive keeps of who logged in: enough to know another by, and neither a name nor a number."""
    if subject is None:
        return None
    return sha256(json.dumps([client.issuer, client.client_id, subject]).encode()).hexdigest()


def is_another(row: Row | None, client: Client, subject: str | None) -> bool:
    """Whether somebody else logged in last. ID-porten calls a person by one name for each client, so that those of
    another client tell nothing.
    """
    if row is None or row["person"] is None or subject is None:
        return False
    same_client = (row["client_id"], row["issuer"]) == (client.client_id, client.issuer)
    return same_client and row["person"] != person_mark(client, subject)


def refreshed(consent: Consent, client: Client, grant: Grant, now: datetime) -> Row:
    """A renewal was answered. `rotates` stays true once it was: one new token is enough to never send one twice."""
    end, source = _end(client, grant, now, consent.granted_at, consent)
    after: Row = {
        "state": "active",
        "scopes": " ".join(scope for scope in consent.scopes if scope in (*grant.scopes, "openid")),
        "ends_at": _spelled(end),
        "ends_from": source,
        "idle_until": _idle(grant, now),
        "refreshed_at": instant_text(now),
        "generation": consent.generation + 1,
        "sent_at": None,
        "error": None,
        "error_at": None,
    }
    return after if grant.acr is None else {**after, "acr": grant.acr}


def ended(consent: Consent) -> Row:
    """ID-porten takes the refresh token no more: its time was over as far as we know, or somebody withdrew it."""
    state = "expired" if consent.state == "expired" else "revoked"
    return {"state": state, "sealed": None, "sent_at": None}


def lost() -> Row:
    """The answer to a renewal will not come. `sent_at` stays: the one who waits for it may still store it, late; and so
    does the token, with which the consent can be given back.
    """
    return {"state": "lost"}


_EMPTY: Final[Row] = {
    "scopes": "",
    "acr": None,
    "granted_at": None,
    "ends_at": None,
    "ends_from": None,
    "idle_until": None,
    "refreshed_at": None,
    "generation": 0,
    "rotates": None,
    "sent_at": None,
    "sealed": None,
    "error": None,
    "error_at": None,
    "warned_days": None,
}


def _names(client: Client) -> Row:
    return {"connection": client.connection, "client_id": client.client_id, "issuer": client.issuer}


def _end(
    client: Client, grant: Grant, now: datetime, granted_at: datetime | None, before: Consent | None
) -> tuple[datetime | None, EndsFrom | None]:
    """When the consent ends and who says so; an end that has passed while renewals still work was none."""
    end: datetime | None
    source: EndsFrom
    if grant.ends_at is not None:
        end, source = grant.ends_at, "answer"
    elif before is not None and before.ends_from == "answer":
        end, source = before.ends_at, "answer"
    elif client.authorization_lifetime is not None and granted_at is not None:
        end, source = granted_at + client.authorization_lifetime, "configured"
    else:
        end, source = None, "answer"
    return (end, source) if end is not None and end > now else (None, None)


def _idle(grant: Grant, now: datetime) -> str | None:
    if grant.refresh_expires_in is None:
        return None
    try:
        return instant_text(now + timedelta(seconds=grant.refresh_expires_in))
    except OverflowError:
        return None


def _spelled(moment: datetime | None) -> str | None:
    return None if moment is None else instant_text(moment)
