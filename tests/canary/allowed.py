"""What tests let out on purpose, or what only looks like a secret that got out, and why. Anything else fails."""

from __future__ import annotations

from typing import NamedTuple


class Allowed(NamedTuple):
    """`test` is how a test's name begins, `where` how the channel's does, `kind` what was seen there."""

    test: str
    where: str
    kind: str
    why: str


ALLOWED = (
    Allowed(
        "tests/unit/test_keys.py", "file", "private key", "keys in files of its own making, under names of all kinds"
    ),
    Allowed(
        "tests/unit/test_logging.py", "a settings error", "national id", "a wrong error, to see it redacted in the log"
    ),
    Allowed("tests/canary/test_canary.py", "a process's output", "national id", "a person's own dialogs, shown to her"),
)
