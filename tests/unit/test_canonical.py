"""The form of a body that only a real change changes."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync.passes.bodies import Bodies
from sync.passes.canonical import canonical, list_digest, same, scrub
from sync.passes.differences import differences

ID = "01a201f6-c6fb-725e-8fe3-4a9f2156a375"
EPHEMERAL = "urn:altinn:person:identifier-ephemeral:"

_name = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
_id = st.uuids().map(str)
_hex = st.integers(0, 16**10 - 1).map(lambda number: f"{EPHEMERAL}{number:010x}")
_texts = st.dictionaries(st.sampled_from(["nb", "nn", "en", "se"]), _name, max_size=4).map(
    lambda found: [{"value": value, "languageCode": language} for language, value in found.items()]
)
_part = st.fixed_dictionaries({"value": _texts, "mediaType": st.just("text/plain")})
_actor = st.fixed_dictionaries({"actorType": st.just("PartyRepresentative"), "actorName": _name, "actorId": _hex})
_at = st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds").rjust(26, "0") + "0Z")


def _listed(things: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(things, max_size=3, unique_by=lambda thing: str(thing["id"]))


_seen = st.fixed_dictionaries({"id": _id, "seenAt": _at, "seenBy": _actor, "isCurrentEndUser": st.booleans()})
_activity = st.fixed_dictionaries({"id": _id, "createdAt": _at, "performedBy": _actor, "description": _texts})
_url = st.fixed_dictionaries({"id": _id, "url": _name})
_attachment = st.fixed_dictionaries({"id": _id, "displayName": _texts, "urls": _listed(_url)})
_transmission = st.fixed_dictionaries(
    {
        "id": _id,
        "sender": _actor,
        "content": st.fixed_dictionaries({"title": _part}),
        "attachments": _listed(_attachment),
    }
)
_action = st.fixed_dictionaries({"id": _id, "isAuthorized": st.booleans(), "endpoints": _listed(_url)})
detail_bodies = st.fixed_dictionaries(
    {
        "id": st.just(ID),
        "status": _name,
        "dueAt": st.none() | _at,
        "progress": st.none() | st.integers(0, 100),
        "content": st.fixed_dictionaries({"title": _part, "additionalInfo": st.none() | _part}),
        "endUserContext": st.fixed_dictionaries(
            {"systemLabels": st.lists(st.sampled_from(["Bin", "Sent"]), unique=True)}
        ),
        "seenSinceLastUpdate": _listed(_seen),
        "activities": _listed(_activity),
        "transmissions": _listed(_transmission),
        "attachments": _listed(_attachment),
        "apiActions": _listed(_action),
        "dialogToken": _name,
    }
)


def as_bytes(body: Any) -> bytes:
    return json.dumps(body).encode()


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = chance.sample(sorted(value), len(value))
        return {key: shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [shuffled(each, chance) for each in chance.sample(value, len(value))]
    return value


def resalted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: resalted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [resalted(each) for each in value]
    if isinstance(value, str) and value.startswith(EPHEMERAL):
        return f"{EPHEMERAL}{value[-1:-11:-1]}"
    return value


def pruned(value: Any) -> Any:
    """Null and empty lists left out, as some server versions do."""
    if isinstance(value, dict):
        return {key: pruned(inner) for key, inner in value.items() if inner is not None and inner != []}
    return [pruned(each) for each in value] if isinstance(value, list) else value


def nullified(value: Any) -> Any:
    """Null where there was an empty list."""
    if isinstance(value, dict):
        return {key: nullified(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [nullified(each) for each in value] or None
    return value


@given(detail_bodies, st.randoms(use_true_random=False))
def test_order_never_counts(body: dict[str, Any], chance: random.Random) -> None:
    assert canonical("detail", as_bytes(body)) == canonical("detail", as_bytes(shuffled(body, chance)))


@given(detail_bodies, _name)
def test_ephemeral_ids_and_tokens_never_count(body: dict[str, Any], token: str) -> None:
    other = resalted(body) | {"dialogToken": token}
    assert canonical("detail", as_bytes(body)) == canonical("detail", as_bytes(other))
    assert differences(Bodies(None, as_bytes(body)), Bodies(None, as_bytes(other))) == []


@given(detail_bodies)
def test_missing_null_and_empty_are_one(body: dict[str, Any]) -> None:
    spelled = {canonical("detail", as_bytes(each)) for each in (body, pruned(body), nullified(body))}
    assert len(spelled) == 1


@given(detail_bodies)
def test_a_dialog_does_not_differ_from_itself(body: dict[str, Any]) -> None:
    for bodies in (Bodies(None, as_bytes(body)), Bodies(as_bytes(body), as_bytes(body))):
        assert differences(bodies, bodies) == []


@given(detail_bodies, _name)
def test_a_real_change_is_one_difference_and_another_form(body: dict[str, Any], status: str) -> None:
    other = body | {"status": status}
    changed = status != body["status"]
    assert same("detail", as_bytes(body), as_bytes(other)) is not changed
    # "" and missing are two things on the wire; both sides are told as they are.
    told = differences(Bodies(None, as_bytes(body)), Bodies(None, as_bytes(other)))
    assert [change.what for change in told] == (["status"] if changed else [])


@given(detail_bodies)
def test_scrubbing_leaves_everything_but_the_tokens(body: dict[str, Any]) -> None:
    clean = {key: value for key, value in body.items() if key != "dialogToken"}
    assert json.loads(scrub("detail", as_bytes(body))) == clean
    assert scrub("detail", as_bytes(clean)) in (as_bytes(clean), scrub("detail", as_bytes(body)))


def test_scrubbing_finds_tokens_at_any_depth_and_leaves_clean_bytes_alone() -> None:
    body = b'{"a": [{"contextToken": "x", "b": {"dialogToken": "y", "keep": 1}}]}'
    assert scrub("detail", body) == b'{"a":[{"b":{"keep":1}}]}'
    clean = b'{"a" :  1}'
    assert scrub("detail", clean) is clean


def test_a_token_whose_name_is_spelled_with_an_escape_is_found_too() -> None:
    assert b"secret" not in scrub("detail", b'{"dialog\\u0054oken": "secret"}')


def test_the_seventh_digit_never_counts_and_the_sixth_does() -> None:
    def seen(at: str) -> bytes:
        return as_bytes([{"id": "s", "seenAt": at}])

    assert same("seenlog", seen("2026-11-22T06:34:39.8974067Z"), seen("2026-11-22T06:34:39.8974060Z"))
    assert not same("seenlog", seen("2026-11-22T06:34:39.8974067Z"), seen("2026-11-22T06:34:39.8974070Z"))


def test_17_1_a_second_detail_with_another_seen_record_is_the_same() -> None:
    first = as_bytes({"id": ID, "seenSinceLastUpdate": [{"id": "s", "isViaServiceOwner": False}]})
    second = as_bytes({"id": ID, "seenSinceLastUpdate": [{"id": "other", "isViaServiceOwner": True}]})
    assert same("detail", first, second)
    assert not same("list", first, second)


def test_who_reads_makes_no_difference() -> None:
    mine, theirs = (as_bytes([{"id": "s", "isCurrentEndUser": mine}]) for mine in (True, False))
    assert same("seenlog", mine, theirs)


def test_a_right_that_changed_is_another_form() -> None:
    assert not same("transmissions", as_bytes([{"id": "t", "isAuthorized": True}]), as_bytes([{"id": "t"}]))


def test_the_place_of_a_navigational_action_is_its_name() -> None:
    links = [{"url": "https://a.example.no"}, {"url": "https://b.example.no"}]
    first, second = (as_bytes([{"id": "t", "navigationalActions": order}]) for order in (links, links[::-1]))
    assert not same("transmissions", first, second)


def test_the_digest_of_a_list_item_ignores_salt_and_reader() -> None:
    def item(salted: str, *, mine: bool) -> bytes:
        record = {"seenBy": {"actorName": "Kari Oppdiktet", "actorId": EPHEMERAL + salted}, "isCurrentEndUser": mine}
        return json.dumps({"id": ID, "seen": [record, record]}, separators=(",", ":")).encode()

    first, second = item("9c2dac1064", mine=True), item("0123456789", mine=False)
    assert list_digest(first) == list_digest(second)
    assert list_digest(first) != list_digest(second.replace(b"Kari", b"Kira"))
