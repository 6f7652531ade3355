"""Reading the shared context: content inline in a task, else a point read, and always the hash."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from collegium.agent.specialist import SpecialistFailure
from collegium.log.errors import LogError, OffsetLost, TopicMismatch
from collegium.log.port import Log, TopicPartition
from collegium_schemas.tasks import ContextRef, FailureKind, TaskInput

_READS_AT_ONCE: Final = 8


class ContentCache:
    """Content by its hash, the least recently used dropped first, bounded in bytes."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._size_bytes = 0
        self._content: OrderedDict[str, bytes] = OrderedDict()

    def get(self, sha256: str) -> bytes | None:
        """The content, or None when it is not held."""
        if (content := self._content.get(sha256)) is not None:
            self._content.move_to_end(sha256)
        return content

    def put(self, sha256: str, content: bytes) -> None:
        """Hold content that has this hash."""
        if sha256 in self._content or len(content) > self._capacity_bytes:
            return
        self._content[sha256] = content
        self._size_bytes += len(content)
        while self._size_bytes > self._capacity_bytes:
            _, dropped = self._content.popitem(last=False)
            self._size_bytes -= len(dropped)

    @property
    def size_bytes(self) -> int:
        """What is held now."""
        return self._size_bytes


class ContextReader:
    """The shared context's read side for one process."""

    def __init__(self, log: Log, topic: str, cache: ContentCache, *, read_timeout_ms: int) -> None:
        self._log = log
        self._topic = topic
        self._cache = cache
        self._read_timeout_ms = read_timeout_ms
        self._slots = asyncio.Semaphore(_READS_AT_ONCE)

    async def contents(self, inputs: Sequence[TaskInput]) -> list[bytes]:
        """The inputs' contents in their order; those that are not at hand are read at once, a few at a time.

        Raises:
            SpecialistFailure: an entry is lost or does not match its hash (permanent), or the log does not answer.
        """
        read: list[bytes] = []
        for found in await asyncio.gather(*(self._find(entry) for entry in inputs)):
            if isinstance(found, SpecialistFailure):
                raise found
            read.append(found)
        return read

    async def _find(self, entry: TaskInput) -> bytes | SpecialistFailure:
        ref = entry.ref
        if (held := self._cache.get(ref.sha256)) is not None:
            return held
        where = f"context entry {ref.name} of {entry.subtask_id} ({self._topic}-{ref.partition} offset {ref.offset})"
        try:
            content = await self._read(ref)
        except OffsetLost:
            return _lost(f"{where} is no longer in the log: run the step again")
        except TopicMismatch as error:
            return _lost(f"{where} is nowhere: {error}; run the step again")
        except LogError as error:
            return SpecialistFailure(
                FailureKind.DEPENDENCY_UNAVAILABLE, f"{where} could not be read within the bound: {error}"
            )
        if content is None or hashlib.sha256(content).hexdigest() != ref.sha256:
            return _lost(f"{where} does not have the hash that its writer named: do not use it, run the step again")
        self._cache.put(ref.sha256, content)
        return content

    async def _read(self, ref: ContextRef) -> bytes | None:
        if ref.inline is not None:
            return ref.inline.encode()
        async with self._slots:
            record = await self._log.read_at(
                TopicPartition(self._topic, ref.partition), ref.offset, timeout_ms=self._read_timeout_ms
            )
        return record.value


def _lost(message: str) -> SpecialistFailure:
    return SpecialistFailure(FailureKind.TOOL_ERROR, message, permanent=True)
