"""What the supervisor says about its processes, and how it treats the ones that crash."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

EXIT_SETTINGS: Final = 2
"""A service ends so when a setting is wrong: starting it again cannot help."""


class Phase(StrEnum):
    """Where one process stands."""

    STARTING = "starting"
    READY = "ready"
    BACKING_OFF = "backing_off"
    """It crashed and will be started again after a pause."""
    FAILED = "failed"
    """It crashed too often, or a setting is wrong, so it is not started again; scaling down and up tries anew."""
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A role whose instances are processes.

    `http_port` is a fixed port of a role with at most one instance; without it, each process is given a free one
    in COLLEGIUM_HTTP_PORT. `probe_path` answers 200 there once the process is ready. `settings_exit` is the exit code
    by which the process calls a setting wrong, if there is one.
    """

    role: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    http_port: int | None = None
    probe_path: str = "/readyz"
    settings_exit: int | None = EXIT_SETTINGS


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """One process of a role."""

    role: str
    index: int
    phase: Phase
    pid: int | None
    http_port: int
    restarts: int
    log_path: Path
    reason: str = ""
    """Why it is not ready, when something went wrong."""

    @property
    def name(self) -> str:
        """`ROLE-N`, as in the log file's name."""
        return f"{self.role}-{self.index}"


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How often and how soon a crashed process is started again."""

    first_pause_s: float = 0.2
    longest_pause_s: float = 10.0
    max_crashes: int = 5
    """More than these within the window make a crash loop."""
    window_s: float = 60.0

    def pause_s(self, crashes: int) -> float:
        """The pause after the given number of crashes in the window: doubled each time, up to a bound."""
        return min(self.longest_pause_s, self.first_pause_s * 2 ** max(0, crashes - 1))


class CrashHistory:
    """One process's crashes within the policy's window."""

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._times_s: deque[float] = deque(maxlen=policy.max_crashes + 1)

    def add(self, now_s: float) -> float | None:
        """Note a crash.

        Returns:
            The pause before the next start, in seconds; None when this is a crash loop.
        """
        self._times_s.append(now_s)
        recent = [time_s for time_s in self._times_s if now_s - time_s <= self._policy.window_s]
        return None if len(recent) > self._policy.max_crashes else self._policy.pause_s(len(recent))
