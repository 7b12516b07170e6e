"""`dialogarkiv sync` is killed in the middle of its first backfill. What was written is whole, the cursor promised no
more than was read, and the next sync ends equal to the truth. On SQLite and on PostgreSQL.
"""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from sync.sandbox.faults import Fault
from tests.acceptance.sandbox_process import PATIENCE_SECONDS, command_line, environment, run_program
from tests.faults.playground import A, B, Playground, playground

DIALOGS = 240  # three transactions: a hundred dialogs with requests to each
SLOW_SECONDS = 300.0


@dataclass(frozen=True)
class Moment:
    """The process hangs in the `after`-th request to `path`; `landed` dialogs are stored by then."""

    path: str
    after: int
    landed: int


MOMENTS = [
    pytest.param(Moment("/enduser/parties", 0, 0), id="before the first page"),
    pytest.param(Moment("/transmissions", 3, 0), id="in the first transaction"),
    pytest.param(Moment("/enduser/dialogs/[^/?]+$", 15, 100), id="at an opening in the second transaction"),
    pytest.param(Moment("/transmissions", 215, 200), id="in the last transaction"),
]


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path) as play:
        fill(play)
        yield play


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Playground]:
    with playground(tmp_path, archive=postgres_url) as play:
        fill(play)
        yield play


def fill(play: Playground) -> None:
    """Dialogs over ten months, each with a letter; each tenth was read by a human."""
    start = play.clock.now() - timedelta(days=300)
    for number in range(DIALOGS):
        at = start + timedelta(hours=28 * number)
        dialog_id = play.dialog((A, B)[number % 2], f"Nummer {number}", at=at)
        play.letter(dialog_id, at=at + timedelta(minutes=1))
        if number % 10 == 0:
            play.human_opens(dialog_id, at=at + timedelta(minutes=2))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_backfill_is_taken_up_again_on_sqlite(on_sqlite: Playground, moment: Moment) -> None:
    killed_and_taken_up_again(on_sqlite, moment)


@pytest.mark.parametrize("moment", MOMENTS[2:3])
def test_a_killed_backfill_is_taken_up_again_on_postgresql(on_postgres: Playground, moment: Moment) -> None:
    killed_and_taken_up_again(on_postgres, moment)


def killed_and_taken_up_again(play: Playground, moment: Moment) -> None:
    kill_at(play, moment)
    play.archive.parties_write([])  # PostgreSQL may still be at work on what the dead process sent: this waits for it
    whole_so_far(play, moment)

    done = run_program("--config", play.file, "sync", "--json", cwd=play.file.parent, env=play.env)
    assert done.returncode == 0, done.stderr
    assert play.differences() == []
    assert all(play.mailbox(party)["backfilled_at"] for party in (A, B))
    assert len(play.tables()["dialog"]) == DIALOGS


def kill_at(play: Playground, moment: Moment) -> None:
    play.fault(moment.path, kind="slow", seconds=SLOW_SECONDS, after=moment.after, times=1)
    (fault,) = play.server.faults.waiting
    process = subprocess.Popen(
        command_line("--config", play.file, "sync"),
        cwd=play.file.parent,
        env=environment(play.env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        until(lambda: struck(fault) or process.poll() is not None)
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE_SECONDS)
    play.server.faults.waiting.clear()


def whole_so_far(play: Playground, moment: Moment) -> None:
    told = play.differences()
    assert len(told) == DIALOGS - moment.landed
    assert all(line.endswith("is not in the archive") for line in told)
    held = {row["id"] for row in play.tables()["dialog"]}
    for mailbox in play.archive.mailboxes():
        assert mailbox["backfilled_at"] is None
        assert (mailbox["cursor_at"] is None) == (moment.landed == 0)
        for dialog in play.truth()["dialogs"]:
            if dialog["party"] == mailbox["party"] and f"{dialog['listItem']['updatedAt'][:26]}Z" < str(
                mailbox["cursor_at"] or ""
            ):
                assert dialog["id"] in held, "the cursor promised more than was read"


def struck(fault: Fault) -> bool:
    return fault.times == 0


def until(ready: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Returns when `ready`; fails when that takes too long."""
    end = time.monotonic() + seconds
    pause = threading.Event()
    while not ready():
        assert time.monotonic() < end, "it never came to that"
        pause.wait(0.02)
