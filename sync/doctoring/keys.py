"""What a connection proves itself with: its keys or its secret, and how long the keys still live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from config.connections import Connection, IdPortenConnection, TokenConnection
from config.errors import ConfigError
from config.fields import KeyRef
from config.keys import SigningKey, folder_warning
from store.batch import Row
from sync.auth.key_life import RENEW, WARN_AFTER
from sync.auth.key_ring import KeyRing, key_ring
from sync.dialogporten.retry import ignore
from sync.doctoring.report import Check, Fact, ok

_DIES = ("A key dies one year after it was registered (MP-121).",)


def key_checks(
    connection: Connection, env: Mapping[str, str], file: Path | None, now: datetime, known: Sequence[Row]
) -> list[Check]:
    """The key or secret, then the key that follows where there is one; `known` is the archive's table client_key. The
    text of neither is ever shown.
    """
    where = f"connection.{connection.name}"
    try:
        if isinstance(connection, TokenConnection):
            connection.token.read(env, file=file, key=f"{where}.token")
            return [ok("key", f"The token stands in {connection.token}.")]
        if isinstance(connection, IdPortenConnection) and connection.client_secret is not None:
            connection.client_secret.read(env, file=file, key=f"{where}.client_secret")
            return [ok("key", f"The client's secret stands in {connection.client_secret}.")]
        ring = key_ring(connection, env, file=file, now=lambda: now, told=ignore)
    except ConfigError as error:
        return [_unusable(error)]
    if ring is None:
        return [Check("key", "failed", "There is neither a key nor a secret.", remedy="Add one.", exit_code=2)]
    ring.learn(known)
    refs = [ref for ref in (connection.key, connection.next_key) if ref is not None]
    names = ("key", "next_key")
    return [
        _check(name, key, ref, ring, now, first=name == "key")
        for name, key, ref in zip(names, ring.keys, refs, strict=False)
    ]


def _unusable(error: ConfigError) -> Check:
    return Check(
        "next_key" if error.key.endswith(".next_key") else "key",
        "failed",
        f"{error.key}{f' = {error.value}' if error.value else ''}: {error.problem}",
        ("`dialogarkiv sync` refuses all connections while one key or secret cannot be used.",),
        error.remedy,
        {},
        2,
    )


def _check(name: str, key: SigningKey, ref: KeyRef, ring: KeyRing, now: datetime, *, first: bool) -> Check:
    size = key.private_key.key_size
    jwk: Mapping[str, str] = key.public_jwk()
    facts: dict[str, Fact] = {"kid": key.kid, "bits": size, "public_jwk": jwk}
    sentence = f"RSA, {size} bits, kid {key.kid}, from {ref}."
    if ref.file is not None and (warning := folder_warning(ref.file)):
        problem = f"{sentence} But {warning.partition('. Run: ')[0]}."
        return Check(name, "warning", problem, remedy=warning.partition(". ")[2], facts=facts)
    row = next(row for row in ring.rows() if row["kid"] == key.kid)
    if (refused := row["refused_at"]) is not None and ring.order()[0] is not key:
        return Check(
            name,
            "warning",
            f"{sentence} It was refused on {str(refused)[:10]}, and the connection's other key is used since.",
            ("Its year is over, or it was taken off the client.",),
            "Write next_key as key, and take the old one off the client." if first else "Register it, or remove it.",
            facts | {"refused_at": str(refused)},
        )
    life = ring.life(key)
    if life is None:
        return (
            _by_its_file(name, sentence, ref, now, facts) if first else ok(name, f"{sentence} Not needed yet.", **facts)
        )
    facts |= {"since": f"{life.since:%Y-%m-%d}", "since_from": "key_uploaded" if life.registered else "first use"}
    facts |= {"days": life.days(now), "days_left": life.days_left(now)}
    if life.days(now) < 0:
        future = f"{sentence} key_uploaded ({life.since:%Y-%m-%d}) is still to come."
        return Check(name, "warning", future, remedy="Write the day it was registered at Digdir.", facts=facts)
    if not life.is_old(now):
        return ok(name, f"{sentence} {life.days(now)} days of its year have gone.", **facts)
    return Check(name, "warning", f"{sentence} {life.sentence(now)}", _DIES, RENEW, facts)


def _by_its_file(name: str, sentence: str, ref: KeyRef, now: datetime, facts: dict[str, Fact]) -> Check:
    """Nothing is known of its life; the file was made before it was registered."""
    if ref.file is None:
        return ok(name, sentence, **facts)
    days = (now.timestamp() - ref.file.stat().st_mtime) // 86400
    if days <= WARN_AFTER.days:
        return ok(name, sentence, **facts)
    return Check(name, "warning", f"{sentence} The file is {days:.0f} days old.", _DIES, RENEW, facts)
