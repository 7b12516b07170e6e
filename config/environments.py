"""Where Dialogporten, Altinn, Maskinporten and ID-porten live (reference: auth §0.4, §1.1, §4.1).

prod and tt02 are fixed; custom is for a local Dialogporten or the sandbox. The two registers hold different clients
and system users, so nothing made for one works in the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

EnvironmentName = Literal["prod", "tt02", "custom"]


@dataclass(frozen=True)
class Environment:
    """Addresses, ready to use.

    `dialogporten` and `altinn` are bases without a slash at the end. `maskinporten` and `idporten` are issuers,
    compared and sent character by character: Maskinporten's slash at the end is part of it, ID-porten has none.
    In a custom environment an issuer that no connection needs may be "".
    """

    name: EnvironmentName
    dialogporten: str
    altinn: str
    maskinporten: str
    idporten: str

    @property
    def bearer_hosts(self) -> frozenset[str]:
        """Origins (`scheme://host[:port]`, a default port left out) that may be sent a bearer token."""
        return frozenset(origin(url) for url in (self.dialogporten, self.altinn) if url)

    @property
    def hosts(self) -> frozenset[str]:
        """The same as `host[:port]`."""
        return frozenset(entry.partition("://")[2] for entry in self.bearer_hosts)

    def takes_bearer(self, url: str) -> bool:
        """Whether a request to `url` may carry a bearer token. Anything odd about the address means no."""
        try:
            parts = urlsplit(url)
            # A backslash: browsers and libraries disagree on where the host ends.
            plain = "@" not in parts.netloc and "\\" not in url
            return plain and origin(url) in self.bearer_hosts
        except ValueError:
            return False


NAMED: dict[str, Environment] = {
    "prod": Environment(
        name="prod",
        dialogporten="https://platform.altinn.no/dialogporten",
        altinn="https://platform.altinn.no",
        maskinporten="https://maskinporten.no/",
        idporten="https://idporten.no",
    ),
    "tt02": Environment(
        name="tt02",
        dialogporten="https://platform.tt02.altinn.no/dialogporten",
        altinn="https://platform.tt02.altinn.no",
        maskinporten="https://test.maskinporten.no/",
        idporten="https://test.idporten.no",
    ),
}

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> str:
    """`scheme://host[:port]` in lower case, a default port left out. ValueError if there is no host or a bad port."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port
    default = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" if default else f"{parts.scheme}://{host}:{port}"


def is_loopback(host: str) -> bool:
    """This machine itself: localhost, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
