"""The two that are compared: our poll, and the loop that somebody writes on a Friday, each in a process of its own.

    python -m bench.readers ours|naive URL FILE
prints one JSON line: {"first": seconds, "second": seconds, "peak_mib": …, "dialogs": …}; ours also how long judging
took, `judging_first` and `judging_second`
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import sys
import time
from pathlib import Path

import httpx

PARTY = "urn:altinn:organization:identifier-no:310000000"
ORDER = "updatedAt_asc,id_asc"


def naive(url: str, file: str) -> dict[str, float]:
    """Page after page, child after child, raw JSON into one table; the second time the same again."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE raw (id TEXT, kind TEXT, body TEXT, PRIMARY KEY (id, kind))")
    base = f"{url}/dialogporten/api/v1/enduser/dialogs"
    figures = {}
    with httpx.Client(headers={"Authorization": "Bearer none"}, timeout=60) as client:
        for name in ("first", "second"):
            began = time.perf_counter()
            arguments = {"party": PARTY, "orderBy": ORDER, "limit": "1000"}
            while True:
                page = client.get(base, params=arguments).json()
                rows = [(item["id"], "list", json.dumps(item)) for item in page["items"]]
                rows += [
                    (item["id"], kind, client.get(f"{base}/{item['id']}/{kind}").text)
                    for item in page["items"]
                    if item["fromServiceOwnerTransmissionsCount"]
                    for kind in ("transmissions", "activities")
                ]
                connection.executemany("INSERT OR REPLACE INTO raw VALUES (?, ?, ?)", rows)
                connection.commit()
                if not page["hasNextPage"]:
                    break
                arguments["continuationToken"] = page["continuationToken"]
            figures[name] = time.perf_counter() - began
    figures["dialogs"] = connection.execute("SELECT count(*) FROM raw WHERE kind = 'list'").fetchone()[0]
    return figures


def ours(url: str, file: str) -> dict[str, float]:
    """The real runner into a real archive. The second read walks every page again: the cursor is put back first."""
    from config.settings import load
    from store.archive import Archive
    from sync.dialogporten.retry import ignore
    from sync.passes.evaluate import EvaluationReport
    from sync.runner import Runner

    settings_file = Path(file).with_suffix(".toml")
    settings_file.write_text(
        f'[archive]\nurl = "sqlite:///{file}"\n[environment]\nname = "custom"\n'
        f'dialogporten = "{url}/dialogporten"\naltinn = "{url}"\n'
        # The naive loop has no manners, so ours are out of the way.
        f"[limits]\nrequests_per_second = 10000\n"
        f'[[connection]]\nname = "bench"\nkind = "token"\ntoken = "env:BENCH_TOKEN"\nparties = ["{PARTY}"]\n'
    )
    settings = load(settings_file, {"BENCH_TOKEN": "none"})
    figures: dict[str, float] = {}
    # Both sides have their tables before the clock starts.
    Archive.open(settings.archive.url, create=True).close()

    class Reading(Runner):
        """The naive loop judges nothing, so judging is measured by itself."""

        judging = 0.0

        def evaluate(self, archive: Archive) -> EvaluationReport:
            began = time.perf_counter()
            report = super().evaluate(archive)
            self.judging += time.perf_counter() - began
            return report

    for name in ("first", "second"):
        runner = Reading(settings, {"BENCH_TOKEN": "none"}, ignore)
        began = time.perf_counter()
        with Archive.open(settings.archive.url, create=True) as archive:
            result = runner.run(archive)
        figures[name] = time.perf_counter() - began - runner.judging
        figures[f"judging_{name}"] = runner.judging
        runner.close()
        assert result.exit_code == 0, result
        report = result.reports[0]
        assert name == "first" or (report.rows_written == 0 and report.items_read > 0), report
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE mailbox SET cursor_at = NULL")
        connection.close()
    with sqlite3.connect(file) as connection:
        figures["dialogs"] = connection.execute("SELECT count(*) FROM dialog").fetchone()[0]
    connection.close()
    return figures


def main() -> None:
    which, url, file = sys.argv[1:]
    os.umask(0o077)
    figures = (ours if which == "ours" else naive)(url, file)
    figures["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
