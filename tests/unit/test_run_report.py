"""How a run ended, as an exit code that cron can act on."""

from __future__ import annotations

import pytest

from sync.cli.runs import echo_run
from sync.dialogporten.errors import (
    ArkivError,
    BadRequest,
    Busy,
    ClockSkew,
    ConnectFailed,
    ServerFault,
    TokenRefused,
    WrongScope,
)
from sync.passes.report import MailboxFailure, PassReport, exit_code
from sync.runner import RunResult


def report(*, pages: int = 0, parties: int = 1, **fields: object) -> PassReport:
    found = PassReport("poll", "c", "i", parties=parties, pages=pages)
    for name, value in fields.items():
        setattr(found, name, value)
    return found


REFUSED = TokenRefused("no", code="MP-303", permanent=True)
FINE = report(pages=1)


def failed(error: ArkivError) -> PassReport:
    return report(error=error)


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([FINE], 0),
        ([], 0),
        ([failed(REFUSED)], 3),
        ([failed(WrongScope("no"))], 3),
        ([failed(ConnectFailed("no"))], 5),
        ([failed(Busy("no"))], 5),
        ([failed(ServerFault("no"))], 5),
        ([failed(ClockSkew("no", seconds=90))], 2),
        ([failed(BadRequest("no"))], 1),
        ([failed(REFUSED), failed(ConnectFailed("no"))], 3),
        ([FINE, failed(REFUSED)], 4),
        ([FINE, failed(ConnectFailed("no"))], 4),
        ([report(pages=3, error=ConnectFailed("no"))], 4),
        ([report(pages=1, quarantined=1)], 4),
        ([report(pages=1, parties=2, failures=[MailboxFailure(("p",), ServerFault("no"))])], 4),
        ([report(parties=1, failures=[MailboxFailure(("p",), ServerFault("no"))])], 5),
    ],
)
def test_the_exit_code_tells_who_must_act(reports: list[PassReport], expected: int) -> None:
    assert exit_code(reports) == expected


def test_a_stopped_run_says_so_and_that_something_is_missing() -> None:
    assert report(pages=1, stopped=True).outcome == "stopped"
    assert exit_code([report(pages=1, stopped=True)]) == 4


def test_a_run_that_could_see_no_party_says_where_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    echo_run(RunResult([FINE, report(parties=0)]), as_json=False)
    assert capsys.readouterr().err == (
        "c i: no party can be seen, so there was nothing to read. `dialogarkiv doctor --connection c` tells why.\n"
    )
