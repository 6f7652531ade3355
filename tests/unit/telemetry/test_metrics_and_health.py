"""Metrics, and the HTTP server that shows them."""

import aiohttp
import pytest
from aiohttp import web

from collegium.telemetry.http import MAX_BODY_BYTES, Health, HttpServer
from collegium.telemetry.metrics import Metrics, SpanCounter


def sample(metrics: Metrics, name: str, labels: dict[str, str] | None = None) -> float | None:
    """A metric's value."""
    return metrics.registry.get_sample_value(name, labels or {})


def test_metrics_carry_our_prefix_and_are_made_once() -> None:
    """Two parts of a process that ask for one name share it."""
    metrics = Metrics("s", "1")
    metrics.counter("commits", "Commits", ["outcome"]).labels("ok").inc()
    metrics.counter("commits", "Commits", ["outcome"]).labels("ok").inc()
    metrics.gauge("live_runs", "Live runs").set(4)
    metrics.histogram("commit_duration_seconds", "Time of a commit").observe(0.003)
    assert sample(metrics, "collegium_commits_total", {"outcome": "ok"}) == 2
    assert sample(metrics, "collegium_live_runs") == 4
    assert sample(metrics, "collegium_commit_duration_seconds_bucket", {"le": "0.005"}) == 1
    assert sample(metrics, "collegium_build_info", {"service": "s", "version": "1"}) == 1
    assert (sample(metrics, "process_open_fds") or 0) > 0


def test_a_name_has_one_kind() -> None:
    """Asking for an existing name as another kind is a mistake that is told."""
    metrics = Metrics("s", "1", process_collectors=False)
    metrics.counter("things", "Things")
    with pytest.raises(TypeError, match="exists already as a Counter"):
        metrics.gauge("things", "Things")


def test_processes_do_not_share_metrics() -> None:
    """Each registry is its own; no global one is used."""
    first, second = Metrics("a", "1"), Metrics("b", "1")
    first.counter("commits", "Commits").inc()
    second.counter("commits", "Commits")
    assert sample(second, "collegium_commits_total") == 0


def test_dropped_spans_are_counted_by_reason() -> None:
    """Operators can see that traces are incomplete, and why."""
    metrics = Metrics("s", "1")
    SpanCounter(metrics)("otlp_queue_full", 3)
    assert sample(metrics, "collegium_spans_dropped_total", {"reason": "otlp_queue_full"}) == 3


async def test_the_server_shows_metrics_health_and_more() -> None:
    """Loopback by default, a free port, and routes that a service added."""
    metrics, health = Metrics("s", "1"), Health()
    metrics.counter("commits", "Commits").inc()

    async def runs(request: web.Request) -> web.Response:
        return web.json_response(["run-1"])

    server = HttpServer(metrics.registry, health, routes=[web.get("/runs", runs)])
    with pytest.raises(RuntimeError, match="not been started"):
        _ = server.port
    async with server, aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
        async with client.get("/metrics") as response:
            assert response.status == 200
            assert response.headers["Content-Type"].startswith("text/plain")
            assert "collegium_commits_total 1.0" in await response.text()
        async with client.get("/livez") as response:
            assert response.status == 200
        async with client.get("/runs") as response:
            assert await response.json() == ["run-1"]
        with pytest.raises(RuntimeError, match="before"):
            server.add_routes([web.get("/late", runs)])


async def test_readiness_says_what_is_missing() -> None:
    """503 with reasons until every check passes; liveness does not depend on it."""
    health = Health()
    state: dict[str, bool | str] = {"kafka": "no broker answers at localhost:9092", "index": False}
    health.register("kafka", lambda: state["kafka"])
    health.register("index", lambda: state["index"])
    async with (
        HttpServer(Metrics("s", "1").registry, health) as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client,
    ):
        async with client.get("/readyz") as response:
            assert response.status == 503
            assert (await response.json())["reasons"] == {
                "kafka": "no broker answers at localhost:9092",
                "index": "not ready",
            }
        async with client.get("/livez") as response:
            assert response.status == 200
        state.update(kafka=True, index=True)
        async with client.get("/readyz") as response:
            assert response.status == 200


async def test_a_taken_port_is_an_error() -> None:
    """A second server on one port fails at once and leaves nothing behind."""
    async with HttpServer(Metrics("a", "1").registry, Health()) as first:
        second = HttpServer(Metrics("b", "1").registry, Health(), port=first.port)
        with pytest.raises(OSError, match="in use"):
            await second.__aenter__()


@pytest.mark.parametrize(("host", "status"), [("localhost", 200), ("[::1]:80", 200), ("rebound.example", 421)])
async def test_on_loopback_other_names_are_refused(host: str, status: int) -> None:
    """A web page that points its own name at 127.0.0.1 reads nothing: the browser sends the page's name as Host."""
    async with (
        HttpServer(Metrics("a", "1").registry, Health()) as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", headers={"Host": host}) as client,
        client.get("/livez") as response,
    ):
        assert response.status == status


async def test_a_server_for_other_machines_answers_to_any_name() -> None:
    """Bound to all addresses it is reached by names that it cannot know."""
    async with (
        HttpServer(Metrics("a", "1").registry, Health(), host="0.0.0.0") as server,
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", headers={"Host": "ledger.example"}) as client,
        client.get("/livez") as response,
    ):
        assert response.status == 200


async def test_a_large_request_body_is_refused() -> None:
    """A route that reads a body gets at most the bound."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    server = HttpServer(Metrics("a", "1").registry, Health(), routes=[web.post("/echo", echo)])
    async with server, aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
        for size, status in ((MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)):
            async with client.post("/echo", data=b"x" * size) as response:
                assert response.status == status
