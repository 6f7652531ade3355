"""Pytest plugin: tests say what they need beyond Python, and nothing is skipped in silence.

``pytestmark = needs("docker")`` (or ``@needs("docker", "jaeger")``) marks a test with what it needs. Where that is
missing the test is skipped with the reason and the way to enable it, and a section at the end of the run lists
what was not run. With ``CI=true`` every skip, of these or of any other origin, is a failure: a green run there
has run everything.

Each requirement is also a plain marker, so ``pytest -m docker`` and ``pytest -m "not docker"`` work.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

import pytest

from chaos.disk import disk_missing
from chaos.network import network_missing
from collegium.embedded.jaeger import find_binary
from collegium.embedded.settings import EmbeddedSettings

_PROBE_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something outside Python that a test needs.

    Attributes:
        missing: Returns what is missing in a few words, or None when everything is there.
        enable: One sentence that says how to get it.
    """

    missing: Callable[[], str | None]
    enable: str


def _answers(*command: str) -> bool:
    try:
        result = subprocess.run(command, capture_output=True, timeout=_PROBE_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


def _docker_missing() -> str | None:
    if shutil.which("docker") is None:
        return "the docker command is not installed"
    if not _answers("docker", "version", "--format", "{{.Server.Version}}"):
        return "no Docker engine answers"
    if not _answers("docker", "compose", "version"):
        return "the compose plugin of Docker is missing"
    return None


def _jaeger_missing() -> str | None:
    settings = EmbeddedSettings()
    return None if find_binary(settings.jaeger_binary, settings.cache_dir) else "no Jaeger binary is here"


REQUIREMENTS: Mapping[str, Requirement] = {
    "docker": Requirement(
        missing=_docker_missing,
        enable="start a Docker engine with the compose plugin (Debian: apt-get install docker.io; `.ci/run` does it)",
    ),
    "openssl": Requirement(
        missing=lambda: None if shutil.which("openssl") else "the openssl command is not installed",
        enable="install openssl (Debian: apt-get install openssl)",
    ),
    "mounts": Requirement(missing=disk_missing, enable="run as root on Linux"),
    "namespaces": Requirement(
        missing=network_missing,
        enable="run as root on Linux with network tools (Debian: apt-get install iproute2 iptables util-linux)",
    ),
    "jaeger": Requirement(
        missing=_jaeger_missing,
        enable="infra/jaeger/build.sh (8 minutes with Go 1.24 or newer), or a `jaeger` 2.x binary on the PATH",
    ),
}


def needs(*names: str) -> pytest.MarkDecorator:
    """Mark a test, class or module with the requirements it has; the names are the keys of `REQUIREMENTS`."""
    unknown = sorted(set(names) - REQUIREMENTS.keys())
    if unknown:
        raise ValueError(f"unknown requirement {unknown[0]!r}: one of {sorted(REQUIREMENTS)}")
    return pytest.mark.needs(*names)


@dataclass(slots=True)
class _Findings:
    """What the probes said (each runs once per session) and which tests were not run for it."""

    missing: dict[str, str | None] = field(default_factory=dict)
    not_run: dict[str, list[str]] = field(default_factory=dict)

    def probe(self, name: str) -> str | None:
        if name not in self.missing:
            self.missing[name] = REQUIREMENTS[name].missing()
        return self.missing[name]


_FINDINGS = pytest.StashKey[_Findings]()


def _in_ci() -> bool:
    return os.environ.get("CI") == "true"  # noqa: TID251 - the CI convention is an environment variable


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    config.stash[_FINDINGS] = _Findings()
    config.addinivalue_line("markers", "needs(*names): what the test needs beyond Python; see tests/needs.py")
    for name, requirement in REQUIREMENTS.items():
        config.addinivalue_line("markers", f"{name}: {requirement.enable}")


@pytest.hookimpl(tryfirst=True)  # before -m deselects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every requirement's name as a marker of its own."""
    for item in items:
        for name in _needed(item):
            item.add_marker(name)


@pytest.hookimpl(tryfirst=True)  # before any fixture tries to use what is missing
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose requirement is missing."""
    findings = item.config.stash[_FINDINGS]
    for name in _needed(item):
        missing = findings.probe(name)
        if missing is not None:
            findings.not_run.setdefault(name, []).append(item.nodeid)
            pytest.skip(f"{missing}: {REQUIREMENTS[name].enable}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where nothing may be skipped."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _in_ci():
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"with CI=true nothing may be skipped. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Treat a module that skips itself while it is imported the same way."""
    report = yield
    if report.skipped and _in_ci():
        report.outcome = "failed"
        report.longrepr = f"with CI=true nothing may be skipped. {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """List what was not run, and how to enable it."""
    findings = config.stash[_FINDINGS]
    if not findings.not_run:
        return
    terminalreporter.section("not run")
    for name, tests in findings.not_run.items():
        terminalreporter.line(f"{name}: {findings.missing[name]}. To enable: {REQUIREMENTS[name].enable}")
        for test in tests:
            terminalreporter.line(f"  {test}")


def _needed(item: pytest.Item) -> list[str]:
    # Outermost first, each name once.
    names = [name for marker in item.iter_markers("needs") for name in marker.args]
    return list(dict.fromkeys(reversed(names)))
