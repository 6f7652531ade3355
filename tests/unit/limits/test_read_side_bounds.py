"""Bounds of the ledger, of telemetry and of corpora: what is beyond them is cut, dropped or asked for again."""

import io
import json
import logging

import aiohttp
import pytest

from collegium.ledger.folding import RunRecord, Source, fold
from collegium.ledger.reading import HistoryReader
from collegium.ledger.shelf import MAX_DECODED, Shelf
from collegium.ledger.views import MAX_NOTICES, MAX_PLANS, RunView
from collegium.ledger.web import DEFAULT_LIMIT, MAX_LIMIT, LedgerApi
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.topics import TopicNames
from collegium.telemetry.contexts import trace_id_of
from collegium.telemetry.http import Health, HttpServer
from collegium.telemetry.logs import logging_to
from collegium.telemetry.memory import MemorySink, MemoryTracing
from collegium.telemetry.metrics import Metrics
from collegium.telemetry.tracing import Tracing
from collegium_schemas.base import TraceContext
from collegium_schemas.events import Event, InputRefused, PlanAdopted, RunDecided
from collegium_schemas.plan import PlanChange
from run_histories import RUN_ID, START_MS, cancelled_run, decided


def view_of(history: list[RunDecided]) -> RunView:
    """The view that a history folds to."""
    record = RunRecord()
    for number, decision in enumerate(history):
        record = fold(record, decision, Source(0, number))
    view = record.view()
    assert view is not None
    return view


def history_of(*events: Event) -> list[RunDecided]:
    """A run that is under way, and these events, one in each decision."""
    first = cancelled_run(RUN_ID)[0]
    return [first, *(decided(RUN_ID, version, START_MS, event) for version, event in enumerate(events, 2))]


def test_a_view_shows_the_newest_notices_only() -> None:
    """A run that is refused things again and again keeps a small view; its history has them all."""
    refused = [InputRefused(what="intervention", reason=f"no {number}") for number in range(MAX_NOTICES + 10)]
    view = view_of(history_of(*refused))
    assert len(view.notices) == MAX_NOTICES
    assert f"no {MAX_NOTICES + 9}" in view.notices[-1].text


def test_a_view_shows_the_newest_plans_only() -> None:
    """A run that is re-planned for ever keeps a bounded view."""
    plans = [PlanAdopted(change=PlanChange(version=number, reason="again")) for number in range(2, MAX_PLANS + 12)]
    view = view_of(history_of(*plans))
    assert len(view.plans) == MAX_PLANS
    assert view.plans[-1].version == MAX_PLANS + 11


def test_runs_beyond_the_decoded_ones_are_answered_from_their_bytes() -> None:
    """The shelf decodes what it is asked for again."""
    shelf = Shelf({}, runs_per_partition=10_000)
    run_ids = [f"0199c5a0-0000-7000-8000-{number:012d}" for number in range(MAX_DECODED + 20)]
    for number, run_id in enumerate(run_ids):
        shelf.fold(cancelled_run(run_id)[0], Source(0, number))
    assert [view.run_id for view in map(shelf.view, run_ids) if view is not None] == run_ids


@pytest.mark.parametrize(
    ("asked", "status"), [("1", 200), (str(MAX_LIMIT), 200), (str(MAX_LIMIT + 1), 400), ("0", 400)]
)
async def test_a_list_has_at_most_so_many_entries(asked: str, status: int) -> None:
    """Another limit is refused with the bound in its reason."""
    shelf = Shelf({}, runs_per_partition=100_000)
    for number in range(DEFAULT_LIMIT + 5):
        shelf.fold(cancelled_run(f"0199c5a0-0000-7000-8000-{number:012d}")[0], Source(0, number))

    class Views:
        """A restored stream."""

        ready = complete = True

        @property
        def shelf(self) -> Shelf:
            """The runs."""
            return shelf

    api = LedgerApi()
    async with (
        MemoryLog(MemoryBroker()) as log,
        HttpServer(Metrics("l", "1").registry, Health(), routes=api.routes()) as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client,
    ):
        api.attach(Views(), HistoryReader(log, TopicNames()))
        async with client.get("/runs", params={"limit": asked}) as response:
            assert response.status == status
        async with client.get("/runs") as response:
            assert len((await response.json())["runs"]) == DEFAULT_LIMIT


def fail(message: str) -> None:
    """Raise."""
    raise ValueError(message)


def test_a_log_line_is_bounded() -> None:
    """A long message is cut at 8,000 characters, a long stack keeps its last 16,000."""
    out = io.StringIO()
    with logging_to(out, service="s", current=lambda: None):
        logger = logging.getLogger("collegium.sample")
        try:
            fail("e" * 50_000)
        except ValueError:
            logger.exception("%s", "m" * 50_000)
    (line,) = [json.loads(text) for text in out.getvalue().splitlines()]
    assert len(line["message"]) == 8_000
    error = line["error"] if "error" in line else line["exception"]
    assert len(error["message"]) == 8_000
    assert len(error["stack"]) == 16_000


def test_tracing_in_memory_keeps_the_newest_spans() -> None:
    """Notebooks and tests may run for long."""
    sink = MemorySink("s", max_spans=5)
    tracing = Tracing([sink])
    for number in range(20):
        with tracing.span(f"span {number}"):
            pass
    assert [span.name for span in sink.spans()] == [f"span {number}" for number in range(15, 20)]


def test_a_fan_in_has_at_most_so_many_links() -> None:
    """A decision that hundreds led to links to 128 of them."""
    tracing = MemoryTracing()
    with tracing.span("causes"):
        pass
    contexts: list[TraceContext] = []
    for _ in range(200):
        with tracing.span("cause") as span:
            contexts.append(span.context)
    with tracing.span("effect", links=contexts):
        pass
    (effect,) = [span for span in tracing.spans if span.name == "effect"]
    assert len(effect.links) == 128
    assert effect.links[0].trace_id == trace_id_of(contexts[0])
