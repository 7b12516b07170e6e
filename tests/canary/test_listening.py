"""A test that lets out a secret fails, whatever way it got out; one that does not, does not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.acceptance.sandbox_process import PATIENCE_SECONDS, ROOT, environment

# No secret stands in these texts: they are made when the tests run.
LEAKS = """
import base64
import io
import json
import subprocess
import sys

import jwt
import pytest
from cryptography.fernet import Fernet

from config.errors import ConfigError
from config.events import Event
from config.logging import event_log
from config.models import Log
from store.compression import all_compressed
from store.errors import ArchiveError
from sync.auth.attempt import Secrets
from sync.dialogporten.errors import ArkivError
from sync.dialogporten.http import HttpEdge
from sync.sandbox.idporten_grants import CODE_PREFIX
from sync.sandbox.seed import people

TOKEN = jwt.encode({"sub": "x"}, "k" * 32, "HS256")
CODE = CODE_PREFIX + "k" * 43
PID = people.TORGEIR.pid


def test_leak_of_what_was_printed():
    print(CODE)


def test_leak_of_what_was_printed_and_read(capsys):
    print(f"about {PID}", file=sys.stderr)
    capsys.readouterr()


def test_leak_by_base64():
    print(base64.b64encode(f"client:{TOKEN}".encode()).decode())


def test_leak_by_a_process():
    subprocess.run([sys.executable, "-c", "print(input())"], input=TOKEN, capture_output=True, text=True)


def test_leak_by_an_argument():
    subprocess.run([sys.executable, "-c", "pass", CODE])


def test_leak_by_an_event_that_is_not_shown():
    event_log().debug(Event.HTTP_ANSWER, path=CODE)


def test_leak_by_an_event_of_the_http_edge():
    HttpEdge(hosts=frozenset(), told=lambda name, fields: None).told("http_answer", {"path": CODE})


def test_leak_by_an_error():
    ArkivError(f"No {PID}.")


def test_leak_by_an_error_of_the_settings():
    ConfigError(None, "key", PID, "", "")


def test_leak_by_an_error_of_the_archive():
    ArchiveError(f"No {PID}.")


def test_leak_of_a_verifier():
    print(Secrets.make(lambda n: bytes(range(n))).verifier)


def test_leak_of_the_vaults_key():
    print(Fernet.generate_key().decode())


def test_leak_by_a_file(tmp_path):
    (tmp_path / "x.log").write_text(TOKEN)


def test_leak_by_a_file_that_a_key_is_in(tmp_path):
    (tmp_path / "x.txt").write_text("-----BEGIN " + "PRIVATE KEY-----\\n" + "A" * 64)


def test_leak_by_a_body_of_the_archive():
    all_compressed([json.dumps({"dialogToken": TOKEN}).encode()])


def test_no_leak(tmp_path, capsys):
    print("eyJ", CODE_PREFIX, "PRIVATE KEY-----", "12345678901")
    event_log(party=people.TORGEIR.urn).warning(Event.HTTP_ANSWER, token=TOKEN, path=f"/x?p={PID}")
    (tmp_path / "x.jwk").write_text(TOKEN)
    capsys.readouterr()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    (tmp_path_factory.mktemp("shared") / "x.log").write_text(TOKEN)


def test_zz_leak_by_a_folder_that_tests_share(shared):
    pass
"""


def test_every_way_out_is_watched(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_leaks.py").write_text(LEAKS)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=short", "--show-capture=no"]
    done = subprocess.run(
        [*command, f"--basetemp={tmp_path / 'theirs'}", str(tmp_path)],
        cwd=tmp_path,
        env={**environment(), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},  # else it keeps what it leaks
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    shutil.rmtree(tmp_path / "theirs")
    planted = set(re.findall(r"def (test_\w*leak_\w+)", LEAKS))
    caught = set(re.findall(r"^ERROR test_leaks.py::(\w+)", done.stdout, re.MULTILINE))
    assert caught == planted, done.stdout + done.stderr
    assert "Secrets got out" in done.stdout and "Secrets were left behind" in done.stdout
    assert len(planted) == 16
