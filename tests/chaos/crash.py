"""The kill sweep: a scripted backfill, poll, hot pass, sweep, deep pass and restoring of unread marks, killed at every
point. After a restart and one run the archive equals the truth and the archive of an undisturbed run, and no unread
mark is lost.

`python -m tests.chaos.crash` covers every point, on two workers.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.acceptance.sandbox_process import environment
from tests.faults.playground import HUMAN, A, B, Playground, playground, text, word

WORKERS = 2
ALL = ("sweep", "hot", "deep")
# What an undisturbed run and one that was cut need not have in common: the doings of persons and of ours in between.
_OF_THE_WAY = ("seen", "label_log", "label")
_COMPARED = ("title", "summary", "status", "presence", "access", "details_status", "is_content_seen", "url", "name")
_OWNER = {"actorType": "ServiceOwner"}


class Driver:
    """The process that carries out orders."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.crash_driver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def order(self, play: Playground, stages: Sequence[Any], point: int) -> tuple[int, Any]:
        """The signal that ended the child, and what it told."""
        told = play.file.parent / "told.json"
        told.write_text('{"done": 0}')
        order = {
            "settings": str(play.file),
            "env": play.env,
            "stages": stages,
            "point": point,
            "told": str(told),
        }
        order["control"] = f"{play.server.url}/control"
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        ended = json.loads(stdout.readline())
        assert ended["signal"] or ended["exit"] == 0, ended
        return int(ended["signal"]), json.loads(told.read_text())

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def driver() -> Iterator[Driver]:
    made = Driver()
    try:
        yield made
    finally:
        made.close()


@contextmanager
def stage_set() -> Iterator[tuple[Playground, list[dict[str, Any]]]]:
    """The world before our first run, and the stages of the script: what others do, and what we run then."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder, playground(Path(folder), "restore-unread") as play:
        unread, read, marked, rich = (play.dialog((A, B)[n % 2], f"Sak {n}") for n in range(4))
        letter = play.letter(unread)
        play.letter(rich)
        play.activity(rich)
        for dialog_id in (read, marked):
            play.human_opens(dialog_id)
        labels = {"addLabels": ["MarkedAsUnopened"]}
        play.write("PUT", f"/enduser/dialogs/{marked}/context/systemlabels", labels, caller=HUMAN)
        bare = {"serviceResource": "urn:altinn:resource:prove", "party": B, "isApiOnly": True}
        play.write("POST", "/serviceowner/dialogs", bare)  # its opening is a 500 that marks
        url = {"url": "https://example.com/1", "consumerType": "Api", "mediaType": "application/pdf"}
        papers = [{"displayName": [word("Vedlegg")], "urls": [url]}]
        new = {"serviceResource": "urn:altinn:resource:prove", "party": A, "content": {"title": text("Ny")}}
        edited = {"type": "Information", "sender": _OWNER, "content": {"title": text("Rettet")}}
        old = {"createdAt": "2026-01-02T00:00:00Z", "updatedAt": "2026-01-02T00:00:00Z"}
        silently = "?isSilentUpdate=true"
        first = [
            _patch(read, "/content/title", text("Omdøpt")),
            _patch(rich, "/attachments", papers),
            _patch(unread, "/status", "RequiresAttention", silently),
            _owner("PUT", f"/{unread}/transmissions/{letter}{silently}", edited),
            _owner("POST", "", new),
        ]
        second = [
            _owner("DELETE", f"/{read}"),
            _patch(marked, "/content/title", text("Stille"), silently),
            _owner("POST", "", {**new, **old}),
        ]
        yield (
            play,
            [
                {"passes": [], "steps": []},
                {"passes": ["hot"], "steps": first},
                {"passes": ["sweep", "deep"], "steps": second},
            ],
        )


def count_points(drive: Driver) -> tuple[list[str], dict[str, Any]]:
    """The moments of an undisturbed run, and what its archive holds in the end."""
    with stage_set() as (play, stages):
        drive.order(play, stages, -1)
        _, told = drive.order(play, [{"passes": ALL, "steps": []}], -1)
        assert play.differences(**_known(play)) == []
        kept = _kept(play)
    with stage_set() as (play, stages):
        _, told = drive.order(play, stages, -1)
        return told["moments"], kept


def killed_at(drive: Driver, point: int, undisturbed: dict[str, Any]) -> list[str]:
    """What is wrong after a death at this point, a restart and one run."""
    with stage_set() as (play, stages):
        ended, told = drive.order(play, stages, point)
        if ended != signal.SIGKILL:
            return [f"it did not die at {point}"]
        for stage in stages[told["done"] :]:
            for step in stage["steps"]:
                answer = play.world.apply(step)
                assert 200 <= answer["status"] < 300, answer
        drive.order(play, [{"passes": ALL, "steps": []}], -1)
        wrong = play.differences(**_known(play))
        wrong += [f"{name} lost its unread mark" for name in _lost_marks(play)]
        kept = _kept(play)
        wrong += [f"{name} differs from the undisturbed archive" for name in kept if kept[name] != undisturbed[name]]
        return wrong


def cover(points: Sequence[int], undisturbed: dict[str, Any]) -> dict[int, list[str]]:
    """Point → what is wrong, for those where anything is."""
    with driver() as drive:
        found = {point: killed_at(drive, point, undisturbed) for point in points}
    return {point: wrong for point, wrong in found.items() if wrong}


def _owner(method: str, path: str, body: object = None) -> dict[str, Any]:
    return {"request": {"method": method, "path": f"/api/v1/serviceowner/dialogs{path}", "body": body}}


def _patch(dialog_id: str, path: str, value: object, ending: str = "") -> dict[str, Any]:
    return _owner("PATCH", f"/{dialog_id}{ending}", [{"op": "add", "path": path, "value": value}])


def _known(play: Playground) -> dict[str, frozenset[str]]:
    """The dialog without content cannot be opened; the deleted one is held all the same."""
    dialogs = play.world.dialogs.values()
    bare = frozenset(each.id for each in dialogs if each.content is None)
    held = {row["id"] for row in play.tables()["dialog"]}
    return {"unreadable": bare, "gone": frozenset(e.id for e in dialogs if e.deleted_at is not None and e.id in held)}


def _lost_marks(play: Playground) -> list[str]:
    """Nobody but us has opened anything since the start, so what no human has read must be unread."""
    human = f"urn:altinn:person:identifier-no:{HUMAN.removeprefix('pid:')}"
    lost = []
    for dialog in play.world.dialogs.values():
        read = any(each.user == human and each.seen_at >= dialog.content_updated_at for each in dialog.seen)
        marked = sum(each.label == "MarkedAsUnopened" and each.action == "set" for each in dialog.label_log)
        should = not read or (marked and any(e.actor.get("actorId") == human for e in dialog.label_log))
        if should and dialog.is_content_seen() and not dialog.is_api_only and dialog.deleted_at is None:
            lost.append(dialog.id)
    return lost


def _kept(play: Playground) -> dict[str, Any]:
    """What the archive holds, as far as it does not depend on when it was read."""
    found = {}
    gone = {row["id"] for row in play.tables()["dialog"] if row["presence"] != "present"}
    for name, rows in play.tables().items():
        if name not in _OF_THE_WAY:
            own = [row for row in rows if row.get("dialog_id", row.get("id")) not in gone]
            found[name] = sorted(([row[key] for key in _COMPARED if key in row] for row in own), key=str)
    return found


def main() -> None:
    began = time.monotonic()
    with driver() as drive:
        moments, undisturbed = count_points(drive)
    print(f"{len(moments)} points: before and after each exchange, before, in and after each transaction")
    slices = [range(start, min(start + 10, len(moments))) for start in range(0, len(moments), 10)]
    wrong: dict[int, list[str]] = {}
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        for done, found in enumerate(pool.map(cover, slices, [undisturbed] * len(slices)), start=1):
            wrong |= found
            for point, lines in found.items():
                print(f"killed {moments[point]} ({point}):", *lines, sep="\n  ")
            if done % 5 == 0:
                print(f"{min(done * 10, len(moments))} covered, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{len(moments)} points covered, {len(wrong)} with losses, {time.monotonic() - began:.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
