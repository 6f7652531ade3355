"""Context entries: how an attempt's outputs become records, and whether they are what the task asked for. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter, ValidationError

from collegium.agent.specialist import Output, SpecialistFailure
from collegium.agent.text import one_line
from collegium.log.port import Position
from collegium_schemas import limits
from collegium_schemas.base import Message, Name
from collegium_schemas.tasks import ContextRef, FailureKind, TaskRequested

MAX_RESULT_INLINE_BYTES: Final = 4 * limits.MAX_INLINE_BYTES
"""Content repeated inside one result, all entries together: escaped as JSON it stays well below a record's limit."""

_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)


@dataclass(frozen=True, slots=True)
class Entry:
    """One output, encoded."""

    name: str
    type: str
    """CloudEvents type of the content."""
    content: bytes
    """Canonical JSON."""
    sha256: str

    def ref(self, position: Position, *, inline: bool) -> ContextRef:
        """The reference to the entry where it was written."""
        return ContextRef(
            name=self.name,
            partition=position.partition,
            offset=position.offset,
            sha256=self.sha256,
            size_bytes=len(self.content),
            inline=self.content.decode() if inline else None,
        )


def entry_name(kind: type[Message]) -> str:
    """The name under which content of a type is stored: `evidence` for `collegium.context.evidence.v1`."""
    return kind.TYPE.split(".")[-2]


def holds(name: str, kind: type[Message]) -> bool:
    """Whether an entry of this name holds content of that type: `evidence`, or `evidence.2` for a second one."""
    return name.partition(".")[0] == entry_name(kind)


def encode(task: TaskRequested, outputs: Sequence[Output]) -> tuple[Entry, ...]:
    """The entries to write for an attempt's outputs.

    Raises:
        SpecialistFailure: `invalid_output`, when the outputs are not what the task asked for or too large.
    """
    names = [output.name for output in outputs]
    if len(names) > limits.MAX_OUTPUTS:
        raise _invalid(f"{len(names)} outputs are more than the {limits.MAX_OUTPUTS} that an attempt may return")
    if len(set(names)) != len(names):
        raise _invalid(f"an output name occurs twice: {', '.join(names)}")
    if missing := [name for name in task.outputs if name not in names]:
        raise _invalid(f"the task asked for {', '.join(missing)}, which the attempt did not return")
    return tuple(_encode(output) for output in outputs)


def _encode(output: Output) -> Entry:
    try:
        _NAME.validate_python(output.name)
    except ValidationError as error:
        raise _invalid(f"an output's name {output.name[:80]!r} is not a valid name") from error
    kind = type(output.content)
    if not holds(output.name, kind):
        raise _invalid(f"an output named {output.name} cannot hold {kind.TYPE}; name it {entry_name(kind)}")
    try:
        content = output.content.to_json()
    except ValueError as error:  # pydantic's serialisation error, which only its core exports, is one
        raise _invalid(f"output {output.name} cannot be written as UTF-8 JSON: {one_line(str(error), 200)}") from error
    if len(content) > limits.MAX_MESSAGE_BYTES:
        raise _invalid(
            f"output {output.name} has {len(content)} bytes; at most {limits.MAX_MESSAGE_BYTES} fit into a record"
        )
    return Entry(output.name, kind.TYPE, content, hashlib.sha256(content).hexdigest())


def refs(entries: Iterable[tuple[Entry, Position]]) -> tuple[ContextRef, ...]:
    """References to written entries; small content is repeated inline, as far as the result's size allows."""
    result: list[ContextRef] = []
    room = MAX_RESULT_INLINE_BYTES
    for entry, position in entries:
        inline = len(entry.content) <= min(room, limits.MAX_INLINE_BYTES)
        room -= len(entry.content) if inline else 0
        result.append(entry.ref(position, inline=inline))
    return tuple(result)


def _invalid(message: str) -> SpecialistFailure:
    return SpecialistFailure(FailureKind.INVALID_OUTPUT, message)
