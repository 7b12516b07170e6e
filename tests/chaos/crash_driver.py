"""A process that runs our program and dies by SIGKILL at a chosen point. Not imported by tests: they start it.

Reads one order a line from standard input, as JSON: `{"settings", "env", "stages": [{"passes", "steps"}], "point",
"control", "told"}`. Each order is carried out by a child of its own, forked before any thread exists: for each stage
the `steps` are done to the world, and then our program runs once. The child dies at the `point`-th moment, counted from
nought: before and after each HTTP exchange, and before, in the middle of (all is written, nothing committed) and after
each transaction that writes. Answers a line of JSON: `{"signal", "exit"}`. How far a child came stands in the file
`told`: the stages whose steps are done, and at its end the names of all moments.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import sync.round
from config.settings import load
from store.archive import Archive
from sync.dialogporten.http import HttpEdge
from sync.passes.schedule import Pass, Wanted
from sync.runner import Runner
from tests.chaos.turns import Turns


class Moments:
    """`names` of what has passed by; the process ends at the `point`-th."""

    def __init__(self, point: int) -> None:
        self.point = point
        self.names: list[str] = []

    def pass_by(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self.point:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(moments: Moments) -> None:
    """From now on every exchange and every writing transaction of this process is a moment."""
    edge: Any = HttpEdge
    archive: Any = Archive
    request, transaction = edge._request, archive._transaction

    def watched_request(self: Any, method: str, url: str, **more: Any) -> Any:
        name = f"{method} {url.split('?')[0].rsplit('/', 1)[1]}"
        moments.pass_by(f"before {name}")
        answer = request(self, method, url, **more)
        moments.pass_by(f"after {name}")
        return answer

    @contextmanager
    def watched_transaction(self: Any, **more: Any) -> Iterator[Any]:
        moments.pass_by("before a transaction")
        with transaction(self, **more) as connection:
            yield connection
            moments.pass_by("in a transaction")
        moments.pass_by("after a transaction")

    edge._request, archive._transaction = watched_request, watched_transaction
    # The same order, and so the same number for a moment, in every run.
    program: Any = sync.round
    program.ThreadPoolExecutor = lambda *_, **__: Turns(Random(1))


def carry_out(order: Mapping[str, Any]) -> None:
    """In the child."""
    moments, told = Moments(order["point"]), Path(order["told"])
    settings = load(Path(order["settings"]), order["env"])
    runner = Runner(settings, order["env"], lambda _name, _fields: None)
    watch(moments)
    with Archive.open(settings.archive.url, create=True) as archive:
        for number, stage in enumerate(order["stages"]):
            do_steps(order["control"], stage["steps"])
            told.write_text(json.dumps({"done": number + 1}))
            runner.run(archive, Wanted(frozenset(Pass(name) for name in stage["passes"])))
    runner.close()
    told.write_text(json.dumps({"done": len(order["stages"]), "moments": moments.names}))


def do_steps(control: str, steps: list[Any]) -> None:
    """What others do. Not a moment of ours."""
    body = json.dumps(steps).encode()
    request = urllib.request.Request(f"{control}/steps", body, {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        refused = [one for one in json.load(answer) if not 200 <= one["status"] < 300]
    assert not refused, refused


def main() -> None:
    HttpEdge(hosts=frozenset()).close()  # reads the trusted certificates, once for all children
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                carry_out(json.loads(line))
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        ended = {"signal": status & 0x7F, "exit": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
