"""Jaeger beside the services: a binary when there is one, else the Docker image."""

import asyncio
import hashlib
import shutil
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from collegium.embedded.errors import JaegerMissing
from collegium.embedded.files import replace_text
from collegium.embedded.ports import LOOPBACK, free_port
from collegium.embedded.supervision import ServiceSpec

ROLE: Final = "jaeger"
IMAGE: Final = "jaegertracing/jaeger:2.13.0"
_DOCKER_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class JaegerPorts:
    """Where Jaeger listens, on the loopback interface only."""

    ui: int
    otlp_http: int
    otlp_grpc: int
    query_grpc: int
    health: int

    @classmethod
    def choose(cls) -> "JaegerPorts":
        """Jaeger's well-known ports, another one for each that is taken."""
        return cls(free_port(16686), free_port(4318), free_port(4317), free_port(16685), free_port(13133))

    @property
    def ui_url(self) -> str:
        """The web pages and the query API."""
        return f"http://{LOOPBACK}:{self.ui}"

    @property
    def otlp_endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT should be."""
        return f"http://{LOOPBACK}:{self.otlp_http}"


@dataclass(frozen=True, slots=True)
class JaegerSource:
    """How Jaeger can be run here: exactly one of the two is set."""

    binary: Path | None = None
    image: str | None = None


async def find_jaeger(binary: Path | None, cache_dir: Path) -> JaegerSource:
    """The named binary, one on the PATH, one that infra/jaeger/build.sh left in the cache, or the image.

    Raises:
        JaegerMissing: none of them is here.
    """
    if found := find_binary(binary, cache_dir):
        return JaegerSource(binary=found)
    if await docker_version() is not None:
        return JaegerSource(image=IMAGE)
    raise JaegerMissing


def find_binary(binary: Path | None, cache_dir: Path) -> Path | None:
    """A Jaeger binary; a named one that does not exist is none, rather than silently another one."""
    if binary is not None:
        return binary if binary.is_file() else None
    if on_path := shutil.which("jaeger"):
        return Path(on_path)
    built = sorted((cache_dir / "jaeger").glob("*/jaeger"), key=lambda path: path.stat().st_mtime)
    return built[-1] if built else None


def jaeger_service(source: JaegerSource, ports: JaegerPorts, data_dir: Path) -> ServiceSpec:
    """How the supervisor runs it."""
    if source.binary is not None:
        config = data_dir / "jaeger.yaml"
        replace_text(config, bundled_config())
        environment = {
            "JAEGER_QUERY_HTTP": f"{LOOPBACK}:{ports.ui}",
            "JAEGER_QUERY_GRPC": f"{LOOPBACK}:{ports.query_grpc}",
            "JAEGER_OTLP_HTTP": f"{LOOPBACK}:{ports.otlp_http}",
            "JAEGER_OTLP_GRPC": f"{LOOPBACK}:{ports.otlp_grpc}",
            "JAEGER_HEALTH_HTTP": f"{LOOPBACK}:{ports.health}",
        }
        command = (str(source.binary), "--config", str(config))
        # A Go program that panics ends with 2, which says nothing about its settings; so does what Docker passes on.
        return ServiceSpec(ROLE, command, environment, ports.ui, "/", settings_exit=None)
    publish = (f"--publish={LOOPBACK}:{ports.ui}:16686", f"--publish={LOOPBACK}:{ports.otlp_http}:4318")
    run = ("docker", "run", "--rm", f"--name={container_name(data_dir)}", *publish, source.image or IMAGE)
    return ServiceSpec(ROLE, run, {}, ports.ui, "/", settings_exit=None)


def bundled_config() -> str:
    """The configuration that this release carries."""
    return resources.files("collegium.embedded").joinpath("jaeger.yaml").read_text("utf-8")


def container_name(data_dir: Path) -> str:
    """One container per data directory."""
    return f"collegium-jaeger-{hashlib.sha256(str(data_dir).encode()).hexdigest()[:8]}"


async def remove_container(data_dir: Path) -> None:
    """Remove what a killed supervisor may have left with Docker; nothing happens when there is nothing."""
    await _docker("rm", "--force", container_name(data_dir))


async def docker_version() -> str | None:
    """The version of the Docker engine that answers; None without one."""
    return await _docker("version", "--format", "{{.Server.Version}}")


async def _docker(*arguments: str) -> str | None:
    """Output of a docker command; None when it fails or does not answer in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            "docker",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(_DOCKER_TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    return output.decode(errors="replace").strip() if process.returncode == 0 else None
