"""For every test: no secret gets out, see `tests.canary.listening`."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.canary import listening

listening.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "teardown":
        listening.judge(item, report)
    return report


@pytest.fixture(scope="session", autouse=True)
def nothing_secret_is_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The folders that several tests shared; those of one test alone were looked at before."""
    yield
    found = listening.LISTENER.files(tmp_path_factory.getbasetemp())
    assert not found, "Secrets were left behind:\n" + "\n".join(f"  {where}: {leak}" for where, leak in found)
