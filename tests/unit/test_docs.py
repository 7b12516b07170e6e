"""What README and docs say is so: pages made from code are current, examples run, links lead somewhere."""

from __future__ import annotations

import configparser
import contextlib
import io
import json
import re
import shlex
import signal
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from config.environments import NAMED
from config.settings import load
from store.archive import Archive
from store.reference import REFERENCE as ARCHIVE_PAGE
from store.reference import reference as archive_page
from store.tables import metadata
from store.views import VIEWS
from sync.cli.demo import _QUESTIONS
from sync.cli.frame import cli, run
from sync.cli.reference import CONTRACTS, EXIT_CODES, commands, example_and_prose
from sync.cli.reference import REFERENCE as COMMANDS_PAGE
from sync.cli.reference import reference as commands_page
from sync.daemon import GRACE
from sync.dialogporten import wire
from sync.passes.opening import OpeningPolicy
from sync.passes.signals import signals
from sync.sandbox import seed
from sync.sandbox.server import SandboxServer
from sync.sandbox.stage import set_up, write_settings
from sync.sandbox.world import World

# One archive serves them all: keep them with one worker.
pytestmark = pytest.mark.xdist_group("docs")

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").rglob("*.md")))
UNIT = ROOT / "docs" / "systemd" / "dialogarkiv.service"
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


_FENCE = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@cache
def blocks(language: str) -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            indent, kind, body = match.groups()
            if kind == language:
                plain = "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
                line = text.count("\n", 0, match.start()) + 1
                found.append(Block(page.relative_to(ROOT).as_posix(), line, kind, plain))
    return found


@dataclass(frozen=True)
class Read:
    """An archive of the demo inbox, and what the commands answered with `--json` while the sandbox stood."""

    settings: Path
    answers: dict[str, Any]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    folder = tmp_path_factory.mktemp("docs")
    before = signal.getsignal(signal.SIGTERM)
    stage = set_up(folder / "sandbox")
    world = World()
    seed.register(world, [stage.key.public_jwk()])
    seed.load(world, datetime.now(UTC))
    with pytest.MonkeyPatch.context() as patch, SandboxServer(world) as server:
        patch.delenv("DIALOGARKIV_CONFIG", raising=False)
        settings = write_settings(stage, server.url)
        answers = {"sync": _answer(settings, "sync"), "doctor": _answer(settings, "doctor")}
    signal.signal(signal.SIGTERM, before)
    yield Read(settings, answers)


def _answer(settings: Path, *arguments: str, code: int = 0) -> Any:
    """What a command answers, as JSON; it must end with this exit code."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        ended = run(["--config", str(settings), *arguments, "--json"])
    assert ended == code, arguments
    return json.loads(out.getvalue())


# Pages made from code


def test_the_command_reference_is_made_from_this_code() -> None:
    written = COMMANDS_PAGE.read_text(encoding="utf-8")
    assert written == commands_page(), "docs/commands.md is out of date: run `python -m sync.cli.reference`"


def test_the_archive_reference_is_made_from_this_code() -> None:
    written = ARCHIVE_PAGE.read_text(encoding="utf-8")
    assert written == archive_page(), "docs/archive.md is out of date: run `python -m store.reference`"


def test_every_view_and_table_stands_in_the_archive_reference() -> None:
    page = archive_page()
    for name in (*VIEWS, *metadata.tables):
        assert re.search(rf"^### .*`{name}`", page, re.MULTILINE), name


def test_every_exit_code_of_the_frame_stands_in_the_command_reference() -> None:
    frame = (ROOT / "sync" / "cli" / "frame.py").read_text(encoding="utf-8")
    promised = {int(code) for code in re.findall(r"^(\d+)\s{2,}\w", frame, re.MULTILINE)}
    waiting = set() if "attention" in dict(commands()) else {10}
    assert promised - waiting == set(EXIT_CODES) - {130}


# Commands


@pytest.mark.parametrize(("name", "command"), [pytest.param(n, c, id=n) for n, c in commands()])
def test_the_help_of_each_command_begins_with_an_example_that_the_program_takes(
    name: str, command: click.Command
) -> None:
    example, _ = example_and_prose(command)
    for line in example.split(", and in another window: "):
        assert_taken(line)
    assert f"dialogarkiv {name}" in example or f" {name} " in f"{example} "
    assert command.short_help or " " in name


def test_each_command_that_answers_json_has_a_written_contract() -> None:
    with_json = {name for name, command in commands() for p in command.params if "--json" in p.opts}
    assert with_json - set(CONTRACTS) == set()
    assert set(CONTRACTS) <= {name for name, _ in commands()}


def command_lines() -> Iterator[tuple[str, str, bool]]:
    """Where it stands, the command line, and whether it is whole: prose names a command without its arguments."""
    for block in (*blocks("sh"), *blocks("cron")):
        for line in block.text.replace("\\\n", " ").splitlines():
            found = re.search(r"(?:^|[\s/])dialogarkiv (?!.*\bpip\b).*", line)
            if found is not None:
                yield str(block), found[0].lstrip("/ ").partition(" >")[0], True
    for page in PAGES:
        text = _FENCE.sub("", page.read_text(encoding="utf-8"))
        for found in re.finditer(r"`(dialogarkiv [a-z-][^`…]*)`", text):
            yield page.name, " ".join(found[1].split()), False
    yield UNIT.name, unit()["Service"]["ExecStart"].rpartition("/bin/")[2], True


def assert_taken(line: str) -> None:
    """Parses one command line as the program would, and runs nothing."""
    words = shlex.split(line)
    assert words[0] == "dialogarkiv", line
    if words[1:] in ([], ["--help"]):
        return
    context = cli.make_context("dialogarkiv", words[1:])
    rest = [*context._protected_args, *context.args]
    group: click.Group = cli
    while rest:
        command = group.get_command(context, rest[0])
        assert command is not None, f"{line}: there is no command {rest[0]}"
        context = command.make_context(rest[0], rest[1:], parent=context)
        if not isinstance(command, click.Group):
            return
        group, rest = command, [*context._protected_args, *context.args]


def test_every_command_line_of_the_docs_is_one_that_the_program_takes() -> None:
    lines = list(command_lines())
    assert len(lines) > 25
    for where, line, whole in lines:
        try:
            assert_taken(line)
        except click.MissingParameter as error:
            assert not whole, f"{where}: {line}: {error.format_message()}"
        except click.ClickException as error:
            pytest.fail(f"{where}: {line}: {error.format_message()}")


# JSON contracts against what the commands answer


def assert_kept(name: str, answer: Any) -> None:
    """The answer has every key of the contract and no other, as deep as the contract goes."""
    promised = CONTRACTS[name].keys
    assert set(promised) >= {path.partition("[].")[0] for path in promised}
    assert set(answer) == {path for path in promised if "[]" not in path}
    for path in promised:
        outer, inner, key = path.partition("[].")
        if inner:
            assert answer[outer], f"{name}: {outer} is empty, so nothing was compared"
            assert all(key in each for each in answer[outer])
            listed = {p.partition("[].")[2] for p in promised if p.startswith(f"{outer}[].")}
            assert all(set(each) == listed for each in answer[outer])


@pytest.mark.parametrize("name", ["sync", "doctor"])
def test_commands_that_ask_the_server_keep_their_contract(read: Read, name: str) -> None:
    assert_kept(name, read.answers[name])


def test_commands_that_read_the_archive_keep_their_contract(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    # A person who has not logged in yet.
    person = {"NAME": "kari", "KIND": "id-porten", "CLIENT_ID": "c", "REDIRECT": "https://arkiv.example/tilbake"}
    for key, value in {**person, "CLIENT_SECRET": "env:SECRET"}.items():
        monkeypatch.setenv(f"DIALOGARKIV__CONNECTION__2__{key}", value)
    assert_kept("status", _answer(read.settings, "status", code=4))
    monkeypatch.undo()
    rows = _answer(read.settings, "inbox")
    with Archive.open(load(read.settings, {}).archive.url, create=False, read_only=True) as archive:
        assert set(rows[0]) == set(archive.view("inbox")[0])
    assert_kept("show", _answer(read.settings, "show", rows[0]["dialog_id"]))
    assert _answer(read.settings, "sql", "SELECT 1 AS one") == [{"one": 1}]


def test_interpret_keeps_its_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "dialog.json"
    file.write_text(json.dumps({"list_item": {"id": "x", "status": "RequiresAttention"}}), encoding="utf-8")
    assert run(["interpret", str(file)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert_kept("interpret", answer)
    assert set(answer["because"]) == {"nb", "en"}


def test_init_keeps_its_contract(tmp_path: Path) -> None:
    assert_kept("init", _answer(tmp_path / "dialogarkiv.toml", "init"))


# Examples


@pytest.mark.parametrize("block", [pytest.param(block, id=str(block)) for block in blocks("sql")])
def test_every_sql_example_runs_on_an_archive(read: Read, block: Block) -> None:
    with (
        Archive.open(load(read.settings, {}).archive.url, create=False, read_only=True) as archive,
        archive.query_read_only(block.text) as answer,
    ):
        rows = list(answer.rows)
    # A new archive has seen no change, and nothing of the demo's level 4 was asked for and refused.
    quiet = any(words in block.text for words in ("FROM history", "access = 'level_too_low'"))
    assert rows or quiet, f"{block}: the example answers nothing on the demo inbox"


def test_every_settings_example_loads(tmp_path: Path) -> None:
    examples = blocks("toml")
    assert len(examples) >= 3
    for number, block in enumerate(examples):
        file = tmp_path / f"{number}.toml"
        file.write_text(block.text, encoding="utf-8")
        settings = load(file, {}, secrets=False)
        assert settings.connections, block


def test_the_sql_questions_of_the_demo_stand_up_too(read: Read) -> None:
    for _what, query in _QUESTIONS:
        assert _answer(read.settings, "sql", query)


# README


def section(title: str) -> str:
    text = README.read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_ci_calls_exactly_the_test_command_of_the_readme() -> None:
    match = _FENCE.search(section("Tests"))
    assert match is not None
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    does = [line for line in script if line and not line.startswith(("#", "set ", "cd "))]
    assert does == match[3].strip().splitlines() == ["make test"]


def test_every_make_target_of_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        word for page in PAGES for word in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert {"demo", "test", "check", "bench"} <= named <= targets


def test_the_set_up_has_ten_steps() -> None:
    assert re.findall(r"^(\d+)\. \*\*", section("Set it up"), re.MULTILINE) == [str(n) for n in range(1, 11)]


def test_every_value_of_the_opening_policy_is_explained() -> None:
    rows = set(re.findall(r"^\| `([a-z-]+)`", section("Opening policy"), re.MULTILINE))
    assert rows - {"open"} == {"never", "after-human", "restore-unread", "always"}


def test_the_readme_says_that_something_is_missing_only_while_it_is(read: Read) -> None:
    text = README.read_text(encoding="utf-8")
    item = {"id": "x", "isContentSeen": False, "createdAt": "2026-03-01T09:00:00Z", "endUserContext": {"revision": "r"}}
    unread = signals(wire.list_item(json.dumps(item).encode()))
    says_so = "the unread mark is put back at once" in text
    assert says_so is OpeningPolicy("restore-unread").allows(unread)
    held = _answer(
        read.settings, "sql", "SELECT (SELECT count(*) FROM verdict) AS verdicts, max(last_sweep_at) AS s FROM mailbox"
    )
    assert ("It does not keep verdicts yet" in text) is (held[0]["verdicts"] == 0)
    assert ("The next sweep does" in text) is (held[0]["s"] is not None)


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [
        *project["project"]["dependencies"],
        *[name for extra in project["project"]["optional-dependencies"].values() for name in extra],
        *project["dependency-groups"]["dev"],
    ]
    names = {re.split(r"[\[<>=~! ]", need)[0] for need in needed}
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([a-z0-9-]+)` \| \w", page.partition("## Dependencies")[2], re.MULTILINE))
    assert told == names


# Every page


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists() and there.is_relative_to(ROOT), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{name}: {target}"


FORBIDDEN = re.compile(r"/root/|/home/\w|/tmp/|/Users/|pypi|--index-url|\bTODO\b|\bFIXME\b|session|issue \d", re.I)


@pytest.mark.parametrize("name", [*NAMES, UNIT.relative_to(ROOT).as_posix()])
def test_no_page_names_one_machine_or_what_is_none_of_a_readers_business(name: str) -> None:
    assert FORBIDDEN.findall((ROOT / name).read_text(encoding="utf-8")) == []


def test_the_addresses_that_security_speaks_of_are_those_built_in() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for environment in NAMED.values():
        assert environment.dialogporten in page and environment.maskinporten in page


# The example unit


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def test_the_example_unit_runs_the_daemon_without_root_and_lets_it_end_in_peace() -> None:
    service = unit()["Service"]
    assert service["User"] not in ("root", "0", "")
    assert service["ExecStart"].endswith(" run")
    assert service["KillSignal"] == "SIGTERM"
    assert int(service["TimeoutStopSec"]) > GRACE.total_seconds() + 2
    assert service["NoNewPrivileges"] == "true" and service["CapabilityBoundingSet"] == ""
    assert service["ProtectSystem"] == "strict" and service["UMask"] == "0077"
    assert service["RestartPreventExitStatus"] == "2"


def test_there_is_a_licence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert project["license"] == "MIT" and "MIT License" in text and "Dialogarkiv contributors" in text
