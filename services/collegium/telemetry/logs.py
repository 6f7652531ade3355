"""Structured logs on stderr: one JSON object a line, or one readable line.

Every line says which run, task and trace it is about, from what was bound in this task with `bind_run` and from
the active span.
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TextIO

from collegium.telemetry.redaction import Redactor
from collegium.telemetry.repeats import Repeats
from collegium.telemetry.visible import visible, visible_json
from collegium_schemas.base import TraceContext

LogFormat = Literal["json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]

_MAX_MESSAGE_CHARS: Final = 8_000
_MAX_STACK_CHARS: Final = 16_000
_TELL_URLS: Final = ("httpx", "httpcore")
"""They log every request's URL, whose path or query is a secret with many services: only their warnings are kept."""
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""Attributes of every log record; what else a record has was given as `extra`."""


@dataclass(frozen=True, slots=True)
class _Bound:
    run_id: str
    task_id: str | None


_bound: ContextVar[_Bound | None] = ContextVar("collegium_log_run", default=None)


@contextmanager
def bind_run(run_id: str, task_id: str | None = None) -> Generator[None]:
    """Name the run, and the attempt, in every line that this asyncio task logs inside the block."""
    token = _bound.set(_Bound(run_id, task_id))
    try:
        yield
    finally:
        _bound.reset(token)


CurrentTrace = Callable[[], TraceContext | None]


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON.

    Args:
        service: The process's service.
        current: The active span's context, such as `Tracing.current`.
        redactor: Takes known secrets out of the finished line.
    """

    def __init__(self, service: str, current: CurrentTrace, redactor: Redactor) -> None:
        super().__init__()
        self._service = service
        self._current = current
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "service": self._service,
            "message": record.getMessage()[:_MAX_MESSAGE_CHARS],
        }
        line.update(_context(self._current))
        line.update((key, value) for key, value in vars(record).items() if key not in _OWN and key not in line)
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["exception"] = {
                "type": type(error).__qualname__,
                "message": str(error)[:_MAX_MESSAGE_CHARS],
                "stack": "".join(traceback.format_exception(error))[-_MAX_STACK_CHARS:],
            }
        return visible_json(self._redactor(json.dumps(line, ensure_ascii=False, default=str)))


class TextFormatter(logging.Formatter):
    """A record as a line for people, followed by its stack if it has one."""

    def __init__(self, current: CurrentTrace, redactor: Redactor) -> None:
        super().__init__()
        self._current = current
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        given = {key: value for key, value in vars(record).items() if key not in _OWN}
        facts = " ".join(f"{key}={value}" for key, value in {**given, **_context(self._current)}.items())
        line = f"{_time(record)[11:23]} {record.levelname:<7} {record.name}: {record.getMessage()[:_MAX_MESSAGE_CHARS]}"
        if facts:
            line += f"  [{facts}]"
        line = visible(line, one_line=True)
        if record.exc_info and record.exc_info[1] is not None:
            stack = "".join(traceback.format_exception(record.exc_info[1]))
            line += "\n" + visible(stack[-_MAX_STACK_CHARS:].rstrip())
        return self._redactor(line)


@contextmanager
def logging_to(
    stream: TextIO | None,
    *,
    service: str,
    level: LogLevel = "info",
    style: LogFormat = "json",
    current: CurrentTrace,
    redactor: Redactor | None = None,
) -> Generator[None]:
    """Send all of the process's logs to a stream, stderr if None; afterwards logging is as it was before."""
    redact = redactor or Redactor()
    handler = logging.StreamHandler(stream or sys.stderr)
    json_style = style == "json"
    handler.setFormatter(JsonFormatter(service, current, redact) if json_style else TextFormatter(current, redact))
    handler.addFilter(Repeats())
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    levels = {name: logging.getLogger(name).level for name in _TELL_URLS}
    for name in _TELL_URLS:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    finally:
        for name, level_before in levels.items():
            logging.getLogger(name).setLevel(level_before)
        root.setLevel(before[0])
        root.handlers[:] = before[1]
        handler.close()


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _context(current: CurrentTrace) -> dict[str, str]:
    found: dict[str, str] = {}
    bound = _bound.get()
    if bound is not None:
        found["run_id"] = bound.run_id
        if bound.task_id is not None:
            found["task_id"] = bound.task_id
    trace = current()
    if trace is not None:
        found["trace_id"] = trace.traceparent[3:35]
        found["span_id"] = trace.traceparent[36:52]
    return found
