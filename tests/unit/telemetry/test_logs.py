"""Structured logs."""

import asyncio
import io
import json
import logging

import pytest

from collegium.telemetry.logs import LogFormat, bind_run, logging_to
from collegium.telemetry.memory import MemoryTracing
from collegium.telemetry.redaction import Redactor

log = logging.getLogger("collegium.sample")
SECRET = 'tok"en-123456'


def lines(out: io.StringIO) -> list[dict[str, object]]:
    """What was logged."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


def fail(message: str, cause: Exception | None = None) -> None:
    """Raise."""
    raise ValueError(message) from cause


def test_a_line_says_when_where_and_what() -> None:
    """Time, level, logger, service and message are in every line, and what was given as extra."""
    out = io.StringIO()
    with logging_to(out, service="retrieval", current=lambda: None):
        log.info("indexed %d passages", 3, extra={"corpus": "docs"})
    (line,) = lines(out)
    assert line["message"] == "indexed 3 passages"
    assert (line["level"], line["logger"], line["service"]) == ("info", "collegium.sample", "retrieval")
    assert line["corpus"] == "docs"


def test_the_time_is_rfc_3339_with_milliseconds() -> None:
    """Such as 2026-11-21T04:35:13.123Z."""
    out = io.StringIO()
    with logging_to(out, service="s", current=lambda: None):
        log.handle(
            logging.makeLogRecord({"name": "x", "msg": "m", "levelno": 20, "levelname": "INFO", "created": 0.25})
        )
    assert lines(out)[0]["time"] == "1970-01-01T00:00:00.250Z"


async def test_lines_name_the_run_and_the_span() -> None:
    """What was bound in a task, and the active span, are in that task's lines and in no other's."""
    out, tracing = io.StringIO(), MemoryTracing()

    async def attempt(run_id: str) -> str:
        with bind_run(run_id, f"{run_id}/search/1"), tracing.span("work") as span:
            await asyncio.sleep(0)
            log.info("working")
            return span.context.traceparent

    with logging_to(out, service="s", current=tracing.current):
        contexts = await asyncio.gather(attempt("run-1"), attempt("run-2"))
        log.info("outside")
    first, second, outside = lines(out)
    assert [line["run_id"] for line in (first, second)] == ["run-1", "run-2"]
    assert first["task_id"] == "run-1/search/1"
    assert [f"00-{line['trace_id']}-{line['span_id']}-01" for line in (first, second)] == contexts
    assert outside.keys().isdisjoint({"run_id", "task_id", "trace_id", "span_id"})


def test_an_exception_is_one_field() -> None:
    """Type, message and stack of an exception, causes included, stay in the line."""
    out = io.StringIO()
    with logging_to(out, service="s", current=lambda: None):
        try:
            fail("outer", KeyError("inner"))
        except ValueError:
            log.exception("failed")
    (line,) = lines(out)
    exception = line["exception"]
    assert isinstance(exception, dict)
    assert (exception["type"], exception["message"]) == ("ValueError", "outer")
    assert "KeyError: 'inner'" in exception["stack"]


@pytest.mark.parametrize("style", ["json", "text"])
def test_secrets_never_reach_the_stream(style: LogFormat) -> None:
    """A known secret is masked in messages, extras and stacks, also where JSON escapes it."""
    out = io.StringIO()
    with logging_to(out, service="s", style=style, current=lambda: None, redactor=Redactor([SECRET, "short"])):
        log.info("header %s", SECRET, extra={"given": SECRET})
        try:
            fail(SECRET)
        except ValueError:
            log.exception("short words stay")
    text = out.getvalue()
    assert "en-123456" not in text
    assert text.count("[redacted]") >= 3
    assert "short words stay" in text


def test_text_lines_are_for_people() -> None:
    """Time, level, logger, message and facts in one line."""
    out = io.StringIO()
    with logging_to(out, service="s", style="text", current=lambda: None), bind_run("run-1"):
        log.warning("late", extra={"topic": "results"})
    assert "WARNING collegium.sample: late  [topic=results run_id=run-1]" in out.getvalue()


def test_the_level_is_respected_and_logging_restored() -> None:
    """Lower levels are left out; afterwards the root logger is as it was."""
    before = logging.getLogger().handlers[:], logging.getLogger().level
    out = io.StringIO()
    with logging_to(out, service="s", level="warning", current=lambda: None):
        log.info("left out")
        log.warning("kept")
    assert [line["message"] for line in lines(out)] == ["kept"]
    assert (logging.getLogger().handlers[:], logging.getLogger().level) == before


def test_urls_of_requests_are_not_logged() -> None:
    """In many webhooks the path is the secret; afterwards the HTTP library logs as before."""
    out, library = io.StringIO(), logging.getLogger("httpx")
    before = library.level
    with logging_to(out, service="s", level="debug", current=lambda: None):
        library.info("HTTP Request: POST http://hooks.example/services/T0/URLSECRET")
        library.warning("kept")
    assert [line["message"] for line in lines(out)] == ["kept"]
    assert library.level == before


def test_what_cannot_be_json_is_text() -> None:
    """An extra of any type is logged, and a huge message is cut."""
    out = io.StringIO()
    with logging_to(out, service="s", current=lambda: None):
        log.info("x" * 100_000, extra={"path": {1, 2}})
    (line,) = lines(out)
    assert line["path"] == "{1, 2}"
    assert len(str(line["message"])) == 8_000


@pytest.mark.parametrize("style", ["json", "text"])
def test_what_others_wrote_cannot_act_or_forge_a_line(style: LogFormat) -> None:
    """Escape sequences, overrides and line ends in a message or a value stay inside their line, visible."""
    out = io.StringIO()
    with logging_to(out, service="s", style=style, current=lambda: None):
        log.warning("goal %s", "a\n12:00:00 forged\x1b[2J\u009b\u202e", extra={"corpus": "b\nforged\x7f"})
    (line,) = out.getvalue().splitlines()
    assert line.isprintable()
    assert "forged" in line
