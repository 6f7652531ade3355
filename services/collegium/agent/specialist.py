"""What a specialist is to the runtime: a role, and work on one attempt at a time.

A specialist is a class with a `role` and a `perform` coroutine. It reads its inputs and does its work through the
`Workbench` it is given, and returns what it found or raises `SpecialistFailure`. It never publishes anything
itself and never retries: the runtime writes outputs to the shared context, and the orchestrator alone retries.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from collegium.agent.effects import Effects
from collegium_schemas.base import Message, Usage
from collegium_schemas.tasks import FailureKind, ReviewSummary, TaskRequested

M = TypeVar("M", bound=Message)
T = TypeVar("T")


class SpecialistFailure(Exception):
    """The attempt failed; the orchestrator decides what follows."""

    def __init__(self, kind: FailureKind, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        """One line that says what to do."""
        self.permanent = permanent
        """True when another attempt cannot help."""


@dataclass(frozen=True, slots=True)
class Output:
    """One context entry to be written: its name, such as `evidence`, and its content."""

    name: str
    content: Message


@dataclass(frozen=True, slots=True)
class Success:
    """What an attempt returns. Outputs are written to the context, in order, before the result is sent."""

    outputs: Sequence[Output] = ()
    confidence: float = 1.0
    evidence_count: int = 0
    note: str = ""
    """One line for people who watch the run."""
    review: ReviewSummary | None = None
    usage: Usage = Usage()


class Workbench(Protocol):
    """What one attempt may use. Everything is bounded by the attempt's deadline and ends with its cancellation."""

    @property
    def effects(self) -> Effects:
        """The desk for changes outside the system; it refuses what the task has no right to."""
        ...

    async def inputs(self, kind: type[M], *, step: str | None = None) -> Sequence[M]:
        """The task's inputs of one content type, in the task's order, hash-checked and validated.

        Args:
            kind: The contract that the entries must fulfil; entries of other types are left out.
            step: Only outputs of this playbook step.

        Raises:
            SpecialistFailure: an entry is lost, or its content does not match its hash or contract.
        """
        ...

    async def input_sha256(self, kind: type[Message]) -> Sequence[str]:
        """The content hashes of the inputs that `inputs(kind)` returns, in the same order."""
        ...

    async def tool(self, name: str, function: Callable[[], T], *, timeout_ms: int | None = None) -> T:
        """Run a local pure function as a tool call, in a thread, with its own span and time-out.

        Raises:
            SpecialistFailure: `timeout` when it takes longer than allowed; `tool_error` when it raises.
        """
        ...

    async def call(self, name: str, function: Callable[[], Awaitable[T]], *, timeout_ms: int | None = None) -> T:
        """The same for a coroutine."""
        ...

    async def progress(self, note: str) -> None:
        """Tell watchers how far the attempt is; at most a few a second are sent, and loss is allowed."""
        ...


class Specialist(Protocol):
    """One kind of work."""

    @property
    def role(self) -> str:
        """The role's name; tasks come from `tasks.ROLE`."""
        ...

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Do one attempt.

        May be called again for the same task_id after a crash, so it must be safe to repeat; an effect outside
        the system uses a key without the attempt number.

        Raises:
            SpecialistFailure: the attempt failed in a way that has a name. Any other exception counts as `internal`.
        """
        ...
