"""A detached stack with a real broker, and Jaeger where it is."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from collegium.embedded.errors import StackFailed, StackNotRunning, StackRunning
from collegium.embedded.operate import scale_stack, stack_health, start_detached, stop_stack
from collegium.embedded.probe import http_ok, until
from collegium.embedded.progress import SilentProgress
from collegium.embedded.settings import EmbeddedSettings
from collegium.embedded.stack import StackOptions
from collegium.embedded.state import StackState
from collegium.log.kafka import open_log
from collegium.log.settings import KafkaSettings
from collegium.log.startup import await_topics
from collegium.log.topics import DEFAULT_CO_PARTITIONS, TopicNames
from needs import needs

SERVICE = str(Path(__file__).parents[2] / "probed_service.py")
BOUND_S = 90.0


def _options(data_dir: Path, *mode: str, jaeger: bool = False) -> StackOptions:
    settings = EmbeddedSettings()
    return StackOptions(
        data_dir=data_dir,
        cache_dir=settings.cache_dir,
        instances={"orchestrator": 1, "analysis": 1},
        specialists=("analysis",),
        commands={role: (sys.executable, SERVICE, *mode) for role in ("orchestrator", "analysis")},
        kafka_port=0,
        jaeger=jaeger,
        jaeger_binary=settings.jaeger_binary,
        stop_grace_s=20,
    )


def _pids(state: StackState) -> set[int]:
    services = {service.pid for service in state.services if service.pid is not None}
    return services | {state.supervisor.pid} | ({state.kafka.pid} if state.kafka else set())


async def test_it_comes_up_is_worked_on_and_goes_down(tmp_path: Path) -> None:
    """Broker, topics and services; scaled; broker killed and back on its address; stopped without a trace."""
    state = await start_detached(_options(tmp_path), progress=SilentProgress(), timeout_s=BOUND_S)
    pids = _pids(state)
    try:
        assert state.bootstrap is not None
        async with open_log(KafkaSettings(bootstrap=state.bootstrap)) as log:
            partitions = await await_topics(log, TopicNames(), ["analysis"], wait_ms=1_000)
        assert partitions == DEFAULT_CO_PARTITIONS
        assert (await stack_health(tmp_path)).healthy
        with pytest.raises(StackRunning):
            await start_detached(_options(tmp_path), progress=SilentProgress())
        pids |= _pids(await scale_stack(tmp_path, "analysis", 2))
        pids |= await _broker_comes_back(tmp_path, state)
    finally:
        await stop_stack(tmp_path)
    assert not [pid for pid in pids if _lives(pid)]
    with pytest.raises(StackNotRunning):
        await stack_health(tmp_path)


def _lives(pid: int) -> bool:
    """A zombie is no process any more; whoever inherited the detached one has yet to collect it."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _broker_comes_back(data_dir: Path, state: StackState) -> set[int]:
    assert state.kafka is not None
    os.kill(state.kafka.pid, signal.SIGKILL)

    async def back() -> bool:
        health = await stack_health(data_dir)
        return health.healthy and health.state.kafka not in {state.kafka, None}

    async with asyncio.timeout(BOUND_S):
        await until(back)
    now = (await stack_health(data_dir)).state
    assert now.bootstrap == state.bootstrap
    return _pids(now)


async def test_a_service_that_cannot_start_ends_the_stack_and_says_why(tmp_path: Path) -> None:
    """The error carries the service's own last words, and nothing is left running."""
    with pytest.raises(StackFailed, match="about to crash"):
        await start_detached(_options(tmp_path, "crash"), progress=SilentProgress(), timeout_s=BOUND_S)
    with pytest.raises(StackNotRunning):
        await stack_health(tmp_path)


@needs("jaeger")
async def test_with_jaeger_services_are_told_where_to_send_traces(tmp_path: Path) -> None:
    """Jaeger answers beside the services and goes down with them; its address is in the state."""
    state = await start_detached(_options(tmp_path, jaeger=True), progress=SilentProgress(), timeout_s=BOUND_S)
    try:
        assert state.jaeger_url is not None
        port = int(state.jaeger_url.rpartition(":")[2])
        assert await http_ok(port, "/api/v3/services", timeout_s=10)
        analysis = next(service for service in state.services if service.role == "analysis")
        assert analysis.pid is not None
        environment = psutil.Process(analysis.pid).environ()
        assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"].startswith("http://127.0.0.1:")
        assert environment["COLLEGIUM_KAFKA_BOOTSTRAP"] == state.bootstrap
        assert environment["COLLEGIUM_DATA_DIR"] == str(tmp_path)
    finally:
        await stop_stack(tmp_path)
    assert not await http_ok(port, "/")
