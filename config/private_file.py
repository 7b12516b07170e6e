"""Writing a file that only its owner may read: whole or not at all, and never over another one."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write `path` with mode 0600; folders that have to be made for it get 0700.

    Raises FileExistsError if anything, a dangling link included, stands there. A crash leaves either the whole file
    or none (under that name).
    """
    for folder in reversed([path.parent, *path.parent.parents]):
        if not folder.exists():
            folder.mkdir(mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        # A hard link, unlike a rename, fails if the name is taken.
        os.link(draft, path)
    finally:
        draft.unlink()
