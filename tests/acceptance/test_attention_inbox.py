"""The demo inbox judged: each dialog by the row of the life-cycle tables that it shows, opened and never opened.

The table is the reference's own (producers §2 to §6, §10), not what the program says.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.settings import load
from store.archive import Archive
from store.batch import Row
from sync.attention import Verdict, interpret, subject_of
from sync.attention.next_look import next_look
from sync.cli.frame import run
from sync.cli.reference import CONTRACTS
from sync.dialogporten.retry import ignore
from sync.passes.evaluate import subject_in
from sync.runner import Runner
from sync.sandbox import seed
from sync.sandbox.server import SandboxServer
from sync.sandbox.stage import set_up, write_settings
from sync.sandbox.steps import named_caller
from sync.sandbox.truth import truth_for
from sync.sandbox.world import World
from tests.acceptance.inbox import CALLERS

pytestmark = pytest.mark.xdist_group("attention")

# Row of the catalogue, and status where the row has several → what a careful human would do: after an opening, and
# without one where that can tell less.
Steps = str | tuple[str, str]
EXPECTED: dict[str | tuple[str, str], Steps] = {
    "2.1 draft": "fill_in",
    "2.1 prefill": "fill_in",
    "2.1 confirmation": "submit",
    "2.1 signing": "sign",
    "2.1 payment": ("pay", "pay fill_in"),
    "2.1 feedback": "wait",
    "2.1 additional input": "answer_request",
    "2.1 additional input unseen": "fill_in",
    "2.1 rejected": "correct",
    "2.1 archived unconfirmed": "wait",
    "2.1 archived confirmed": "none",
    "2.1 migrated archive": "none",
    "2.2 hidden from people": "fill_in",
    "2.3 not completed when confirmed": "none",
    "2.3 no status": "fill_in",
    "2.3 patched by its owner": "none",
    # A letter that nobody opened is to be read, unless it is as old as the platform's own cut.
    "3 published": "read none",
    "3 confirmation needed": "confirm",
    # A due date that is near on an opened letter is a person's to look at.
    "3 opened": "none review",
    "3 confirmed": "none",
    "3 confidential reminder": "read",
    "3 sent as a transmission": "wait",
    "3 migrated": "none",
    "3 migrated, archived": "none",
    "3 migrated, binned": "none",
    "3 migrated, confirmed": "none",
    "4.1 sick note": "read",
    "4.1 application": "read",
    "4.1 income report requested": "answer_request",
    # One of them has another request that is still open.
    "4.1 income report accepted": "none answer_request review",
    "4.1 income report rejected": "correct none",
    "4.1 request withdrawn": "none answer_request review",
    "4.1 claim for exemption": "none",
    "4.1 application for exemption": ("none", "read"),
    "4.2 requested": "answer_request",
    "4.2 reminder": "answer_request",
    "4.2 older client": ("answer_request", "answer_request"),
    "4.2 start date changed": "answer_request",
    "4.2 accepted": "none",
    "4.2 updated": "none",
    "4.2 withdrawn": "none",
    ("4.2 rejected", "RequiresAttention"): "correct",
    ("4.2 rejected", "Completed"): "review",
    ("4.3 nearest leader", "RequiresAttention"): "review fill_in",
    ("4.3 nearest leader", "Completed"): "none",
    "4.3 settlement report": "read none",
    "5 accepted": "none",
    "5 alert after acceptance": "read",
    ("5 rejected", "NotApplicable"): "correct",
    ("5 rejected", "Completed"): "none",
    "5 submitted": "none",
    # Opened, it offers no way to answer, and its status does not ask for one: a person must decide (§10, step 6).
    "5 request": ("review", "answer_request"),
    "5 decision": "read",
    "5 own letter": "read",
    "5 information": "read",
    "5 created empty": "wait",
    ("5 long case", "InProgress"): "wait",
    ("5 long case", "NotApplicable"): "correct",
    "1 P11 masked for some": "wait",
    ("1 P13 level 4, harmless title", "NotApplicable"): ("read raise_auth_level", "read raise_auth_level"),
    ("1 P13 level 4, harmless title", "RequiresAttention"): ("raise_auth_level", "review raise_auth_level"),
    "1 P13 level 4, no other title": ("raise_auth_level", "read raise_auth_level"),
    ("1 P15 deprecated endpoint", "RequiresAttention"): "answer_request",
    ("1 P15 deprecated endpoint", "NotApplicable"): ("migrate_endpoint read", "read"),
    ("1 P18 API-only with content", "RequiresAttention"): "answer_request",
    ("1 P18 API-only with content", "NotApplicable"): "read",
    "12 restored": "none",
    "3.3 instance delegation": ("answer_request get_access", "answer_request"),
    "6 expires soon": "read",
    "6 in progress, buttons only": ("fill_in", "review"),
    # A title and a summary alone are no report (§10, "new report"); without an opening that cannot be known.
    "6.2 marked as unopened": ("none", "read"),
    "P16 became visible": ("none", "read"),
}
SILENT = {"none", "wait"}


@dataclass(frozen=True)
class Desk:
    """One policy: the settings, the world as it was, and what the program says of each dialog."""

    settings: Path
    world: World
    rows: dict[str, Row]
    at: datetime

    @property
    def archive(self) -> Archive:
        return Archive.open(load(self.settings, {}).archive.url, create=False)

    def answer(self, *arguments: str, code: int = 0) -> Any:
        import contextlib
        import io

        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert run(["--config", str(self.settings), *arguments]) == code, arguments
        return json.loads(out.getvalue()) if "--json" in arguments else out.getvalue()


def desk(folder: Path, policy: str) -> Desk:
    stage = set_up(folder)
    world, at = World(), datetime.now(UTC)
    seed.register(world, [stage.key.public_jwk()])
    seed.load(world, at)
    with SandboxServer(world) as server:
        file = write_settings(stage, server.url)
        settings = load(file, {"DIALOGARKIV__SYNC__OPEN": policy})
        with Archive.open(settings.archive.url, create=True) as archive:
            runner = Runner(settings, dict(os.environ), ignore)
            assert runner.run(archive).exit_code == 0
            runner.close()
            rows = {str(row["dialog_id"]): row for row in archive.view("everything")}
    return Desk(file, world, rows, at)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Everything that can be opened was."""
    return desk(tmp_path_factory.mktemp("attention") / "sandbox", "always")


@pytest.fixture(scope="module", params=["after-human", "always"])
def judged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    if request.param == "always":
        found: Desk = request.getfixturevalue("opened")
        return found
    return desk(tmp_path_factory.mktemp("attention") / "sandbox", request.param)


@pytest.fixture(scope="module")
def quiet(opened: Desk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A copy for the commands, opened so that machines have something to do."""
    before = signal.getsignal(signal.SIGTERM)
    folder = shutil.copytree(opened.settings.parent, tmp_path_factory.mktemp("commands") / "sandbox")
    yield replace(opened, settings=Path(folder) / opened.settings.name)
    signal.signal(signal.SIGTERM, before)


def expected(row: str, status: object, opened: bool) -> set[str]:
    found = EXPECTED.get((row, str(status)), EXPECTED.get(row))
    assert found is not None, f"the table says nothing of {row}, {status}"
    if isinstance(found, tuple):
        found = found[0 if opened else 1]
    return set(found.split())


def test_every_row_of_the_inbox_gets_the_step_that_a_careful_human_would_take(judged: Desk) -> None:
    wrong, looked_at = [], 0
    for entry in seed.catalogue(judged.at):
        row = judged.rows.get(entry.id)
        if row is None or row["presence"] != "present":
            continue
        looked_at += 1
        steps = expected(entry.row, row["status"], row["opened_at"] is not None)
        if row["next_step"] not in steps:
            wrong.append(f"{entry.row}, {row['status']!r}: {row['next_step']!r}, not {' or '.join(sorted(steps))}")
    assert wrong == []
    assert looked_at >= 115


def test_no_row_of_the_inbox_is_answered_with_a_worst_error(judged: Desk) -> None:
    worst = []
    for entry in seed.catalogue(judged.at):
        row = judged.rows.get(entry.id)
        if row is None or row["presence"] != "present":
            continue
        steps = expected(entry.row, row["status"], row["opened_at"] is not None)
        if row["next_step"] in SILENT and not steps & SILENT:
            worst.append(f"{entry.row}: an obligation answered {row['next_step']!r}")
        if row["needs_attention"] and steps <= SILENT:
            worst.append(f"{entry.row}: an alarm on a closed case")
        person_only = steps <= {"sign", "pay", "submit", "fill_in", "review", "get_access", "raise_auth_level"}
        if row["actor"] == "machine" and (person_only or entry.row.startswith("2.")):
            worst.append(f"{entry.row}: a machine where only a person can act")
    assert worst == []


def test_everything_that_needs_attention_has_an_open_item_and_nothing_else_has(judged: Desk) -> None:
    with judged.archive as archive:
        items = {str(row["dialog_id"]): row for row in archive.view("attention")}
    needed = {key: row for key, row in judged.rows.items() if row["needs_attention"] and row["presence"] == "present"}
    assert set(items) == set(needed)
    for key, row in needed.items():
        assert [items[key][name] for name in ("next_step", "actor", "deadline")] == [
            row[name] for name in ("next_step", "actor", "deadline")
        ]
    with judged.archive as archive:
        for view in ("inbox", "drafts", "sent", "archive", "bin", "due", "everything"):
            rows = archive.view(view)
            assert rows and all(None not in (row["needs_attention"], row["next_step"], row["actor"]) for row in rows)
        assert archive.view("actions")


def said(verdict: Verdict) -> tuple[object, ...]:
    return (
        verdict.needs_attention,
        verdict.next_step,
        verdict.actor,
        verdict.deadline,
        set(verdict.reasons),
        verdict.because,
    )


def test_a_dialog_and_its_archived_rows_are_interpreted_alike(judged: Desk) -> None:
    now, compared = datetime.now(UTC), 0
    with judged.archive as archive:
        dockets = {each.id: each for each in archive.attention.dockets(sorted(judged.rows))}
    for who, caller in CALLERS.items():
        told = truth_for(judged.world, named_caller(judged.world, caller))
        for true in msgspec.json.decode(msgspec.json.encode(told))["dialogs"]:
            docket = dockets.get(true["id"])
            if docket is None or true["state"] != "present" or docket.dialog["access"] != "full":
                continue
            if (docket.dialog["connection"], docket.dialog["identity"]) != who:
                continue
            opened = "detail" in docket.bodies
            fresh = subject_of(
                list_item=true["listItem"],
                dialog=true["detail"] if opened else None,
                transmissions=true.get("transmissions"),
                activities=true.get("activities"),
            )
            assert said(interpret(subject_in(docket), now)) == said(interpret(fresh, now)), true["id"]
            compared += 1
    assert compared >= 110


def test_the_next_look_of_every_verdict_is_written_down(judged: Desk) -> None:
    with judged.archive as archive:
        for docket in archive.attention.dockets(sorted(judged.rows)):
            assert docket.verdict is not None
            at = datetime.fromisoformat(str(docket.verdict["decided_at"]))
            subject = subject_in(docket)
            turn = next_look(subject, interpret(subject, at), at)
            assert turn is not None
            assert datetime.fromisoformat(str(docket.verdict["next_look_at"])) == turn


# The commands


def assert_keys(answer: Any, name: str) -> None:
    promised = CONTRACTS[name].keys
    assert set(answer) == {key for key in promised if "[]" not in key}
    for path in promised:
        outer, inner, key = path.partition("[].")
        if inner:
            assert all(key in each for each in answer[outer]), path


def test_attention_lists_what_is_open_most_urgent_first_and_says_so_with_its_exit_code(quiet: Desk) -> None:
    listed = quiet.answer("attention", "--json", "--exit-code", code=10)
    assert len(listed) > 50
    for each in listed:
        assert_keys(each, "attention")
    deadlines = [each["deadline"] or "9999" for each in listed]
    assert deadlines == sorted(deadlines) and listed[0]["overdue"]
    assert quiet.answer("attention", "--json") == listed
    table = quiet.answer("attention")
    assert {each["dialog_id"] for each in listed} == {
        each["dialog_id"] for each in listed if each["dialog_id"] in table
    }


def test_attention_of_one_party_or_since_a_time(quiet: Desk) -> None:
    everybody = quiet.answer("attention", "--json")
    party = everybody[0]["party"]
    one = quiet.answer("attention", "--party", party.rpartition(":")[2], "--json")
    assert one == [each for each in everybody if each["party"] == party]
    assert quiet.answer("attention", "--since", "1d", "--json") == everybody
    assert quiet.answer("attention", "--since", "2999-01-01", "--json", "--exit-code") == []
    assert quiet.answer("attention", "--since", "2999-01-01T00:00:00Z") == (
        "Nothing needs attention that was opened or changed since 2999-01-01T00:00:00Z.\n"
    )


def test_attention_explain_tells_signals_rules_and_what_would_change_it(quiet: Desk) -> None:
    listed = quiet.answer("attention", "--json")
    for each in listed:
        told = quiet.answer("attention", "explain", each["dialog_id"], "--json")
        assert_keys(told, "attention explain")
        assert told["verdict"]["next_step"] == each["next_step"] and told["would_change"]
        assert told["trace"] and told["events"][0]["what"] == "opened"
    words = quiet.answer("attention", "explain", listed[0]["dialog_id"])
    for heading in (
        "Signals, strongest first",
        "The rules, in their order",
        "What would change it",
        "What became of it",
    ):
        assert heading in words


def test_a_machine_step_comes_with_its_request_and_no_secret(quiet: Desk) -> None:
    machine = [each for each in quiet.answer("attention", "--json") if each["actor"] == "machine"]
    assert {each["next_step"] for each in machine} >= {"confirm", "answer_request", "read"}
    for each in machine:
        shown = quiet.answer("show", each["dialog_id"], "--json")
        assert shown["verdict"]["next_step"] == each["next_step"]
        assert shown["requests"], each
        for request in shown["requests"]:
            assert request["url"].startswith("https://") and "token" in request["token"]
            assert "eyJ" not in json.dumps(request)
        words = quiet.answer("show", each["dialog_id"])
        assert "What it needs" in words and f"{shown['requests'][-1]['method']} https://" in words
    confirm = next(each for each in machine if each["next_step"] == "confirm")
    requests = quiet.answer("show", confirm["dialog_id"], "--json")["requests"]
    assert [each["method"] for each in requests] == ["GET", "POST"]
    assert requests[1]["url"].endswith("/confirm")


def test_what_only_a_person_can_do_comes_without_a_request(quiet: Desk) -> None:
    persons = [each for each in quiet.answer("attention", "--json") if each["actor"] == "person"]
    for each in persons[:15]:
        assert quiet.answer("show", each["dialog_id"], "--json")["requests"] == []


def test_deprecated_endpoints_are_told_with_their_end(quiet: Desk) -> None:
    found = quiet.answer("attention", "--endpoints", "--json")
    assert found and all(each["sunset_at"] and each["dialogs"] >= 1 for each in found)
    assert found[0]["service_resource"] in quiet.answer("attention", "--endpoints")


def test_what_is_put_off_or_done_is_listed_no_more(quiet: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (each["dialog_id"] for each in quiet.answer("attention", "--json")[-2:])
    quiet.answer("attention", "snooze", first, "--until", "7d")
    quiet.answer("attention", "done", second)
    assert not {first, second} & {each["dialog_id"] for each in quiet.answer("attention", "--json")}
    listed = {each["dialog_id"]: each for each in quiet.answer("attention", "--all", "--json")}
    assert listed[first]["snoozed"] is True and second not in listed
    assert "put off until" in quiet.answer("show", first)
    assert "called done" in quiet.answer("show", second)
    assert run(["--config", str(quiet.settings), "attention", "done", second]) == 2
    assert "Nothing is open" in capsys.readouterr().err
    assert run(["--config", str(quiet.settings), "attention", "snooze", first, "--until", "2020-01-01"]) == 2
    assert run(["--config", str(quiet.settings), "attention", "explain", "nobody"]) == 2
    assert "holds no dialog" in capsys.readouterr().err


def test_a_bad_rule_is_refused_before_anything_is_done(
    quiet: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\norg = "skd"\nnext_step = "wiat"\n', encoding="utf-8")
    monkeypatch.setenv("DIALOGARKIV__ATTENTION__RULES", str(rules))
    dialog = next(iter(quiet.rows))
    for arguments in (["sync"], ["attention", "explain", dialog], ["show", dialog]):
        assert run(["--config", str(quiet.settings), *arguments]) == 2
        told = capsys.readouterr().err
        assert f"{rules}: line 3: next_step" in told and 'Did you mean "wait"?' in told
