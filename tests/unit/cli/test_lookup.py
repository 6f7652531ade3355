"""Finding runs by reference, from the topics and from a ledger's answers."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from aiohttp import web

from collegium.cli.errors import NotFound, UsageFault
from collegium.cli.ledger_client import LedgerClient
from collegium.cli.lookup import RunLookup
from collegium.ledger.folding import Source
from collegium.ledger.reading import HistoryReader
from collegium.ledger.shelf import Shelf
from collegium.ledger.web import LedgerApi
from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Log
from collegium.log.topics import TopicNames
from collegium_schemas.objective import RunStatus
from run_histories import RUN_ID, START_MS, cancelled_run, completed_run
from runs_on_log import create_topics, publish

NAMES = TopicNames()
OLDER = "0199c5a0-0000-7000-8000-0000000000ff"


class KeptViews:
    """A shelf that is ready at once."""

    def __init__(self, *, complete: bool = True) -> None:
        self.shelf = Shelf({}, runs_per_partition=100)
        self.ready = True
        self.complete = complete


class Surroundings:
    """A log with two runs, and a lookup on it."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.told: list[str] = []
        self.opened = 0

    @asynccontextmanager
    async def open_log(self) -> AsyncGenerator[Log]:
        """The log; counts how often it was needed."""
        self.opened += 1
        yield self.log

    def lookup(self, ledger: LedgerClient | None = None) -> RunLookup:
        """A lookup."""
        return RunLookup(ledger, self.open_log, lambda: NAMES, self.told.append)


@pytest.fixture
async def around() -> AsyncIterator[Surroundings]:
    """A memory log with a completed and an older cancelled run."""
    async with MemoryLog(MemoryBroker(clock=lambda: 0)) as log:
        await create_topics(log, NAMES)
        await publish(log, NAMES, [*cancelled_run(OLDER, START_MS - 1_000), *completed_run()])
        yield Surroundings(log)


@asynccontextmanager
async def served(api: LedgerApi) -> AsyncGenerator[LedgerClient]:
    """The ledger's routes on a free port, and a client of them."""
    app = web.Application()
    app.add_routes(api.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield LedgerClient(f"http://127.0.0.1:{runner.addresses[0][1]}", timeout_ms=2_000)
    finally:
        await runner.cleanup()


def filled(log: Log, *, complete: bool = True) -> LedgerApi:
    """A ledger that keeps both runs."""
    views = KeptViews(complete=complete)
    for partition, history in enumerate((cancelled_run(OLDER, START_MS - 1_000), completed_run())):
        for offset, decision in enumerate(history):
            views.shelf.fold(decision, Source(partition, offset))
    api = LedgerApi()
    api.attach(views, HistoryReader(log, NAMES))
    return api


async def test_runs_are_listed_newest_first(around: Surroundings) -> None:
    """Without a ledger, from the topics; a status narrows them, a limit cuts them."""
    lookup = around.lookup()
    page = await lookup.page()
    assert [run.run_id for run in page.runs] == [RUN_ID, OLDER]
    cancelled = await lookup.page(status=RunStatus.CANCELLED)
    assert [run.run_id for run in cancelled.runs] == [OLDER]
    assert [(len(short.runs), short.total) for short in [await lookup.page(limit=1)]] == [(1, 2)]


async def test_references_are_resolved(around: Surroundings) -> None:
    """A run_id in any case, a unique beginning, and `latest`."""
    lookup = around.lookup()
    assert await lookup.resolve(RUN_ID.upper()) == RUN_ID
    assert await lookup.resolve(RUN_ID) == RUN_ID
    assert await lookup.resolve("latest") == RUN_ID
    assert await lookup.resolve(OLDER[:-1]) == OLDER


async def test_ambiguous_and_unknown_references_say_so(around: Surroundings) -> None:
    """The error names some of the runs, or where to find them."""
    lookup = around.lookup()
    with pytest.raises(UsageFault, match="2 runs begin with"):
        await lookup.resolve("0199")
    with pytest.raises(NotFound, match="collegium runs"):
        await lookup.resolve("ffff")
    with pytest.raises(UsageFault, match="is no run"):
        await lookup.resolve("my run!")
    with pytest.raises(NotFound, match="collegium runs"):
        await lookup.view("ffffffff-0000-7000-8000-000000000000")


async def test_the_ledger_is_asked_first(around: Surroundings) -> None:
    """When it answers, Kafka is not opened; its views are those of the topics."""
    async with served(filled(around.log)) as ledger:
        lookup = around.lookup(ledger)
        page = await lookup.page()
        view = await lookup.view("latest")
    assert around.opened == 0
    direct = await around.lookup().view(RUN_ID)
    assert view.model_copy(update={"history": None}) == direct.model_copy(update={"history": None})
    assert [run.run_id for run in page.runs] == [RUN_ID, OLDER]


async def test_the_topics_are_read_when_the_ledger_does_not_help(around: Surroundings) -> None:
    """Absent, not ready, or not owning every partition: each time the topics answer, and --verbose tells why."""
    nobody = LedgerClient("http://127.0.0.1:9", timeout_ms=200)
    assert (await around.lookup(nobody).page()).total == 2
    async with served(LedgerApi()) as unready:
        assert (await around.lookup(unready).view(RUN_ID)).version == 10
    async with served(filled(around.log, complete=False)) as partial:
        assert (await around.lookup(partial).page()).total == 2
    assert around.opened == 3
    assert sum("reading run-events directly" in line for line in around.told) == 3


async def test_a_run_that_the_ledger_has_not_seen_yet_is_found(around: Surroundings) -> None:
    """The ledger may lag behind the topics."""
    api = LedgerApi()
    api.attach(KeptViews(), HistoryReader(around.log, NAMES))
    async with served(api) as ledger:
        assert (await around.lookup(ledger).view(RUN_ID)).status is RunStatus.COMPLETED


async def test_http_answers_are_the_contracts(around: Surroundings) -> None:
    """History, latencies and errors over HTTP: JSON, with the status codes of their meaning."""
    async with served(filled(around.log)) as ledger, httpx.AsyncClient() as client:
        url = ledger.url
        events = (await client.get(f"{url}/runs/{RUN_ID}/events")).json()
        assert [event["version"] for event in events] == list(range(1, 11))
        assert len((await client.get(f"{url}/runs/{RUN_ID}/events?limit=3")).json()) == 3
        stages = (await client.get(f"{url}/latencies")).json()["stages"]
        assert {stage["role"] for stage in stages} == {"retrieval", "delivery", "run"}
        codes = [
            (await client.get(f"{url}{path}")).status_code
            for path in ("/runs?status=odd", "/runs?limit=0", "/runs?limit=x", "/runs/none", "/runs/none/events")
        ]
        assert codes == [400, 400, 400, 404, 404]
        wrong = await client.get(f"{url}/runs?status=odd")
        assert "completed" in wrong.json()["message"]
    async with served(LedgerApi()) as unready, httpx.AsyncClient() as client:
        answer = await client.get(f"{unready.url}/runs")
        assert answer.status_code == 503
        assert answer.json()["error"] == "unready"
