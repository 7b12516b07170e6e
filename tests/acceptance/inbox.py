"""The demo inbox as the acceptance tests ask about it: who reads, what is true, what a run told."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.sandbox.seed import people
from tests.acceptance.sandbox_process import SandboxProcess
from tests.equality import KEYS, Tables, Who, settled

# The identities of the settings that a sandbox writes, and who they are to the sandbox.
CALLERS: dict[Who, str] = {
    ("bakeri", people.BAKERY.number): people.BAKERY_SYSTEM_USER,
    ("regnskap", f"{people.ACCOUNTANT.number}/regnskap"): people.ACCOUNTING_SYSTEM_USER,
    ("regnskap", f"{people.ACCOUNTANT.number}/lonn"): people.PAYROLL_SYSTEM_USER,
}


def truth(sandbox: SandboxProcess) -> dict[Who, Any]:
    """What each identity may read now, told without a trace."""
    found = {who: sandbox.control("GET", f"truth?caller={caller}") for who, caller in CALLERS.items()}
    for told in found.values():
        for dialog in told["dialogs"]:
            dialog.get("detail", {}).pop("dialogToken", None)  # another one at every look
    return found


def present(truths: dict[Who, Any]) -> dict[str, Any]:
    """Every dialog that is listed to somebody, by id, as the first who sees it sees it."""
    found: dict[str, Any] = {}
    for told in truths.values():
        for dialog in told["dialogs"]:
            if dialog["state"] == "present":
                found.setdefault(dialog["id"], dialog)
    return found


def our_marks(truths: dict[Who, Any]) -> set[str]:
    """Dialogs, whatever their state, whose seen log names one of our system users."""
    ours = {f"urn:altinn:systemuser:uuid:{caller}" for caller in CALLERS.values()}
    return {
        dialog["id"]
        for told in truths.values()
        for dialog in told["dialogs"]
        for record in dialog.get("seenlog", ())
        if record["seenBy"].get("actorId") in ours
    }


@dataclass(frozen=True)
class Run:
    """One `sync --json` as a process: its answer, the requests the sandbox counted, and the events it logged."""

    code: int
    answer: Any
    counted: dict[str, int]
    events: list[dict[str, Any]]
    output: str

    def total(self, name: str) -> int:
        """A count of the answer, summed over the identities."""
        return sum(run[name] for run in self.answer["runs"])

    def asked(self, path: str) -> int:
        """Requests that left with this ending of their path, as the log tells."""
        return sum(1 for e in self.events if e.get("event") == "http_answer" and str(e.get("path")).endswith(path))


def sync(sandbox: SandboxProcess, archive: str, **env: str) -> Run:
    """Syncs into `archive`, a file name beside the settings, and counts from nought."""
    sandbox.control("DELETE", "requests")
    done = sandbox.run_cli("sync", "--json", env={**to(archive), **loud(), **env})
    return told(sandbox, done)


def told(sandbox: SandboxProcess, done: subprocess.CompletedProcess[str]) -> Run:
    """What a finished `sync --json` told."""
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    answer = json.loads(done.stdout) if done.stdout.startswith("{") else None
    counted = sandbox.control("GET", "requests")["by"]
    return Run(done.returncode, answer, counted, events, done.stdout + done.stderr)


def to(archive: str) -> dict[str, str]:
    """The environment for an archive of this name."""
    return {"DIALOGARKIV__ARCHIVE__URL": f"sqlite:///{archive}"}


def loud() -> dict[str, str]:
    """The environment for a log that tells everything to machines."""
    return {"DIALOGARKIV__LOG__LEVEL": "debug", "DIALOGARKIV__LOG__FORMAT": "json"}


def url_of(sandbox: SandboxProcess, archive: str) -> str:
    """The address of an archive beside the settings, for this process."""
    return f"sqlite:///{Path(sandbox.folder) / archive}"


def tables_by_command(sandbox: SandboxProcess, archive: str, columns: dict[str, list[str]]) -> Tables:
    """Every table, read by one `dialogarkiv sql`."""
    parts = []
    for name in KEYS:
        pairs = ", ".join(f"'{column}', \"{column}\"" for column in columns[name])
        parts.append(f"SELECT '{name}' AS name, json_object({pairs}) AS found FROM \"{name}\"")
    done = sandbox.run_cli("sql", "--json", " UNION ALL ".join(parts), env=to(archive))
    assert done.returncode == 0, done.stderr
    tables: Tables = {name: [] for name in KEYS}
    for row in json.loads(done.stdout):
        tables[row["name"]].append(json.loads(row["found"]))
    return settled(tables)
