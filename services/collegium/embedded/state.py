"""What a running stack tells other terminals: one small file, replaced at each change.

A process is named by its id and its start time, since ids are reused. Whether the stack runs is not read from the
file but from the lock that its supervisor holds, which the kernel releases however the supervisor ends.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

import psutil
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from collegium.embedded.files import FileLock, replace_text
from collegium.embedded.supervision import InstanceStatus, Phase

_START_TOLERANCE_S: Final = 2.0


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ProcessRef(_Model):
    """A process that can be recognised later."""

    pid: int
    started_at: float

    @classmethod
    def of(cls, pid: int) -> "Self | None":
        """The reference to a process that runs now; None when it has ended."""
        try:
            return cls(pid=pid, started_at=psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def process(self) -> psutil.Process | None:
        """The process, if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started_at) < _START_TOLERANCE_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class ServiceState(_Model):
    """One process of a role, as `supervision.InstanceStatus` has it."""

    role: str
    index: int
    phase: Phase
    pid: int | None
    started_at: float | None
    port: int
    """Of its HTTP server: metrics and health."""
    restarts: int
    log_path: Path
    reason: str = ""

    @classmethod
    def of(cls, status: InstanceStatus) -> Self:
        """The state of a supervised process."""
        process = ProcessRef.of(status.pid) if status.pid is not None else None
        return cls(
            role=status.role,
            index=status.index,
            phase=status.phase,
            pid=process.pid if process else None,
            started_at=process.started_at if process else None,
            port=status.http_port,
            restarts=status.restarts,
            log_path=status.log_path,
            reason=status.reason,
        )

    @property
    def name(self) -> str:
        """`ROLE-N`."""
        return f"{self.role}-{self.index}"

    @property
    def process(self) -> ProcessRef | None:
        """The process, when there is one."""
        if self.pid is None or self.started_at is None:
            return None
        return ProcessRef(pid=self.pid, started_at=self.started_at)


class StackState(_Model):
    """A stack, as other terminals see it."""

    phase: Literal["starting", "up", "stopping"]
    supervisor: ProcessRef
    bootstrap: str | None = None
    kafka: ProcessRef | None = None
    """None while it starts, and when the stack uses another Kafka."""
    kafka_log: Path | None = None
    roles: tuple[str, ...] = ()
    """The roles that can be scaled."""
    services: tuple[ServiceState, ...] = ()
    jaeger_url: str | None = None
    scale_number: int = 0
    """The last scale request that was carried out."""


class ScaleRequest(_Model):
    """The numbers of instances that another terminal asked for."""

    number: int = Field(ge=1)
    instances: dict[str, int]


@dataclass(frozen=True, slots=True)
class StackFiles:
    """Where a stack keeps what it tells."""

    data_dir: Path

    @classmethod
    def of(cls, data_dir: Path) -> Self:
        """The files of a data directory, wherever the working directory goes later."""
        return cls(data_dir.absolute())

    @property
    def state(self) -> Path:
        """The published state."""
        return self.data_dir / "stack.json"

    @property
    def scale_request(self) -> Path:
        """The latest scale request."""
        return self.data_dir / "stack-scale.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.data_dir / "stack.lock"

    @property
    def logs(self) -> Path:
        """The log files' directory."""
        return self.data_dir / "logs"

    @property
    def stack_log(self) -> Path:
        """The log of a detached supervisor."""
        return self.logs / "stack.log"

    def read_state(self) -> StackState | None:
        """The published state, of a stack that runs or one that was killed; None when there is none."""
        try:
            return StackState.model_validate_json(self.state.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def write_state(self, state: StackState) -> None:
        """Publish."""
        replace_text(self.state, state.model_dump_json(indent=1))

    def read_scale_request(self) -> ScaleRequest | None:
        """The latest request."""
        try:
            return ScaleRequest.model_validate_json(self.scale_request.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def is_running(self) -> bool:
        """Whether a supervisor holds the lock."""
        if not self.lock.exists():
            return False
        lock = FileLock(self.lock)
        free = lock.acquire()
        lock.release()
        return not free
