"""Logging: events of a closed list, with fields, to standard error, for people or as JSON.

    configure(settings.log)
    log = event_log(connection="regnskap")
    log.info(Event.PAGE_READ, items=100)

Whatever is logged, by libraries too, passes one chain whose last steps take out tokens and national ids. Libraries
are heard from WARNING up only: at INFO httpx tells whole URLs. A server such as uvicorn must be run with
`log_config=None`, else it sets up handlers of its own.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor

from config.events import Event
from config.models import Log
from config.redaction import redact, redact_value

LOGGER = "dialogarkiv"
LIBRARIES = ("httpx", "httpcore", "apscheduler", "sqlalchemy", "alembic", "uvicorn", "uvicorn.error", "uvicorn.access")


class EventLog:
    """Where events are logged. `bind` adds fields to all that follows; `exc_info=error` adds its traceback."""

    def __init__(self, logger: BoundLogger) -> None:
        self._logger = logger

    def bind(self, **fields: object) -> EventLog:
        return EventLog(self._logger.bind(**fields))

    def debug(self, event: Event, **fields: object) -> None:
        self._tell(logging.DEBUG, event, fields)

    def info(self, event: Event, **fields: object) -> None:
        self._tell(logging.INFO, event, fields)

    def warning(self, event: Event, **fields: object) -> None:
        self._tell(logging.WARNING, event, fields)

    def error(self, event: Event, **fields: object) -> None:
        self._tell(logging.ERROR, event, fields)

    def _tell(self, level: int, event: Event, fields: dict[str, object]) -> None:
        assert isinstance(event, Event), f"{event!r} is not in the list of events"
        # Any: structlog's own keyword arguments are untyped.
        extra: dict[str, Any] = fields
        self._logger.log(level, event.value, **extra)


def event_log(**fields: object) -> EventLog:
    """The program's log, with `fields` on every event. Needs no `configure`; what then shows is redacted too."""
    logger: BoundLogger = structlog.wrap_logger(
        logging.getLogger(LOGGER),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *_COMMON,
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=BoundLogger,
        context_class=dict,
        cache_logger_on_first_use=False,
    )
    return EventLog(logger.bind(**fields))


def configure(log: Log, stream: TextIO | None = None) -> None:
    """Send everything to `stream` (default: standard error, whatever that is at the time). May be called again."""
    handler = _LineHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[_library_event, *_COMMON],
            processors=[ProcessorFormatter.remove_processors_meta, _renderer(log, handler.is_terminal()), _redact_line],
        )
    )
    root = logging.getLogger()
    for former in [old for old in root.handlers if isinstance(old, _LineHandler)]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(LOGGER).setLevel(log.level.upper())
    logging.captureWarnings(True)


class _LineHandler(logging.Handler):
    """Looks standard error up anew for each line, as it may be replaced while the program runs."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def is_terminal(self) -> bool:
        return (self._stream or sys.stderr).isatty()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            out = self._stream or sys.stderr
            out.write(self.format(record) + "\n")
            out.flush()
        except RecursionError:
            raise
        except Exception:
            # What could not be formatted is not shown: its traceback might hold what redaction would have taken out.
            (self._stream or sys.stderr).write(f"a log record of {record.name} could not be written\n")


def _library_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A library's free text goes under the one event that stands for all of them."""
    record = event.get("_record")
    name = record.name if isinstance(record, logging.LogRecord) else "unknown"
    return {**event, "event": Event.LIBRARY.value, "logger": name, "message": event.get("event", "")}


def _redact_fields(_logger: object, _method: str, event: EventDict) -> EventDict:
    cleaned: MutableMapping[str, Any] = {}
    for key, value in event.items():
        internal = key in ("_record", "_from_structlog")
        cleaned[key if internal else redact(key)] = value if internal else redact_value(value, key)
    return cleaned


def _redact_line(_logger: object, _method: str, line: Any) -> str:
    # Any: a renderer has turned the fields into text by now, which structlog's types cannot say.
    return redact(str(line))


def _renderer(log: Log, colors: bool) -> Processor:
    if log.format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback, pad_event_to=20, sort_keys=False
    )


_COMMON: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _redact_fields,
]
