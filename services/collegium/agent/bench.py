"""The workbench of one attempt: its inputs, its tools, and its line to the people who watch."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from collegium.agent.attempt import Attempt
from collegium.agent.context import ContextReader
from collegium.agent.effects import Effects
from collegium.agent.effects_desk import Desks, NoRights
from collegium.agent.entries import holds
from collegium.agent.heartbeats import Heartbeats
from collegium.agent.specialist import SpecialistFailure
from collegium.agent.text import explain, one_line
from collegium.agent.threads import ToolThreads
from collegium.telemetry.conventions import execute_tool
from collegium.telemetry.tracing import Tracing
from collegium_schemas.base import Message
from collegium_schemas.tasks import FailureKind, TaskInput

M = TypeVar("M", bound=Message)
T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Equipment:
    """What the workbenches of one process share."""

    reader: ContextReader
    threads: ToolThreads
    heartbeats: Heartbeats
    tracing: Tracing
    desks: Desks | None = None
    """Only of a specialist that has targets."""


class AttemptBench:
    """Implements `collegium.agent.specialist.Workbench` for one attempt.

    The attempt's deadline is not looked at here: it cancels `perform`, and with it whatever `perform` awaits.
    """

    def __init__(self, attempt: Attempt, equipment: Equipment) -> None:
        self._attempt = attempt
        self._shared = equipment
        desks = equipment.desks
        self._effects: Effects = NoRights(attempt) if desks is None else desks.desk(attempt, self._active)

    @property
    def effects(self) -> Effects:
        """Where effects are asked for; it refuses what the task has no right to."""
        self._shared.heartbeats.active(self._attempt)
        return self._effects

    async def inputs(self, kind: type[M], *, step: str | None = None) -> Sequence[M]:
        """The task's inputs of one content type, in the task's order, hash-checked and validated."""
        self._shared.heartbeats.active(self._attempt)
        wanted = self._wanted(kind, step)
        contents = await self._shared.reader.contents(wanted)
        return [_read(kind, entry, content) for entry, content in zip(wanted, contents, strict=True)]

    async def input_sha256(self, kind: type[Message]) -> Sequence[str]:
        """The content hashes of the inputs that `inputs(kind)` returns, in the same order."""
        return [entry.ref.sha256 for entry in self._wanted(kind, None)]

    async def tool(self, name: str, function: Callable[[], T], *, timeout_ms: int | None = None) -> T:
        """Run a local pure function as a tool call, in a thread, with its own span and time-out."""
        return await self.call(name, lambda: self._shared.threads.run(function), timeout_ms=timeout_ms)

    async def call(self, name: str, function: Callable[[], Awaitable[T]], *, timeout_ms: int | None = None) -> T:
        """Run a coroutine as a tool call, with its own span and time-out."""
        span_name, attributes = execute_tool(name)
        with self._shared.tracing.span(span_name, attributes=attributes) as span:
            limit = asyncio.timeout(None if timeout_ms is None else timeout_ms / 1000)
            self._shared.heartbeats.active(self._attempt)
            try:
                async with limit:
                    return await function()
            except SpecialistFailure as failure:
                span.fail(failure.kind.value, failure.message)
                raise
            except Exception as error:
                failure = self._failure(name, error, timeout_ms if limit.expired() else None)
                span.fail(failure.kind.value, failure.message)
                raise failure from error
            finally:
                self._shared.heartbeats.active(self._attempt)

    async def progress(self, note: str) -> None:
        """Tell watchers how far the attempt is."""
        self._attempt.note = one_line(note)
        self._shared.heartbeats.note(self._attempt)

    def _active(self) -> None:
        self._shared.heartbeats.active(self._attempt)

    def _wanted(self, kind: type[Message], step: str | None) -> list[TaskInput]:
        return [
            entry
            for entry in self._attempt.task.inputs
            if holds(entry.ref.name, kind) and (step is None or entry.step == step)
        ]

    def _failure(self, name: str, error: Exception, timed_out_ms: int | None) -> SpecialistFailure:
        if timed_out_ms is not None:
            return SpecialistFailure(FailureKind.TIMEOUT, f"tool {name} took longer than its {timed_out_ms} ms")
        _log.warning("tool %s of %s failed", name, self._attempt.task.task_id, exc_info=error)
        return SpecialistFailure(FailureKind.TOOL_ERROR, f"tool {name} failed: {explain(error)}")


def _read(kind: type[M], entry: TaskInput, content: bytes) -> M:
    try:
        return kind.read(content)
    except ValidationError as error:
        raise SpecialistFailure(
            FailureKind.TOOL_ERROR,
            f"context entry {entry.ref.name} of {entry.subtask_id} breaks the contract {kind.TYPE}: {explain(error)}",
            permanent=True,
        ) from error
