"""Reports as files: a target that deduplicates by key, since a directory appears under its name only once."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

from pydantic import Field, ValidationError

from collegium.agent.effects import EffectCall, Found, NotDone, Sought
from collegium.delivery.errors import AlreadyDelivered, FilesystemTrouble
from collegium.delivery.writing import ReportStore
from collegium_schemas.base import Contract, Name, RunId, Text
from collegium_schemas.tasks import FailureKind

T = TypeVar("T")


class InThread(Protocol):
    """Runs a function beside the event loop."""

    def __call__(self, function: Callable[[], T], /) -> Awaitable[T]:
        """What the function returns."""
        ...


class Publication(Contract):
    """What a target is asked to publish; the same report gives the same bytes."""

    run_id: RunId
    title: Text
    files: Annotated[dict[Name, str], Field(min_length=1, max_length=16)]
    """Content by file name, as text."""


class ReportFiles:
    """Implements `collegium.agent.effects.Target` on a directory of reports.

    Args:
        root: The directory; one directory per run in it.
        in_thread: Runs what waits for the disk.
    """

    kind = "files"
    deduplicates = True
    timeout_ms = 10_000

    def __init__(self, root: Path, in_thread: InThread = asyncio.to_thread) -> None:
        self.store = ReportStore(root)
        self._in_thread = in_thread

    async def call(self, call: EffectCall) -> str:
        """Write a run's files, or take them back; the receipt is the directory."""
        run_id, undone = call.run_id, call.withdraws
        try:
            if undone is not None:
                return str(await self._in_thread(lambda: self.store.withdraw(run_id, undone, call.key)))
            publication = Publication.read(call.content)
            files = {name: text.encode() for name, text in publication.files.items()}
            return str(await self._in_thread(lambda: self.store.deliver(run_id, call.key, files)))
        except (AlreadyDelivered, ValidationError, ValueError) as error:
            raise NotDone(FailureKind.INVALID_OUTPUT, str(error), permanent=True) from error
        except FilesystemTrouble as error:
            raise NotDone(FailureKind.TOOL_ERROR, str(error)) from error

    async def find(self, key: str) -> Sought:
        """Whether the key's files lie at their place, or were taken back by it."""
        run_id = key.partition("/")[0]
        receipt = await self._in_thread(lambda: self.store.receipt(run_id))
        if receipt is None:
            return Sought(Found.ABSENT)
        done = receipt.withdrawn_by if receipt.withdrawn_by is not None else receipt.effect_key
        return Sought(Found.DONE, str(self.store.place(run_id))) if done == key else Sought(Found.ABSENT)
