"""Only known events are logged, as lines for people or as JSON, and libraries are heard from warning up."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from config.errors import ConfigError
from config.events import Event
from config.fields import SecretRef
from config.logging import LIBRARIES, LOGGER, configure, event_log
from config.models import Log

PERSON = "03886595947"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzY29wZSI6IngifQ.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in (LOGGER, *LIBRARIES)}
    yield
    logging.captureWarnings(False)
    root.handlers[:], _ = before
    root.setLevel(before[1])
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def told(log: Log | None = None) -> StringIO:
    stream = StringIO()
    configure(log or Log(format="json"), stream)
    return stream


def records(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_time_level_and_fields() -> None:
    stream = told()
    event_log(connection="regnskap").bind(run=7).info(
        Event.PAGE_READ,
        items=100,
        at=datetime(2026, 3, 1, tzinfo=UTC),
        took=timedelta(seconds=1.5),
        counts={"new": 1, "parties": ("a", None)},
    )
    (record,) = records(stream)
    assert datetime.fromisoformat(record.pop("timestamp")).tzinfo is not None
    assert record == {
        "event": "page_read",
        "level": "info",
        "connection": "regnskap",
        "run": 7,
        "items": 100,
        "at": "2026-03-01T00:00:00+00:00",
        "took": 1.5,
        "counts": {"new": 1, "parties": ["a", None]},
    }


def test_for_people_it_is_one_plain_line() -> None:
    stream = told(Log())
    event_log().warning(Event.CLOCK_SKEWED, seconds=12)
    assert stream.getvalue().count("\n") == 1
    assert "clock_skew" in stream.getvalue()
    assert "seconds=12" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_an_event_that_is_not_on_the_list_fails() -> None:
    told()
    with pytest.raises(AssertionError, match="not in the list"):
        event_log().info("page_reed")  # type: ignore[arg-type]


def test_every_event_has_a_name_and_a_meaning_of_its_own() -> None:
    assert len({event.value for event in Event}) == len({event.meaning for event in Event}) == len(Event)
    assert all(event.value == event.name.lower() == str(event) for event in Event)
    assert all(event.meaning.endswith(".") for event in Event)


@pytest.mark.parametrize(
    ("level", "heard"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)]
)  # fmt: skip
def test_the_level_says_how_much_is_told(level: Any, heard: int) -> None:
    stream = told(Log(level=level, format="json"))
    log = event_log()
    for tell in (log.debug, log.info, log.warning, log.error):
        tell(Event.REQUEST_RETRIED)
    assert len(records(stream)) == heard


@pytest.mark.parametrize("name", ["httpx", "httpcore.http11", "apscheduler.executors.default", "sqlalchemy.engine"])
def test_a_library_is_heard_from_warning_up_even_when_we_debug(name: str) -> None:
    logging.getLogger(name.partition(".")[0]).setLevel(logging.INFO)
    stream = told(Log(level="debug", format="json"))
    logging.getLogger(name).info("HTTP Request: GET https://platform.altinn.no/x?party=%s", PERSON)
    assert stream.getvalue() == ""
    logging.getLogger(name).warning("about %s with Bearer %s", PERSON, TOKEN)
    (record,) = records(stream)
    assert (record["event"], record["logger"], record["level"]) == ("library", name, "warning")
    assert PERSON not in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_a_python_warning_goes_the_same_way() -> None:
    stream = told()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"about {PERSON}", stacklevel=1)
    (record,) = records(stream)
    assert record["logger"] == "py.warnings"
    assert PERSON not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_in_fields_and_tracebacks_are_taken_out(form: Any) -> None:
    stream = told(Log(format=form))
    log = event_log(party=f"urn:altinn:person:identifier-no:{PERSON}")
    try:
        try:
            raise ValueError(f"inner {PERSON}")
        except ValueError as inner:
            raise RuntimeError(f"POST assertion={TOKEN}&x=1") from inner
    except RuntimeError as error:
        log.error(Event.BUG, exc_info=error, cause=error)
    log.info(Event.PAGE_READ, authorization="Basic aHVudGVyMg==", token="hunter2", raw=f"x{PERSON}".encode())
    log.info(Event.PAGE_READ, nested=[{"url": f"https://h/?party=%3A{PERSON}"}], number=int(PERSON), **{PERSON: 1})
    log.info(Event.PAGE_READ, ref=SecretRef("NAME"), error=ConfigError("f", "k", None, f"{PERSON}.", "r"))
    said = stream.getvalue()
    assert "RuntimeError" in said
    assert "ValueError" in said
    assert "Traceback" in said
    for secret in (PERSON, PERSON.lstrip("0"), TOKEN, TOKEN.split(".")[1], "hunter2", "aHVudGVyMg"):
        assert secret not in said


def test_without_configuration_a_warning_still_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    root.handlers[:] = []
    logging.getLogger(LOGGER).setLevel(logging.NOTSET)
    event_log().warning(Event.REQUEST_RETRIED, url=f"https://h/?party={PERSON}")
    said = capsys.readouterr().err
    assert Event.REQUEST_RETRIED in said
    assert PERSON not in said


def test_standard_error_is_looked_up_for_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure(Log(format="json"))
    configure(Log(format="json"))
    event_log().info(Event.RUN_STARTED)
    assert capsys.readouterr().err.count("run_started") == 1


def test_a_record_that_cannot_be_written_shows_nothing_of_itself() -> None:
    logging.getLogger().handlers[:] = []
    stream = told()
    logging.getLogger("httpx").warning("%d items", PERSON)
    assert stream.getvalue() == "a log record of httpx could not be written\n"
