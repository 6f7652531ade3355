"""The whole system as docker-compose.yml runs it, used from this machine through the published ports."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from testcontainers.compose import DockerCompose

from needs import needs

REPOSITORY = Path(__file__).parents[3]
CORPUS = REPOSITORY / "examples/corpora/kafka-docs"
OBJECTIVE = REPOSITORY / "examples/objectives/delivery-guarantees.json"
SERVICES = ("orchestrator", "retrieval", "analysis", "drafting", "verification", "delivery", "ledger")
# The command on this machine is the root; the ledger only reads.
TRACED = {"collegium-cli"} | {f"collegium-{name}" for name in SERVICES if name != "ledger"}
COMMAND_TIMEOUT_S = 180
TRACE_TIMEOUT_S = 60

pytestmark = [needs("docker"), pytest.mark.timeout(1_500)]


@dataclass(frozen=True, slots=True)
class Host:
    """The `collegium` command as a user of this machine runs it against the containers."""

    environment: dict[str, str]
    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        command = [sys.executable, "-m", "collegium.cli", *arguments]
        options: dict[str, Any] = {"env": self.environment, "cwd": self.folder, "timeout": COMMAND_TIMEOUT_S}
        return subprocess.run(command, capture_output=True, text=True, check=False, **options)

    def submit(self, *options: str) -> str:
        """Submit the demo objective and return the run's id; with ``--watch`` the run has completed then."""
        result = self.run("submit", "--file", str(OBJECTIVE), "--json", *options)
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout.splitlines()[0])["run_id"]


def _compose(compose: DockerCompose, *arguments: str) -> str:
    command = [*compose.compose_command_property, *arguments]
    result = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=COMMAND_TIMEOUT_S
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def host(compose: DockerCompose, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A command line that knows the published ports, and the demo corpus in the containers' data volume."""
    _compose(
        compose, "run", "--rm", "-T", "--volume", f"{CORPUS}:/corpus:ro",
        "cli", "corpus", "add", "--corpus", "kafka-docs", "/corpus",
    )  # fmt: skip
    jaeger = compose.get_service_port("jaeger", 16686)
    environment = {
        "PATH": os.defpath,
        "COLLEGIUM_KAFKA_BOOTSTRAP": f"127.0.0.1:{compose.get_service_port('kafka', 9092)}",
        "COLLEGIUM_LEDGER_URL": f"http://127.0.0.1:{compose.get_service_port('ledger', 8080)}",
        "COLLEGIUM_JAEGER_URL": f"http://127.0.0.1:{jaeger}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{compose.get_service_port('jaeger', 4318)}",
    }
    return Host(environment, tmp_path_factory.mktemp("host"))


def test_everything_comes_up_healthy(compose: DockerCompose) -> None:
    """`docker compose up --wait` ends with every service ready and the topics created."""
    containers = {container.Service: container for container in compose.get_containers(include_all=True)}
    assert {name: containers[name].Health for name in SERVICES} == dict.fromkeys(SERVICES, "healthy")
    assert (containers["topics"].State, containers["topics"].ExitCode) == ("exited", 0)


def test_only_the_loopback_address_is_published(compose: DockerCompose) -> None:
    """As the engine says it, not only as the file does."""
    published = [port for container in compose.get_containers() for port in container.Publishers if port.PublishedPort]
    assert len(published) >= 4
    assert {port.URL for port in published} == {"127.0.0.1"}


async def test_an_objective_through_the_published_port_completes(compose: DockerCompose, host: Host) -> None:
    """The report lies in the data volume, and the run is one trace over all processes, the host's included."""
    run_id = host.submit("--watch")
    reports, _, _ = compose.exec_in_container(["find", "/data", "-name", "*.md", "-path", f"*{run_id}*"], "delivery")
    assert reports.strip(), "no report of the run in the data volume"
    spans = await _trace(host, run_id)
    assert {span["service"] for span in spans} == TRACED
    assert [span["name"] for span in spans if span["parent_id"] is None] == ["send collegium.objectives"]


async def test_a_role_scales(compose: DockerCompose, host: Host) -> None:
    """A second retrieval container becomes a member of the group, shares its partitions, and runs still complete."""
    _compose(compose, "up", "--detach", "--no-recreate", "--wait", "--scale", "retrieval=2")
    retrieval = [container for container in compose.get_containers() if container.Service == "retrieval"]
    assert [container.Health for container in retrieval] == ["healthy", "healthy"]
    assert len(await _members(compose, "collegium.retrieval", expected=2)) == 2
    host.submit("--watch")


async def test_a_restarted_orchestrator_goes_on(compose: DockerCompose, host: Host) -> None:
    """After its container was stopped and started, it restores its state and runs complete."""
    _compose(compose, "restart", "orchestrator")
    host.submit("--watch")


async def test_runs_survive_a_killed_broker(compose: DockerCompose, host: Host) -> None:
    """Kafka dies by SIGKILL with runs under way; when it is back, each of them completes."""
    runs = [host.submit() for _ in range(3)]
    _compose(compose, "kill", "kafka")
    _compose(compose, "up", "--detach", "--no-recreate", "--wait", "kafka")
    for run_id in runs:
        result = host.run("watch", run_id, "--timeout", "150s")
        assert result.returncode == 0, result.stdout + result.stderr


async def _trace(host: Host, run_id: str) -> list[dict[str, Any]]:
    """The run's spans as Jaeger has them, once every process has sent its own and no span waits for its parent."""
    spans: list[dict[str, Any]] = []
    async with asyncio.timeout(TRACE_TIMEOUT_S):
        while {span["service"] for span in spans} < TRACED or _orphans(spans):
            result = await asyncio.to_thread(host.run, "trace", run_id, "--json")
            spans = json.loads(result.stdout)["spans"] if result.returncode == 0 else []
    return spans


def _orphans(spans: Sequence[dict[str, Any]]) -> set[str]:
    return {span["parent_id"] for span in spans if span["parent_id"]} - {span["span_id"] for span in spans}


async def _members(compose: DockerCompose, group: str, *, expected: int) -> list[str]:
    """The lines that Kafka's own tool prints for the group's members with partitions, asked until there are enough."""
    lines: list[str] = []
    tool = ["/opt/kafka/bin/kafka-consumer-groups.sh", "--bootstrap-server", "kafka:19092"]
    async with asyncio.timeout(COMMAND_TIMEOUT_S):
        while len(lines) != expected:
            output = await asyncio.to_thread(
                _compose, compose, "exec", "-T", "kafka", *tool, "--describe", "--members", "--group", group
            )
            rows = [line.split() for line in output.splitlines() if line.startswith(group)]
            lines = [" ".join(row) for row in rows if row[-1] != "0"]
    return lines
