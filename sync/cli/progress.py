"""What a long run is doing, on one line of standard error that moves; plain lines where nobody watches a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from config.logging import event_log
from sync.dialogporten.retry import Told
from sync.telling import telling


@contextmanager
def showing_progress() -> Iterator[Told]:
    """A `told` that also shows how far the run is: pages, dialogs and the identity at work."""
    log = telling(event_log())
    if not sys.stderr.isatty():
        yield _Lines(log)
        return
    from rich.console import Console
    from rich.status import Status

    with Status("Starting …", console=Console(stderr=True)) as status:
        yield _Moving(log, status.update)


class _Lines:
    """One line for each identity, at its beginning."""

    def __init__(self, log: Told) -> None:
        self._log = log

    def __call__(self, name: str, fields: Mapping[str, object]) -> None:
        if name == "run_started":
            sys.stderr.write(f"Reading as {fields['connection']} {fields['identity']} …\n")
        self._log(name, fields)


class _Moving:
    """The same line again and again."""

    def __init__(self, log: Told, show: Callable[[str], None]) -> None:
        self._log = log
        self._show = show
        self._who = ""
        self._landed = 0

    def __call__(self, name: str, fields: Mapping[str, object]) -> None:
        if name == "run_started":
            self._who, self._landed = f"{fields['connection']} {fields['identity']}", 0
        if name == "page_read":
            self._landed = int(str(fields["items"]))
        if name in ("run_started", "page_read"):
            self._show(f"Reading as {self._who}: {self._landed} dialogs so far")
        self._log(name, fields)
