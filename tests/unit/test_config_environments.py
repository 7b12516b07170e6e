"""Addresses are those of the reference, and a bearer goes to no other host."""

from __future__ import annotations

import pytest

from config.environments import NAMED, Environment, is_loopback

LOCAL = Environment(
    name="custom",
    dialogporten="http://127.0.0.1:8400/dialogporten",
    altinn="https://altinn.example.no:443",
    maskinporten="http://127.0.0.1:8401/maskinporten/",
    idporten="",
)


def test_the_named_environments_hold_the_published_addresses() -> None:
    prod, tt02 = NAMED["prod"], NAMED["tt02"]
    assert prod.dialogporten == "https://platform.altinn.no/dialogporten"
    assert tt02.dialogporten == "https://platform.tt02.altinn.no/dialogporten"
    assert (prod.maskinporten, tt02.maskinporten) == ("https://maskinporten.no/", "https://test.maskinporten.no/")
    assert (prod.idporten, tt02.idporten) == ("https://idporten.no", "https://test.idporten.no")


def test_only_dialogporten_and_altinn_may_be_sent_a_bearer() -> None:
    assert NAMED["prod"].bearer_hosts == {"https://platform.altinn.no"}
    assert LOCAL.bearer_hosts == {"http://127.0.0.1:8400", "https://altinn.example.no"}
    assert LOCAL.hosts == {"127.0.0.1:8400", "altinn.example.no"}


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://platform.altinn.no/dialogporten/api/v1/x", True),
        ("https://PLATFORM.altinn.no:443/x", True),
        ("http://platform.altinn.no/x", False),
        ("https://platform.altinn.no:8443/x", False),
        ("https://platform.altinn.no.example.com/x", False),
        ("https://platform.altinn.no@example.com/x", False),
        ("https://u:p@platform.altinn.no/x", False),
        ("https://example.com\\@platform.altinn.no/x", False),
        ("https://platform.tt02.altinn.no/x", False),
        ("https://maskinporten.no/token", False),
        ("https://platform.altinn.no:99999/x", False),
        ("/dialogporten/x", False),
        ("", False),
    ],
)
def test_an_address_gets_a_bearer_only_if_scheme_host_and_port_are_ours(url: str, allowed: bool) -> None:
    assert NAMED["prod"].takes_bearer(url) is allowed


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("localhost.example.no", False),
        ("127.0.0.1.example.no", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer
