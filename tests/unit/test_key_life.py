"""How long a key lives, which of two is signed with, and what is remembered of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from config.connections import IdPortenConnection, SystemUserConnection
from config.errors import ConfigError
from config.keys import SigningKey, create_key
from config.settings import load
from sync.auth.key_life import KeyLife, key_life
from sync.auth.key_ring import KeyRing, key_ring
from sync.dialogporten.errors import Busy, TokenRefused

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OLD, NEW = SigningKey("old", PRIVATE), SigningKey("new", PRIVATE)


class Issuer:
    """Refuses the keys it is told to, with a code; remembers which were tried."""

    def __init__(self, **refused: str) -> None:
        self.refused = refused
        self.tried: list[str] = []

    def __call__(self, key: SigningKey) -> str:
        self.tried.append(key.kid)
        if (code := self.refused.get(key.kid)) is not None:
            raise TokenRefused(f"No to {key.kid}.", code=code, permanent=True)
        return f"token for {key.kid}"


def ring(
    *, uploaded: date | None = None, now: datetime = NOW, alone: bool = False, heard: list[str] | None = None
) -> KeyRing:
    def told(event: str, fields: Mapping[str, object]) -> None:
        if heard is not None:
            heard.append(f"{event} {fields['kid']} {fields['instead']}")

    return KeyRing("regnskap", "c", OLD, None if alone else NEW, uploaded=uploaded, now=lambda: now, told=told)


def remembered(kid: str, first_used: datetime | None = None, refused: datetime | None = None) -> dict[str, object]:
    def text(at: datetime | None) -> str | None:
        return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"

    return {
        "connection": "regnskap",
        "kid": kid,
        "client_id": "c",
        "role": "key",
        "first_used_at": text(first_used),
        "refused_at": text(refused),
    }


# How long it lives


@pytest.mark.parametrize(("days", "old", "over"), [(0, 0, 0), (299, 0, 0), (300, 1, 0), (364, 1, 0), (365, 1, 1)])
def test_a_key_is_old_from_day_300_and_over_after_a_year(days: int, old: int, over: int) -> None:
    life = KeyLife("old", NOW - timedelta(days=days), registered=True)
    assert (life.days(NOW), life.days_left(NOW)) == (days, 365 - days)
    assert (life.is_old(NOW), life.is_over(NOW)) == (bool(old), bool(over))


def test_the_operators_word_on_the_day_stands_above_the_first_use() -> None:
    used = NOW - timedelta(days=400)
    told = key_life("old", date(2026, 11, 1), used)
    assert told is not None and told.registered and told.days(NOW) == 24
    counted = key_life("old", None, used)
    assert counted is not None and not counted.registered and counted.is_over(NOW)
    assert key_life("old", None, None) is None


def test_a_first_use_promises_no_more_than_a_day_at_the_latest() -> None:
    began = NOW - timedelta(days=310)
    assert "at the latest" in KeyLife("old", began, registered=False).sentence(NOW)
    told = KeyLife("old", began, registered=True).sentence(NOW)
    assert "at the latest" not in told and "310 days old" in told and "2027-01-19" in told
    assert "its year ended on 2027-01-19" in KeyLife("old", began, registered=True).sentence(NOW + timedelta(days=90))


# Which key is signed with


def test_the_first_key_is_used_while_it_works() -> None:
    issuer, keys = Issuer(), ring()
    assert keys.sign(issuer) == "token for old"
    assert issuer.tried == ["old"]


@pytest.mark.parametrize("code", ["MP-121", "MP-124", "invalid_client"])
def test_a_refused_key_gives_way_to_the_next_which_is_then_used_at_once(code: str) -> None:
    heard: list[str] = []
    issuer, keys = Issuer(old=code), ring(heard=heard)
    assert keys.sign(issuer) == "token for new"
    assert keys.sign(issuer) == "token for new"
    assert issuer.tried == ["old", "new", "new"]
    assert heard == ["key_refused old new"]


def test_a_refusal_for_another_reason_is_not_the_keys_fault() -> None:
    issuer, keys = Issuer(old="MP-303"), ring()
    with pytest.raises(TokenRefused, match="No to old"):
        keys.sign(issuer)
    assert issuer.tried == ["old"]


def test_an_error_that_is_no_refusal_is_not_tried_with_the_other_key() -> None:
    tried: list[str] = []

    def busy(key: SigningKey) -> str:
        tried.append(key.kid)
        raise Busy("Later.")

    with pytest.raises(Busy):
        ring().sign(busy)
    assert tried == ["old"]


def test_without_a_second_key_the_refusal_stands() -> None:
    issuer = Issuer(old="MP-121")
    with pytest.raises(TokenRefused) as caught:
        ring(alone=True).sign(issuer)
    assert caught.value.code == "MP-121" and issuer.tried == ["old"]


def test_when_both_are_refused_the_first_ones_refusal_is_told_and_neither_is_given_up() -> None:
    issuer, keys = Issuer(old="MP-121", new="MP-124"), ring()
    for _ in range(2):
        with pytest.raises(TokenRefused) as caught:
            keys.sign(issuer)
        assert caught.value.code == "MP-121"
    assert issuer.tried == ["old", "new", "old", "new"]
    assert [row["refused_at"] for row in keys.rows()] == [None, None]


def test_when_the_next_key_is_refused_in_its_turn_the_first_is_taken_up_again() -> None:
    keys = ring()
    keys.sign(Issuer(old="MP-124"))
    issuer = Issuer(new="MP-124")
    assert keys.sign(issuer) == "token for old"
    assert issuer.tried == ["new", "old"]
    assert keys.order()[0] is OLD


def test_a_key_whose_year_is_over_is_not_even_tried_first() -> None:
    issuer, keys = Issuer(), ring(uploaded=date(2025, 11, 1))
    assert keys.sign(issuer) == "token for new" and issuer.tried == ["new"]
    assert ring(uploaded=date(2025, 12, 1)).order()[0] is OLD


def test_what_an_earlier_process_learnt_is_taken_up() -> None:
    keys = ring()
    keys.learn([remembered("old", NOW - timedelta(days=90), NOW - timedelta(days=1))])
    assert keys.order()[0] is NEW
    keys = ring()
    keys.learn([remembered("old", NOW - timedelta(days=366))])
    assert keys.order()[0] is NEW


def test_a_key_that_was_registered_anew_since_its_refusal_is_tried_again() -> None:
    keys = ring(uploaded=NOW.date())
    keys.learn([remembered("old", NOW - timedelta(days=400), NOW - timedelta(days=1))])
    assert keys.order()[0] is OLD


# What is remembered


def test_the_first_use_of_each_key_is_remembered_and_not_moved() -> None:
    keys = ring()
    began = NOW - timedelta(days=90)
    keys.learn([remembered("old", began)])
    keys.sign(Issuer())
    old, new = keys.rows()
    assert (old["role"], new["role"]) == ("key", "next_key")
    assert str(old["first_used_at"]).startswith(f"{began:%Y-%m-%dT%H:%M:%S}")
    assert new["first_used_at"] is None


def test_a_key_under_another_connections_name_is_as_old_as_it_was_there() -> None:
    keys = ring()
    elsewhere = remembered("old", NOW - timedelta(days=300), NOW) | {"connection": "before"}
    keys.learn([elsewhere, remembered("old") | {"client_id": "another", "first_used_at": "2020-01-01T00:00:00Z"}])
    life = keys.life(OLD)
    assert life is not None and life.days(NOW) == 300
    assert keys.order()[0] is OLD, "what another connection was refused is its own matter"


def test_what_this_process_saw_is_not_undone_by_what_the_archive_does_not_know_yet() -> None:
    keys = ring()
    keys.sign(Issuer(old="MP-124"))
    keys.learn([remembered("old", NOW - timedelta(days=90))])
    assert keys.order()[0] is NEW
    keys.written()
    keys.learn([remembered("old", NOW - timedelta(days=90))])
    assert keys.order()[0] is OLD, "another process used it meanwhile"


def test_many_threads_may_sign_at_once() -> None:
    keys, answers = ring(), []
    issuer = Issuer(old="MP-121")
    threads = [threading.Thread(target=lambda: answers.append(keys.sign(issuer))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["token for new"] * 20


def test_no_key_is_shown_by_a_ring() -> None:
    assert repr(ring()) == "KeyRing('regnskap', old, new)"


# What the settings say

SETTINGS = """\
[environment]
name = "tt02"

[[connection]]
name = "regnskap"
kind = "system-user"
client_id = "c"
key = "a.jwk"
system_users = [{ org = "310000000" }]
"""
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    tmp_path.chmod(0o700)
    create_key(tmp_path / "a.jwk", key_id="kid-a")
    create_key(tmp_path / "b.pem")
    create_key(tmp_path / "same.jwk", key_id="kid-a")

    def settings(more: str, text: str = SETTINGS) -> Path:
        file = tmp_path / "dialogarkiv.toml"
        file.write_text(text + more)
        return file

    return settings


def test_two_keys_and_the_day_of_registration_are_read(write: Write) -> None:
    more = 'key_uploaded = 2026-01-31\nnext_key = "b.pem"\nnext_key_id = "kid-b"\n'
    settings = load(write(more), {})
    connection = settings.connections[0]
    assert isinstance(connection, SystemUserConnection)
    keys = key_ring(connection, {}, file=settings.file, now=lambda: NOW, told=lambda _name, _fields: None)
    assert keys is not None and [key.kid for key in keys.keys] == ["kid-a", "kid-b"]
    first, second = map(keys.life, keys.keys)
    assert first is not None and f"{first.since:%Y-%m-%d}" == "2026-01-31"
    assert second is None, "the day is that of the first"


def test_the_day_may_come_from_the_environment(write: Write) -> None:
    settings = load(write(""), {"DIALOGARKIV__CONNECTION__REGNSKAP__KEY_UPLOADED": "2026-02-01"})
    connection = settings.connections[0]
    assert isinstance(connection, SystemUserConnection) and connection.key_uploaded == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("more", "key", "says"),
    [
        ('key_uploaded = "31.01.2026"\n', "key_uploaded", "for example 2026-01-31"),
        ("key_uploaded = 2026-01-31T10:00:00Z\n", "key_uploaded", "not a date"),
        ("key_uploaded = 20260131\n", "key_uploaded", "not a date"),
        ('next_key = "same.jwk"\n', "next_key", "kid of its own"),
        ('next_key = "b.pem"\n', "next_key", "no kid"),
        ('next_key = "nowhere.jwk"\n', "next_key", "no such key file"),
        ('next_key_id = "kid-b"\n', "next_key_id", "belongs to no key"),
    ],
)
def test_a_wrong_word_on_the_keys_is_told_with_its_place(write: Write, more: str, key: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(more), {})
    assert f"connection.regnskap.{key}" in str(caught.value)
    assert says in str(caught.value)


def test_a_client_with_a_secret_has_no_key_that_follows(write: Write) -> None:
    text = SETTINGS.replace('kind = "system-user"', 'kind = "id-porten"').replace('key = "a.jwk"', "")
    text = text.replace(
        'system_users = [{ org = "310000000" }]', 'client_secret = "env:S"\nredirect = "http://localhost"'
    )
    connection = load(write("", text), {"S": "prove"}).connections[0]
    assert isinstance(connection, IdPortenConnection)
    assert key_ring(connection, {}, file=None, now=lambda: NOW, told=lambda _name, _fields: None) is None
    with pytest.raises(ConfigError, match="follows no key"):
        load(write('next_key = "a.jwk"\n', text), {"S": "prove"})
