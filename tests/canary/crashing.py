"""The command line with a bug in it: every request to Dialogporten ends in an exception that says all it knows.

python -m tests.canary.crashing --config FILE sync
"""

from __future__ import annotations

from typing import Any

from sync.cli import main
from sync.dialogporten.http import HttpEdge

_get = HttpEdge.get


def broken(self: HttpEdge, url: str, *args: Any, **kwargs: Any) -> Any:
    """As `HttpEdge.get`, until it is about dialogs."""
    if "/dialogs" in url:
        bearer = kwargs.get("bearer")
        raise RuntimeError(f"GET {url} with {{'Authorization': 'Bearer {bearer}'}}") from KeyError(bearer)
    return _get(self, url, *args, **kwargs)


if __name__ == "__main__":
    HttpEdge.get = broken  # type: ignore[method-assign]
    main()
