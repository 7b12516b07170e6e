"""A process that is killed while it writes leaves whole batches, and an archive that goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from store.archive import Archive
from tests.store.rows import batch, dialog

ROOT = Path(__file__).resolve().parents[2]
SIZE = 40

WRITE = f"""
import sys
from store.archive import Archive
from store.batch import CursorMove
from tests.store.rows import batch, dialog, row, uuid
with Archive.open(sys.argv[1], create=False) as archive:
    for page in range(10_000):
        numbers = range(page * {SIZE}, (page + 1) * {SIZE})
        one = batch(*(
            dialog(n, payloads=dict(list=b"x" * 2000), rows=dict(seen=[row("seen", id=uuid(n), dialog_id=uuid(n))]))
            for n in numbers
        ))
        one.cursors.append(CursorMove("c", "", "p", "2026-03-01T00:00:00.%06dZ" % page))
        archive.write(one)
        print(page, flush=True)
"""


@pytest.mark.parametrize("moment", [0, 5])
def test_a_killed_writer_leaves_whole_batches_with_their_cursor(
    archive: Archive, archive_url: str, moment: int
) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITE, archive_url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout is not None
        told = -1
        while told < moment:
            told = int(writer.stdout.readline())
    finally:
        writer.kill()
        rest, _ = writer.communicate()
    told = int(rest.split()[-1]) if rest.split() and rest.endswith("\n") else told

    with Archive.open(archive_url, create=False) as after:
        if archive_url.startswith("postgresql"):
            # The server may still be at work on what the dead one sent: taking a turn waits for that.
            after.parties_write([])
        dialogs = after.status().counts["dialogs"]
        cursor = str(after.mailboxes()[0]["cursor_at"])
        assert dialogs % SIZE == 0, "half a batch"
        assert dialogs // SIZE >= told + 1, "a batch that was told as written is gone"
        assert cursor == f"2026-03-01T00:00:00.{dialogs // SIZE - 1:06d}Z", "cursor and rows part"
        with after._reading() as connection:
            for table in ("payload", "label", "seen"):
                assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == dialogs
            if archive_url.startswith("sqlite"):
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert after.write(batch(dialog(10**9))).dialogs == 1
