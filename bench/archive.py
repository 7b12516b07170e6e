"""`make bench`: 20,000 dialogs from a local server into SQLite, side by side with a naive httpx + sqlite3 loop.

    python -m bench.archive [--dialogs N] [--rounds N]

Two inboxes: one whose list tells all (the pages alone are read), and one in which every fifth dialog has a letter and
an activity to fetch. The best of several runs counts, and both sides take turns, so that what else the machine does
hits both.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

GOALS = {"time": (1.33, 1.6), "peak_mib": (120.0, None), "again": (0.45, None)}


def measure(which: str, url: str, folder: Path, turn: int) -> dict[str, float]:
    """One run in a process of its own."""
    file = folder / f"{which}-{turn}.db"
    done = subprocess.run(
        [sys.executable, "-m", "bench.readers", which, url, str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(title: str, dialogs: int, with_letters: int, rounds: int) -> None:
    """Prints both sides' best figures and their ratios."""
    serving = [sys.executable, "-m", "bench.inbox", "--dialogs", str(dialogs), "--with-letters", str(with_letters)]
    with (
        tempfile.TemporaryDirectory(prefix="dialogarkiv-bench-") as name,
        subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "naive": []}
        for turn in range(rounds):
            for which, found in runs.items():
                found.append(measure(which, url, Path(name), turn))
    ours, naive = ({key: min(run[key] for run in runs[which]) for key in runs[which][0]} for which in runs)
    assert ours["dialogs"] == naive["dialogs"] == dialogs
    peak = max(run["peak_mib"] for run in runs["ours"])
    print(f"\n{title}: {dialogs:,} dialogs, {with_letters:,} of them with a letter and an activity; best of {rounds}")
    print(f"  first read   ours {ours['first']:6.2f} s   naive {naive['first']:6.2f} s")
    print(f"  ours ÷ naive             {ours['first'] / naive['first']:.2f}   (goal 1.33, at most 1.6)")
    print(f"  second read ÷ first read {ours['second'] / ours['first']:.2f}   (goal 0.45; all pages, nothing changed)")
    judging, again = ours["judging_first"], ours["judging_second"]
    a_minute = dialogs / judging * 60
    print(f"  judging, besides         {judging:.2f} s, {a_minute:,.0f} a minute; again {again:.2f} s   (goal 100,000)")
    print(f"  peak memory of ours      {peak:.0f} MiB   (goal 120 MB)")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dialogs", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    compare("Pages alone", given.dialogs, 0, given.rounds)
    compare("With letters", given.dialogs, given.dialogs // 5, 1)


if __name__ == "__main__":
    main()
