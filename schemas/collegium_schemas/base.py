"""What all contracts share: frozen, strict about what we emit, tolerant about what we read."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from collegium_schemas import limits


class Contract(BaseModel):
    """A message, or a part of one.

    Constructing a contract with an unknown field is an error, so nothing undeclared is ever emitted. Reading
    with `read` ignores unknown fields, so that a newer peer's additions do not stop an older reader; what users
    write by hand is read with `read_strict`, so that a misspelt field is reported instead of dropped.
    """

    # JSON has no infinity, though parsers take one (also as 1e999): what is read must survive being written.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    def to_json(self) -> bytes:
        """The canonical form: UTF-8 JSON, fields in declaration order, no white space, no absent values."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

    @classmethod
    def read(cls, data: bytes | str) -> Self:
        """Decode a peer's message, ignoring fields that this version does not know.

        Raises:
            pydantic.ValidationError: when the body is no JSON or breaks the contract.
        """
        return cls.model_validate_json(data, extra="ignore")

    @classmethod
    def read_strict(cls, data: bytes | str) -> Self:
        """Decode a user's message; an unknown field is an error.

        Raises:
            pydantic.ValidationError: when the body is no JSON, breaks the contract or has an unknown field.
        """
        return cls.model_validate_json(data)


class Message(Contract):
    """A contract that is a record of its own, named by its CloudEvents type."""

    TYPE: ClassVar[str]
    """CloudEvents `type`; the trailing version rises only when a change is not an addition."""


_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def _canonical(value: object) -> object:
    # StringConstraints would change the case only after it has looked at the pattern.
    return value.strip().lower() if isinstance(value, str) else value


RunId = Annotated[str, StringConstraints(pattern=_UUID), BeforeValidator(_canonical)]
"""A UUID in its canonical text form, version 7 where we make it: the Kafka key of everything in a run."""

Role = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""The name of a kind of specialist; its task topic is `tasks.ROLE`."""

SubtaskId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""A corpus, playbook, tenant, team or output: letters, digits, dot, dash and underscore."""

EffectKey = Annotated[
    str,
    StringConstraints(
        max_length=limits.MAX_EFFECT_KEY_CHARS, pattern=r"^[0-9a-f-]{36}/[a-z0-9][^/]*/[A-Za-z0-9][^/]*$"
    ),
]
"""`run_id/subtask_id/name`: an effect's identity, the same for every attempt at it."""

EffectName = Annotated[
    str, StringConstraints(max_length=limits.MAX_EFFECT_KEY_CHARS, pattern=r"^[a-z0-9][^/]*/[A-Za-z0-9][^/]*$")
]
"""The same within a run: `subtask_id/name`."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, StringConstraints(max_length=limits.MAX_TEXT_CHARS)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_ID_CHARS)]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_URI_CHARS)]
EpochMs = Annotated[int, Field(ge=0, le=limits.MAX_EPOCH_MS)]
"""Milliseconds since 1970-01-01T00:00:00Z."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Scalar = str | int | float | bool
Params = Annotated[dict[Annotated[str, StringConstraints(max_length=64)], Scalar], Field(max_length=limits.MAX_PARAMS)]
"""A small flat map of a step's or an objective's parameters."""


class TraceContext(Contract):
    """A W3C trace context, as in the `traceparent` and `tracestate` headers."""

    traceparent: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]
    tracestate: Annotated[str, StringConstraints(max_length=512)] = ""


class Usage(Contract):
    """What work has cost. Money is in millionths of a US dollar, so that it adds up exactly."""

    input_tokens: Annotated[int, Field(ge=0)] = 0
    output_tokens: Annotated[int, Field(ge=0)] = 0
    micro_usd: Annotated[int, Field(ge=0)] = 0

    @property
    def tokens(self) -> int:
        """Input and output tokens together, which is what a token budget bounds."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            micro_usd=self.micro_usd + other.micro_usd,
        )
