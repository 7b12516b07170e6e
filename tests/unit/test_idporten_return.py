"""The address that a person comes back with, however it was copied, and what of it is believed."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.auth.attempt import Attempt, ForeignAnswer, NotAnAnswer, Returned, belongs_to, read_return, with_query

ISSUER = "https://idporten.example"
REDIRECT = "https://arkiv.example/tilbake"
STATE = "tilstand-123"
ATTEMPT = Attempt("https://login.idporten.example/authorize?x=1", REDIRECT, STATE, "engang", "bevis")
ANSWER = {"code": "kode-æ/1", "state": STATE, "iss": ISSUER}


def back(**changed: str | None) -> str:
    fields = {name: value for name, value in {**ANSWER, **changed}.items() if value is not None}
    return f"{REDIRECT}?{urlencode(fields)}"


def read(address: str, *, iss_required: bool = True) -> Returned:
    return read_return(address, ATTEMPT, ISSUER, iss_required=iss_required)


@pytest.mark.parametrize(
    "spelled",
    [
        "{}",
        "  {}\n",
        '"{}"',
        "<{}>",
        "'{}'",
        "{}#",
        "{}#_=_",
    ],
)
def test_the_address_may_be_decorated(spelled: str) -> None:
    assert read(spelled.format(back())).code == "kode-æ/1"


def test_the_address_may_be_wrapped_anywhere() -> None:
    address = back()
    for at in range(1, len(address)):
        assert read(f"{address[:at]}\r\n  {address[at:]}").code == "kode-æ/1"


def test_the_query_alone_is_enough() -> None:
    query = back().partition("?")[2]
    assert read(query).code == read(f"?{query}").code == "kode-æ/1"


def test_the_host_may_be_spelled_in_capitals() -> None:
    assert read(back().replace("arkiv.example", "ARKIV.example")).code == "kode-æ/1"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "holds no answer"),
        ("hei", "holds no answer"),
        (ATTEMPT.url, "not the address you were sent back to"),
        (back().replace("https://arkiv.example", "https://evil.example"), "not the address"),
        (back().replace("https:", "http:"), "not the address"),
        (back().replace("/tilbake", "/tilbake/mer"), "not the address"),
        ("https://[arkiv/?code=1", "not the address"),
        (REDIRECT, "holds no answer"),
        (f"{back()}&code=to", "something twice"),
        (f"{back()}&state={STATE}", "something twice"),
        (back(code=None), "no code"),
        (back(code=""), "no code"),
    ],
)
def test_what_is_no_answer_says_what_it_should_be(address: str, words: str) -> None:
    with pytest.raises(NotAnAnswer, match=words) as wrong:
        read(address)
    assert STATE not in str(wrong.value)


@pytest.mark.parametrize("state", ["en-annen", "", STATE.upper(), f"{STATE} ", "tilstand-12ø"])
def test_another_state_is_another_login(state: str) -> None:
    with pytest.raises(ForeignAnswer) as foreign:
        read(back(state=state))
    assert foreign.value.mark == "state"


def test_an_error_without_our_state_is_not_believed() -> None:
    with pytest.raises(ForeignAnswer):
        read(f"{REDIRECT}?error=access_denied")


@pytest.mark.parametrize("iss", ["https://evil.example", f"{ISSUER}/", ""])
def test_another_issuer_is_refused_whether_or_not_it_is_promised(iss: str) -> None:
    for required in (True, False):
        with pytest.raises(ForeignAnswer) as foreign:
            read(back(iss=iss), iss_required=required)
        assert foreign.value.mark == "iss"


def test_a_missing_issuer_matters_where_it_is_promised() -> None:
    assert read(back(iss=None), iss_required=False).code == "kode-æ/1"
    with pytest.raises(ForeignAnswer):
        read(back(iss=None))


def test_an_error_is_read_with_its_description() -> None:
    found = read(back(code=None, error="access_denied", error_description="The person said no"))
    assert found == Returned(error="access_denied", description="The person said no")


def test_an_error_beats_a_code() -> None:
    assert read(back(error="server_error")).code is None


def test_nothing_secret_is_in_a_repr() -> None:
    shown = repr(ATTEMPT) + repr(read(back()))
    for secret in (STATE, "engang", "bevis", "kode", "x=1"):
        assert secret not in shown


@given(st.text(max_size=200))
def test_any_text_is_an_answer_or_is_told(text: str) -> None:
    for address in (text, f"{REDIRECT}?{text}", f"{back()}{text}"):
        belongs_to(address, ATTEMPT)
        try:
            found = read(address)
        except (NotAnAnswer, ForeignAnswer):
            continue
        assert found.code or found.error


def test_an_endpoint_with_a_query_of_its_own_keeps_it() -> None:
    assert with_query("https://x.example/a?b=1", {"c": "2 3"}) == "https://x.example/a?b=1&c=2+3"
    assert with_query("https://x.example/a", {"c": "å"}) == "https://x.example/a?c=%C3%A5"
