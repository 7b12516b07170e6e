"""Small slips at the command line: half an id, another spelling, a party that is not there, more than is shown."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import termios
from dataclasses import dataclass
from pathlib import Path

import pytest

from store.archive import Archive
from store.batch import DialogRows, Row
from sync.cli.frame import run
from sync.cli.output import echo_json
from tests.acceptance.sandbox_process import command_line, environment
from tests.store.rows import ORG, PERSON, batch, dialog

NEAR = ("01a1fd23-6a9c-78eb-9090-f7c7349f1b37", "01a1fd23-8027-78cc-b4ac-6bf9d6deb074")
TWINS = ("01a20770-7661-7e0a-a056-02147b42580f", "01a20770-7661-7e0a-a056-02147b42580e")
ALONE = "01a213d6-dd12-730e-abaa-316a4e7a155f"
SETTINGS = '[archive]\nurl = "sqlite:///arkiv.db"\n\n[environment]\nname = "tt02"\n'


def made(number: int, identity: str, party: str = ORG) -> DialogRows:
    label: dict[str, list[Row]] = {"label": [{"dialog_id": identity, "label": "Default"}]}
    return dialog(number, rows=label, id=identity, title=f"nr {number}", org="skd", party=party)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings with an archive of six dialogs beside them; nothing here changes it."""
    folder = tmp_path_factory.mktemp("slips")
    file = folder / "dialogarkiv.toml"
    file.write_text(SETTINGS)
    with Archive.open(f"sqlite:///{folder / 'arkiv.db'}", create=True) as archive:
        archive.write(
            batch(
                *(made(number, each) for number, each in enumerate((*NEAR, *TWINS, ALONE))),
                made(9, "01b00000-0000-7000-8000-000000000009", party=PERSON),
            )
        )
    return file


@dataclass(frozen=True)
class Said:
    out: str
    err: str


def told(settings: Path, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Said:
    assert run(["--config", str(settings), *arguments]) == code
    return Said(*capsys.readouterr())


# Ids


@pytest.mark.parametrize("text", ["01a213d6", "01A213D6-", "01a213d6dd12", "01a213d6…", ALONE, " 01a213 "])
def test_a_beginning_is_enough_however_it_is_written(
    settings: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert ALONE in told(settings, capsys, "show", text).out
    assert "nr 4" in told(settings, capsys, "show", text, "--json").out


def test_a_beginning_of_several_is_told_with_what_they_are(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = told(settings, capsys, "show", "01a1fd23", code=2).err
    assert all(each in error for each in NEAR) and "Write more of the one you mean" in error
    for command in (["attention", "done"], ["attention", "explain"], ["attention", "snooze", "--until", "7d"]):
        assert "Several dialogs begin with 01a1fd23" in told(settings, capsys, *command, "01a1fd23", code=2).err


@pytest.mark.parametrize("text", ["hei", "019", "ffffffff", "'; DROP TABLE dialog", f"{ALONE}0"])
def test_what_begins_no_id_names_no_dialog(settings: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert "holds no dialog" in told(settings, capsys, "show", text, code=2).err


def on_a_screen(columns: int, *arguments: object) -> str:
    """What a command shows on a terminal so wide."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        command_line(*arguments),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment({"TERM": "dumb", "COLUMNS": str(columns), "LINES": "40"}),
    )
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 65_536)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(master)
    assert process.wait() == 0
    return said.decode()


def test_eighty_columns_show_ids_that_can_be_used(settings: Path) -> None:
    narrow = on_a_screen(80, "--config", settings, "inbox")
    shown = {line.split()[-1] for line in narrow.splitlines() if line.strip()}
    assert {"01a1fd23-6", "01a1fd23-8", "01a213d6"} <= shown
    assert max(map(len, narrow.splitlines())) <= 80
    assert ALONE in on_a_screen(200, "--config", settings, "inbox"), "there is room for all of it"


# Lists


def test_a_list_says_that_there_is_more(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some = told(settings, capsys, "inbox", "--limit", "2")
    assert "2 shown of more" in some.out
    assert "more than the 2 shown" in some.err and "--limit" in some.err
    counted = told(settings, capsys, "inbox", "--limit", "2", "--json")
    assert len(json.loads(counted.out)) == 2 and "more than the 2 shown" in counted.err
    everything = told(settings, capsys, "inbox", "--limit", "6")
    assert "6 shown, newest first" in everything.out and everything.err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--party", "hei"], "no dialog of party hei. It holds 2 others, such as 310000000."),
        (["--party", "310000001"], "no dialog of party 310000001. Did you mean 310000000?"),
        (["--org", "sdk"], "no dialog of service owner sdk. Did you mean skd?"),
        (["--org", "\x1b[31m"], "no dialog of service owner \\x1b[31m. It holds skd."),
        (["--status", "Ferdig"], "no dialog of status Ferdig. It holds RequiresAttention."),
        (["--folder", "drafts", "--org", "skd"], "Nothing in drafts fits all that was asked for."),
    ],
)
def test_what_matches_nothing_is_told_kindly(
    settings: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    said = told(settings, capsys, "inbox", *arguments)
    assert says in said.err and "0 shown" in said.out
    assert json.loads(told(settings, capsys, "inbox", *arguments, "--json").out) == []


def test_no_national_id_is_told_of_a_party_that_is_not_there(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = PERSON.rpartition(":")[2]
    for party in ("urn:altinn:person:identifier-no:14886498226", number[:-1] + "6", "hei"):
        said = told(settings, capsys, "inbox", "--party", party)
        assert number not in said.err and "14886498226" not in said.err


@pytest.mark.parametrize("arguments", [["--org", "SKD"], ["--status", "requiresattention"]])
def test_capitals_do_not_matter(settings: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    said = told(settings, capsys, "inbox", *arguments)
    assert "6 shown" in said.out and said.err == ""


def test_a_party_that_is_not_known_is_no_proof_that_nothing_needs_attention(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "knows no party 310166138" in told(settings, capsys, "attention", "--party", "310166138").err
    watched = told(settings, capsys, "attention", "--party", "310166138", "--exit-code", code=2)
    assert "knows no party 310166138" in watched.err
    known = told(settings, capsys, "attention", "--party", ORG.rpartition(":")[2], "--exit-code")
    assert known.out == "Nothing needs attention of 310000000.\n" and known.err == ""
    assert "since 2030-01-01" in told(settings, capsys, "attention", "--since", "2030-01-01").out


# Commands


def test_options_of_the_list_are_not_swallowed_by_what_follows(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = told(settings, capsys, "attention", "--json", "explain", ALONE, code=2).err
    assert "Options before `explain` say nothing of it" in error
    assert told(settings, capsys, "attention", "explain", ALONE[:8], "--json").out.startswith("{")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("inbx", "inbox"), ("Show", "show"), ("atention", "attention"), ("explain", "attention explain")],
)
def test_a_mistyped_command_is_answered_with_what_was_meant(
    capsys: pytest.CaptureFixture[str], typed: str, meant: str
) -> None:
    assert run([typed]) == 2
    assert f"No such command '{typed}'. Did you mean '{meant}'" in capsys.readouterr().err


def test_a_command_like_no_other_is_answered_with_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["qqq"]) == 2
    assert "dialogarkiv --help lists them" in capsys.readouterr().err


# Forms


def test_bytes_are_hexadecimal_in_csv(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(settings, capsys, "sql", "SELECT x'00ff10' AS b, 'Blåbær' AS t, NULL AS n", "--csv")
    assert list(csv.reader(io.StringIO(said.out))) == [["b", "t", "n"], ["00ff10", "Blåbær", ""]]


def test_json_holds_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"title": "\x9b31m\x7f\u202eesrever\u2066 Blåbær"}
    echo_json(value)
    said = capsys.readouterr().out
    assert json.loads(said) == value
    assert "Blåbær" in said and all(c.isprintable() or c == "\n" for c in said)
