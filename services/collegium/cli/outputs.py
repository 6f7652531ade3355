"""Reads a run's outputs from the shared context."""

import hashlib
from typing import Final, TypeVar

from pydantic import ValidationError

from collegium.cli.errors import NotFound
from collegium.ledger.views import RunView
from collegium.log.errors import OffsetLost
from collegium.log.port import Log, TopicPartition
from collegium.log.topics import TopicNames
from collegium_schemas.base import Message

M = TypeVar("M", bound=Message)

_READ_TIMEOUT_MS: Final = 10_000


async def read_output(log: Log, names: TopicNames, view: RunView, name: str, kind: type[M]) -> M:
    """The newest accepted output of that name, checked against its hash.

    Raises:
        NotFound: the run has none (yet), or it is gone or damaged.
    """
    found = view.output(name)
    if found is None:
        state = f"it ended as {view.status}: {view.reason}" if view.status.terminal else f"it is {view.status}"
        raise NotFound(f"run {view.run_id} has no {name}: {state}")
    _, _, ref = found
    try:
        source = TopicPartition(names("context"), ref.partition)
        record = await log.read_at(source, ref.offset, timeout_ms=_READ_TIMEOUT_MS)
    except OffsetLost as error:
        raise NotFound(f"the {name} of run {view.run_id} is no longer in the context topic: {error}") from error
    content = record.value or b""
    if hashlib.sha256(content).hexdigest() != ref.sha256:
        raise NotFound(f"the {name} of run {view.run_id} does not match its hash: it was overwritten or damaged")
    try:
        return kind.read(content)
    except ValidationError as error:
        raise NotFound(f"the {name} of run {view.run_id} cannot be read by this version of collegium") from error
