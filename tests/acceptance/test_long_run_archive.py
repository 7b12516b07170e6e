"""The sandbox lives through a genuine server's long run, then the real command syncs it: the archive equals the run's
last recorded reads, field by field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sync.sandbox.server import SandboxServer
from sync.sandbox.world import World
from tests.acceptance.sandbox_process import run_program
from tests.contract.sandbox_replay import RECORDINGS, Exchange, Replay, long_run
from tests.equality import Tables, differences, tables_of

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings of a genuine server, ../shared")

WHO = ("lokal", "")
SETTINGS = """\
[archive]
url = "sqlite:///arkiv.db"
[environment]
name = "custom"
dialogporten = "{url}/dialogporten"
altinn = "{url}"
maskinporten = "{url}/maskinporten/"
[[connection]]
name = "lokal"
kind = "token"
token = "env:LOCAL_TOKEN"
parties = {parties}
"""


@pytest.mark.parametrize("number", [1, 2])
def test_the_archive_equals_the_last_recorded_reads_of_a_long_run(number: int, tmp_path: Path) -> None:
    exchanges = [exchange for _, exchange in long_run(number)]
    parties = sorted({party for exchange in exchanges for party in asked_for(exchange)})
    with SandboxServer(World(local_mode=True)) as server, httpx.Client(base_url=server.url, verify=False) as client:
        replay = Replay(server, client)
        for name, exchange in long_run(number):
            replay.check(name, exchange)
        settings = tmp_path / "dialogarkiv.toml"
        settings.write_text(SETTINGS.format(url=server.url, parties=json.dumps(parties)))
        done = run_program("--config", settings, "sync", "--json", cwd=tmp_path, env={"LOCAL_TOKEN": "lokal"})
    assert done.returncode == 4, done.stderr  # the run has API-only dialogs without content

    tables = tables_of(f"sqlite:///{tmp_path}/arkiv.db")
    truth = last_reads(exchanges, replay)
    leave_out_cleared_marks(tables, truth)
    unreadable = frozenset(dialog["id"] for dialog in truth["dialogs"] if "detail" not in dialog)
    assert differences(tables, {WHO: truth}, unreadable=unreadable) == []
    assert 0 < len(unreadable) < 10
    assert len(truth["dialogs"]) > 50
    assert len([row for row in tables["dialog"] if row["details_status"] == 200]) > 50


def asked_for(exchange: Exchange) -> list[str]:
    """The parties of a recorded walk."""
    if exchange["label"] != "walk":
        return []
    return parse_qs(urlsplit(exchange["request"]["path"]).query).get("party", [])


def last_reads(exchanges: Iterable[Exchange], replay: Replay) -> dict[str, Any]:
    """The last recorded read of everything, with the sandbox's ids and times, as a truth of `/control/truth`."""
    items: dict[str, Any] = {}
    reads: dict[str, dict[str, Any]] = {}
    walk: dict[str, dict[str, Any]] = {}
    performers: dict[str, Any] = {}
    for exchange in exchanges:
        label, answer = exchange["label"], exchange["response"]
        path = exchange["request"]["path"].split("?")[0].split("/")
        if label == "walk":
            (party,) = asked_for(exchange)
            if "continuationToken" not in exchange["request"]["path"]:
                walk[party] = {}
            walk[party].update({item["id"]: item for item in answer["body"]["items"]})
            latest = [item["latestActivity"] for item in answer["body"]["items"] if item.get("latestActivity")]
            performers |= {one["id"]: one["performedBy"] for one in latest}
        elif label.startswith("final-") and answer["status"] == 200:
            reads.setdefault(path[5], {})[label.removeprefix("final-")] = answer["body"]
            if label == "final-detail":
                performers |= {one["id"]: one["performedBy"] for one in answer["body"]["activities"]}
    for found in walk.values():
        items |= found
    dialogs = [told_of(item, reads[item["id"]], performers) for item in items.values()]
    whole = {"parties": [{"party": party} for party in walk], "dialogs": dialogs}
    translated: dict[str, Any] = json.loads(replay.matches.translate(json.dumps(whole, ensure_ascii=False)))
    return translated


def told_of(item: Any, reads: dict[str, Any], performers: dict[str, Any]) -> dict[str, Any]:
    """One dialog. The last details were read after the logs, so what they left behind shows in the list item only."""
    detail = reads.get("detail")
    seen = {one["id"]: one for one in reads["seenlog"]}
    for name in ("seenSinceLastUpdate", "seenSinceLastContentUpdate"):
        seen |= {one["id"]: one for one in item[name]}
    dialog = {
        "id": item["id"],
        "party": item["party"],
        "state": "present",
        "listItem": item,
        "transmissions": reads["transmissions"],
        "activities": [{**one, "performedBy": performers[one["id"]]} for one in reads["activities"]],
        "seenlog": list(seen.values()),
        "labellog": reads["context/labellog"],
        "refused": {},
    }
    return dialog if detail is None else {**dialog, "detail": detail}


def leave_out_cleared_marks(tables: Tables, truth: dict[str, Any]) -> None:
    """Takes out the label log's newest entries, which the last recorded openings made after it had been recorded."""
    recorded = {
        (dialog["id"], f"{entry['createdAt'][:26]}Z", entry["name"], entry["action"])
        for dialog in truth["dialogs"]
        for entry in dialog["labellog"]
    }
    cleared = [
        row
        for row in tables["label_log"]
        if (row["name"], row["action"]) == ("systemlabel:MarkedAsUnopened", "remove")
        and (row["dialog_id"], row["created_at"], row["name"], row["action"]) not in recorded
    ]
    tables["label_log"] = [row for row in tables["label_log"] if row not in cleared]
