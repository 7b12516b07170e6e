"""What has an end in time, as `status` shows it: the keys that connections sign with, and the logins of persons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from config.connections import IdPortenConnection, SystemUserConnection
from config.settings import Settings
from store.batch import Row
from sync.auth.consent import Consent, consent_of, with_client
from sync.auth.key_life import RENEW, key_life
from sync.cli.output import echo_table


def key_documents(settings: Settings, rows: Sequence[Row], now: datetime) -> list[dict[str, Any]]:
    """The keys in use, by connection, as the archive knows them; `warning` is null while there is nothing to do."""
    found: list[dict[str, Any]] = []
    for connection in settings.connections:
        if not isinstance(connection, SystemUserConnection | IdPortenConnection):
            continue
        for row in rows:
            if row["connection"] != connection.name or row["role"] is None:
                continue
            uploaded = connection.key_uploaded if row["role"] == "key" else None
            life = key_life(str(row["kid"]), uploaded, _moment(row["first_used_at"]))
            warning = None
            if row["refused_at"] is not None:
                warning = (
                    f"Key {row['kid']!s} was refused on {str(row['refused_at'])[:10]}, and the connection's other key "
                    "is used since. Write next_key as key, and take the old one off the client."
                )
            elif life is not None and life.is_old(now):
                warning = f"{life.sentence(now)} {RENEW}"
            found.append(
                {
                    "connection": connection.name,
                    "client_id": row["client_id"],
                    "kid": row["kid"],
                    "role": row["role"],
                    "since": None if life is None else f"{life.since:%Y-%m-%d}",
                    "since_from": None if life is None else "key_uploaded" if life.registered else "first_use",
                    "ends_at": None if life is None else f"{life.ends_at:%Y-%m-%d}",
                    "days_left": None if life is None else life.days_left(now),
                    "refused_at": row["refused_at"],
                    "warning": warning,
                }
            )
    return found


def show_keys(keys: Sequence[dict[str, Any]]) -> None:
    """Those about which something is to be done."""
    told = [key for key in keys if key["warning"]]
    if told:
        echo_table(
            ["connection", "key", "ends", "to do"],
            [[key["connection"], key["role"], key["ends_at"], key["warning"]] for key in told],
            title="Keys",
        )


def login_documents(settings: Settings, rows: Sequence[Row], now: datetime) -> list[dict[str, Any]]:
    """The login of each person of the settings, and those that are kept of connections that are there no more; `remedy`
    is empty while there is nothing to do.
    """
    held = {str(row["connection"]): row for row in rows}
    issuer = settings.environment.idporten
    persons = [each for each in settings.connections if isinstance(each, IdPortenConnection)]
    found = [
        _login(with_client(consent_of(held.pop(each.name, None), each.name, now), each.client_id, issuer))
        for each in persons
    ]
    for name, row in held.items():
        if row["sealed"] is not None:
            says = "The settings name no such person any more; the login is still kept."
            remedy = f"Put the connection back, or forget the login: dialogarkiv logout {name} --offline"
            found.append(_login(consent_of(row, name, now)) | {"says": says, "remedy": remedy})
    return found


def _login(consent: Consent) -> dict[str, Any]:
    return {
        "connection": consent.connection,
        "state": consent.state,
        "days_left": consent.days_left,
        "acr": consent.acr,
        "scopes": list(consent.scopes),
        "granted_at": _spelled(consent.granted_at),
        "ends_at": _spelled(consent.ends_at),
        "refreshed_at": _spelled(consent.refreshed_at),
        "says": consent.sentence,
        "remedy": consent.remedy,
        "error": consent.error,
    }


def is_trouble(login: dict[str, Any]) -> bool:
    """Whether nothing can be read as this person until somebody logs in."""
    return login["state"] not in ("active", "expiring")


def show_logins(logins: Sequence[dict[str, Any]]) -> None:
    """Every person, and what is to be done."""
    if logins:
        echo_table(
            ["person", "state", "days left", "login", "to do"],
            [[each["connection"], each["state"], each["days_left"], each["says"], each["remedy"]] for each in logins],
            title="Logins of persons",
        )


def _spelled(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else None
