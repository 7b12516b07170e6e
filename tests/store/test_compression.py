"""How bodies are kept: small, exactly as they came, and readable by every later version."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.compression import all_compressed, compressed, decompressed

ITEM = (
    b'{"id":"01a1f7a6-767e-76e8-bdb8-8232e9015910","org":"sorvika","serviceResource":"urn:altinn:resource:byggesak",'
    b'"party":"urn:altinn:organization:identifier-no:311860917","createdAt":"2026-11-20T06:30:44.0940840Z",'
    b'"status":"NotApplicable","isContentSeen":false,"content":{"title":{"value":[{"value":"Varsel om planarbeid",'
    b'"languageCode":"nb"}],"mediaType":"text/plain"}}}'
)


FIRST = bytes.fromhex(
    "0128b52ffd63fe6c06747000e5020013840a4284b0caaf8b5bbce404b5514415cf2589637e64e48d95233b25f61f74f8"
    "78b175fc6aef57ed29df961e10fcd20e7282a5571d6e8f843431dbf2f9f8248b95f6e8e623584cb435757b56d92d3703"
    "6b97b1e5aa09e16a202935"
)
# Kept with a dictionary that was replaced before anything was released; the frame names none.
NAMELESS = bytes.fromhex(
    "0128b52ffd607000a503005285121790a71db0d5eabf6a8d7c4d69cd882992c165ed80dd9d8127bd1f4de88101d790ad"
    "4034564c5ac048dde9b1e59ed1874728e16d24c45138069cf19342b6d68fd77e6abda656b60aae030c00a05b0727ebc0"
    "50ddf0011f4201e0624170b1be3ab4811cf9e430c9b028c90902ec3fba8040"
)
DICTIONARY = "720357732768a521b98872250337521c0f0f6e7f90e64011a134bab107dbaaed"


@given(st.lists(st.binary(max_size=3000), max_size=20))
def test_every_body_comes_back_byte_for_byte_alone_or_with_others(bodies: list[bytes]) -> None:
    assert [decompressed(kept) for kept in all_compressed(bodies)] == bodies
    assert [decompressed(compressed(body)) for body in bodies] == bodies


def test_a_body_of_many_megabytes_comes_back_too() -> None:
    body = hashlib.shake_256(b"letter").digest(5_000_000) + ITEM * 10_000
    assert decompressed(compressed(body)) == body


def test_a_list_item_takes_less_than_half_its_room() -> None:
    assert len(compressed(ITEM)) < len(ITEM) / 2


def test_threads_compress_side_by_side_without_disturbing_each_other() -> None:
    bodies = [ITEM.replace(b"sorvika", str(number).encode()) for number in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda body: decompressed(compressed(body)), bodies)) == bodies


def test_what_was_kept_by_the_first_version_can_still_be_read() -> None:
    assert decompressed(FIRST) == ITEM


def test_the_dictionary_is_never_changed() -> None:
    found = hashlib.sha256(files("store").joinpath("dictionary_1.zdict").read_bytes()).hexdigest()
    assert found == DICTIONARY


@pytest.mark.parametrize(
    "kept", [b"", b"\x02rest", b"x\x9c\x03\x00", b"\x01", b"\x01not a frame", compressed(ITEM)[:-4], NAMELESS]
)
def test_what_cannot_be_read_is_an_error_and_never_another_body(kept: bytes) -> None:
    with pytest.raises(ValueError, match="stored body"):
        decompressed(kept)
