"""The arguments of a search, the server's limits, and the addresses a request may go to."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.dialogporten.errors import BadBody, ConnectFailed, ServerFault
from sync.dialogporten.limits import LONGEST_PARTIES, Limits, ask_limits, party_batches, read_limits
from sync.dialogporten.origins import origin
from sync.dialogporten.search import SearchParams

ORG = "urn:altinn:organization:identifier-no:310000000"
TOKEN = "updatedat_2026-01-02T03:04:05.1234560Z,id_019b7a00-0000-7000-8000-000000000001"


def test_lists_repeat_their_key_and_the_order_is_written_out() -> None:
    params = SearchParams(parties=(ORG, ORG + "1"), updated_after="2026-03-01T09:08:07.123456Z", limit=100)
    assert params.pairs() == [
        ("party", ORG),
        ("party", ORG + "1"),
        ("updatedAfter", "2026-03-01T09:08:07.123456Z"),
        ("orderBy", "updatedAt_asc,id_asc"),
        ("limit", "100"),
    ]


def test_the_filters_of_the_hot_pass_are_spelled_as_the_server_reads_them() -> None:
    """A misspelt one would be ignored, and everything be listed (§17.13)."""
    params = SearchParams(parties=(ORG,), statuses=("Draft", "Awaiting"), due_after="2026-03-01T09:08:07.123456Z")
    assert params.pairs()[1:4] == [
        ("status", "Draft"),
        ("status", "Awaiting"),
        ("dueAfter", "2026-03-01T09:08:07.123456Z"),
    ]


def test_a_token_travels_escaped_and_arguments_without_value_are_left_out() -> None:
    query = SearchParams(parties=(ORG,), continuation_token=TOKEN).query()
    assert "continuationToken=updatedat_2026-01-02T03%3A04%3A05.1234560Z%2Cid_019b7a00" in query
    assert not {"updatedAfter", "updatedBefore"} & {name for name, _ in parse_qsl(query)}
    assert "continuationToken" not in SearchParams(parties=(ORG,), continuation_token="").query()


@given(st.text(min_size=1), st.text(min_size=1))
def test_whatever_stands_in_a_value_comes_back_whole(party: str, token: str) -> None:
    if any(0xD800 <= ord(sign) <= 0xDFFF for sign in party + token):
        return
    params = SearchParams(parties=(party,), continuation_token=token)
    assert parse_qsl(params.query(), keep_blank_values=True) == params.pairs()


def test_a_search_without_party_or_with_an_impossible_page_is_refused_here() -> None:
    with pytest.raises(ValueError, match="party"):
        SearchParams(parties=())
    for limit in (0, 1001):
        with pytest.raises(ValueError, match="limit"):
            SearchParams(parties=(ORG,), limit=limit)


class Server:
    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer

    def limits(self) -> bytes:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def limits_body(parties: object) -> bytes:
    return json.dumps(
        {"endUserSearch": {"maxPartyFilterValues": parties, "maxServiceResourceFilterValues": 7}}
    ).encode()


def test_the_servers_limits_are_taken_as_they_are() -> None:
    assert read_limits(limits_body(40)) == Limits(parties=40, service_resources=7)


@pytest.mark.parametrize(
    "answer",
    [
        b"[]",
        b"{}",
        b"no",
        limits_body(0),
        limits_body("100"),
        limits_body(True),
        limits_body(None),
        BadBody(""),
        ServerFault(""),
    ],
)
def test_unreadable_limits_mean_a_hundred_parties_and_a_word_about_it(answer: bytes | Exception) -> None:
    heard: list[tuple[str, Mapping[str, object]]] = []
    assert ask_limits(Server(answer), lambda event, fields: heard.append((event, fields))) == Limits(parties=100)
    assert [event for event, _ in heard] == ["limits_unreadable"]


def test_a_server_that_cannot_be_reached_is_not_a_matter_of_limits() -> None:
    with pytest.raises(ConnectFailed):
        ask_limits(Server(ConnectFailed("")))


@given(st.lists(st.text(min_size=1, max_size=300).filter(str.isascii), max_size=250), st.integers(1, 100))
def test_batches_hold_every_party_once_in_order_and_fit_into_an_address(parties: list[str], limit: int) -> None:
    batches = list(party_batches(parties, limit))
    assert [party for batch in batches for party in batch] == parties
    assert all(0 < len(batch) <= limit for batch in batches)
    assert all(len(batch) == 1 or len(SearchParams(parties=batch).query()) < LONGEST_PARTIES + 60 for batch in batches)


def test_long_names_are_asked_for_in_smaller_batches() -> None:
    parties = [f"urn:altinn:person:idporten-email:{'x' * 100}{n}@example.no" for n in range(100)]
    batches = list(party_batches(parties, 100))
    assert len(batches) == 3
    assert all(len(SearchParams(parties=batch).query()) < 7100 for batch in batches)


def test_a_hundred_organisations_are_one_request() -> None:
    parties = [f"urn:altinn:organization:identifier-no:{310000000 + n}" for n in range(250)]
    assert [len(batch) for batch in party_batches(parties, 100)] == [100, 100, 50]


@pytest.mark.parametrize(
    ("url", "name", "safe"),
    [
        ("https://Platform.Altinn.no/dialogporten", "platform.altinn.no", True),
        ("https://platform.altinn.no:443/x", "platform.altinn.no", True),
        ("https://platform.altinn.no:8443/x", "platform.altinn.no:8443", True),
        ("http://127.0.0.1:8400/x", "127.0.0.1:8400", True),
        ("http://[::1]:8400/x", "[::1]:8400", True),
        ("http://localhost/x", "localhost", True),
        ("http://platform.altinn.no/x", "platform.altinn.no", False),
        ("http://127.0.0.1.example/x", "127.0.0.1.example", False),
    ],
)
def test_an_address_is_known_by_scheme_host_and_port(url: str, name: str, safe: bool) -> None:
    found = origin(url)
    assert found is not None
    assert (found.name, found.safe) == (name, safe)


@pytest.mark.parametrize(
    "url",
    [
        "urn:dialogporten:unauthorized",
        "ftp://a.example/",
        "https://",
        "https://a:b@c.example/",
        "https://c.example:99999/",
        "//a/",
    ],
)
def test_what_is_no_plain_web_address_has_no_origin(url: str) -> None:
    assert origin(url) is None


def test_a_listed_host_without_a_port_means_the_schemes_own_port() -> None:
    hosts = frozenset({"a.example", "127.0.0.1:8400", "https://b.example"})

    def listed(url: str) -> bool:
        found = origin(url)
        return found is not None and found.listed(hosts)

    assert listed("https://a.example/x")
    assert listed("http://127.0.0.1:8400/x")
    assert listed("https://b.example/x")
    assert not listed("https://a.example:8443/x")
    assert not listed("http://127.0.0.1:8401/x")
    assert not listed("http://b.example/x")
    assert not listed("https://a.example.evil.example/x")
