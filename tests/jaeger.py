"""Pytest plugin: a real Jaeger, with the configuration that we ship, on free ports.

``jaeger`` starts one for the session; mark tests that use it with ``needs("jaeger")``. ``start_jaeger`` starts
further ones, for tests that stop it or start it late.
"""

import asyncio
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from collegium.embedded.jaeger import JaegerPorts, bundled_config, find_binary
from collegium.embedded.ports import LOOPBACK, free_port
from collegium.embedded.settings import EmbeddedSettings
from collegium.telemetry.jaeger import JaegerQuery
from collegium.telemetry.spans import StoredSpan

_READY_S = 30.0
_STOP_S = 10.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class RunningJaeger:
    """Where it can be reached, and how to end it."""

    ports: JaegerPorts
    process: "subprocess.Popen[bytes]"

    @property
    def query_url(self) -> str:
        """The query API and web pages."""
        return self.ports.ui_url

    @property
    def otlp_endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT should be."""
        return self.ports.otlp_endpoint

    async def trace(
        self, trace_id: str, complete: Callable[[Sequence[StoredSpan]], bool], *, timeout_s: float = 15.0
    ) -> list[StoredSpan]:
        """The spans of a trace once they are complete; a failure that says what there was otherwise."""
        found: list[StoredSpan] = []
        async with JaegerQuery(self.query_url) as query:
            try:
                async with asyncio.timeout(timeout_s):
                    while not complete(found):
                        await asyncio.sleep(_POLL_S)
                        found = await query.trace(trace_id)
            except TimeoutError:
                names = [span.name for span in found]
                pytest.fail(f"after {timeout_s} s Jaeger has only {names} of trace {trace_id}")
        return found

    def stop(self) -> None:
        """End it and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(_STOP_S)


def free_ports() -> JaegerPorts:
    """Five free ports."""
    return JaegerPorts(*(free_port() for _ in range(5)))


@contextmanager
def start_jaeger(directory: Path, ports: JaegerPorts | None = None) -> Generator[RunningJaeger]:
    """Run a Jaeger until the block ends; inside, it answers."""
    settings = EmbeddedSettings()
    binary = find_binary(settings.jaeger_binary, settings.cache_dir)
    assert binary is not None, 'mark the test with needs("jaeger")'
    ports = ports or free_ports()
    config = directory / "jaeger.yaml"
    config.write_text(bundled_config())
    environment = {
        "JAEGER_QUERY_HTTP": f"{LOOPBACK}:{ports.ui}",
        "JAEGER_QUERY_GRPC": f"{LOOPBACK}:{ports.query_grpc}",
        "JAEGER_OTLP_HTTP": f"{LOOPBACK}:{ports.otlp_http}",
        "JAEGER_OTLP_GRPC": f"{LOOPBACK}:{ports.otlp_grpc}",
        "JAEGER_HEALTH_HTTP": f"{LOOPBACK}:{ports.health}",
    }
    with (directory / "jaeger.log").open("ab") as log:
        process = subprocess.Popen(
            [binary, "--config", config], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    running = RunningJaeger(ports, process)
    try:
        _wait_until_ready(running, directory / "jaeger.log")
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningJaeger]:
    """One Jaeger that the whole session shares; traces are told apart by their ids."""
    with start_jaeger(tmp_path_factory.mktemp("jaeger")) as running:
        yield running


def _wait_until_ready(running: RunningJaeger, log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    with httpx.Client(trust_env=False, timeout=1.0) as client:
        while time.monotonic() < deadline:
            if running.process.poll() is not None:
                break
            try:
                # Both the receiver and the query service; the receiver answers an empty request with 200.
                taken = client.post(f"{running.otlp_endpoint}/v1/traces", content=b"", headers=_PROTOBUF)
                if taken.status_code == httpx.codes.OK and client.get(running.query_url).status_code < 500:
                    return
            except httpx.TransportError:
                pass
            time.sleep(_POLL_S)
    pytest.fail(f"Jaeger did not become ready:\n{log.read_text(errors='replace')[-2_000:]}")


_PROTOBUF = {"Content-Type": "application/x-protobuf"}
