"""Which addresses a request, and a bearer, may go to."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from config.environments import is_loopback
from config.environments import origin as origin_text

# An address whose first part is as plain as can be; the part says all there is to know of its origin.
_PLAIN: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?=/)")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of an address; `name` is `host[:port]` in lower case, the scheme's own port left out."""

    scheme: str
    host: str
    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def safe(self) -> bool:
        """https, or plain http to this very machine."""
        return self.scheme == "https" or is_loopback(self.host)

    def listed(self, hosts: frozenset[str]) -> bool:
        """Is it one of `hosts`: `host[:port]`, or with `scheme://` in front for that scheme only?"""
        return self.name in hosts or f"{self.scheme}://{self.name}" in hosts


def origin(url: str) -> Origin | None:
    """The origin of an http(s) address; None for anything else, for one with a user name, and for nonsense."""
    plain = None if "\\" in url else _PLAIN.match(url)
    return _origin(url) if plain is None else _plain_origin(plain[0])


@lru_cache(maxsize=64)
def _plain_origin(address: str) -> Origin | None:
    return _origin(address)


def _origin(url: str) -> Origin | None:
    try:
        parts = urlsplit(url)
        text = origin_text(url)
    except ValueError:
        return None
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc or "\\" in url:
        return None
    return Origin(parts.scheme, parts.hostname, text.partition("://")[2])
