"""From records to the core's inputs, and to the partition that is their home.

Objectives and interventions come from outside and are read strictly; results come from our own specialists and
are read tolerantly. What cannot be understood is never dropped: an objective is answered by a failed run, and the
original bytes go to dead-letters.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from pydantic import ValidationError

from collegium.log.port import Headers, Outgoing, Record
from collegium.log.sizes import MAX_FORWARDED_BYTES, record_bytes
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.model import (
    Input,
    InterventionArrived,
    ObjectiveArrived,
    ObjectiveInvalid,
    OutcomeArrived,
)
from collegium_schemas import limits
from collegium_schemas.base import Message, TraceContext
from collegium_schemas.envelope import EnvelopeError, decode, explain, header, trace_of
from collegium_schemas.objective import Intervention, ObjectiveSubmitted
from collegium_schemas.tasks import TaskFailed, TaskSucceeded

M = TypeVar("M", bound=Message)
TraceRun = Callable[[str, TraceContext | None], TraceContext]
"""Chooses the context of a run's own span: `Tracing.run_trace`."""

ORIGINAL_KEY: Final = "collegium_original_key"
"""Header of a record that was moved to its home partition, under its run_id: the key it came with, maybe none."""

REFUSED: Final = "collegium_refused"
"""Header of what is forwarded instead of an objective too large to be written again: why it is refused."""

ORIGINAL_SHA256: Final = "collegium_original_sha256"
"""Header beside `REFUSED`: the hash of the body that was left in dead-letters."""

MAX_NUMBER: Final = 2**63 - 1
"""Counts, places and prices in an outcome; what Kafka numbers offsets with."""

_RUN_IDS: Final = uuid.UUID("6f1c2d0e-93c1-5a57-9d5e-7a2f4c1b0e11")
"""Name space of the run ids that are derived from a record's position (UUID version 5)."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A record as an input to the core."""

    happened: Input
    kept: bool = False
    """True when its original lies in dead-letters already."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that is no input to any run."""

    reason: str


class Intake:
    """Understands the records of the orchestrator's three input topics."""

    def __init__(self, names: TopicNames, trace_run: TraceRun) -> None:
        self._objectives = names("objectives")
        self._interventions = names("interventions")
        self._trace_run = trace_run

    def understand(self, record: Record) -> Understood | DeadLetter:
        """What a record says. A function of the record alone, so that a second reading says the same."""
        if record.topic == self._objectives:
            return self._refused(record) or self._objective(record)
        try:
            _check_size(record)
            if record.topic == self._interventions:
                word = _strict(record, Intervention)
                return Understood(InterventionArrived(word.run_id, word))
            outcome = decode(record.headers, record.value, TaskSucceeded, TaskFailed)
            _check_numbers(outcome)
            return Understood(OutcomeArrived(outcome.run_id, outcome, trace_of(record.headers)))
        except EnvelopeError as error:
            return DeadLetter(error.reason)

    def _refused(self, record: Record) -> Understood | None:
        """What `refusal` made of an objective; its original is in dead-letters already."""
        reason, digest = _ours(record, REFUSED), _ours(record, ORIGINAL_SHA256)
        run_id = _uuid(record.key)
        if not _moved(record) or reason is None or digest is None or run_id is None:
            return None
        parent = trace_of(record.headers)
        reason, digest = reason[: limits.MAX_TEXT_CHARS], hashlib.sha256(digest.encode()).hexdigest()
        refused = ObjectiveInvalid(run_id, reason, digest, self._trace_run(run_id, parent), parent)
        return Understood(refused, kept=True)

    def _objective(self, record: Record) -> Understood:
        original = _original_key(record)
        key = _uuid(original)
        digest = hashlib.sha256(record.value or b"").hexdigest()
        objective, fault = None, None
        try:
            _check_size(record)
            objective = _strict(record, ObjectiveSubmitted)
        except EnvelopeError as error:
            fault = error.reason
        if objective is not None and original is not None and (key is None or objective.run_id not in {None, key}):
            wanted = objective.run_id or "a UUID"
            fault = f"the key {_shown(original)} is not the run_id: send {wanted} as key, or no key"
        named = objective.run_id if objective is not None else None
        run_id = named or key or (_uuid(record.key) if _moved(record) else None) or derived_run_id(record)
        parent = trace_of(record.headers)
        trace = self._trace_run(run_id, parent)
        if objective is None or fault is not None:
            reason = f"the objective is refused: {fault}"[: limits.MAX_TEXT_CHARS]
            return Understood(ObjectiveInvalid(run_id, reason, digest, trace, parent))
        objective = objective.model_copy(update={"run_id": run_id})
        digest = hashlib.sha256(objective.to_json()).hexdigest()
        return Understood(ObjectiveArrived(run_id, objective, digest, trace, parent))


def derived_run_id(record: Record) -> str:
    """The run id of an objective whose sender chose none: the same for every reading of the same record.

    The time is part of it because a topic that is created anew has the same offsets again.
    """
    return str(uuid.uuid5(_RUN_IDS, f"{record.topic}/{record.partition}/{record.offset}/{record.timestamp_ms}"))


def moved(record: Record, run_id: str, home: int) -> Outgoing:
    """The record as it is forwarded to its home partition; what `Intake` says of it stays the same."""
    original = () if record.key is None else ((ORIGINAL_KEY, b"=" + record.key),)
    return Outgoing(
        record.topic,
        run_id.encode(),
        record.value,
        (*record.headers, *(original or ((ORIGINAL_KEY, b""),))),
        partition=home,
    )


def movable(record: Record) -> bool:
    """Whether the record may be written to its topic once more."""
    return record_bytes(record) <= MAX_FORWARDED_BYTES


def refusal(record: Record, refused: ObjectiveInvalid, home: int) -> Outgoing:
    """What is forwarded instead of an objective that cannot be moved, so that its run ends at home."""
    headers = [
        (ORIGINAL_KEY, b""),
        (REFUSED, refused.reason.encode("utf-8", "replace")),
        (ORIGINAL_SHA256, refused.objective_sha256.encode()),
    ]
    if refused.trace_parent is not None:
        headers.append(("traceparent", refused.trace_parent.traceparent.encode()))
    return Outgoing(record.topic, refused.run_id.encode(), b"", tuple(headers), partition=home)


def as_sent(record: Record) -> Record:
    """The record with the key that its sender gave it, and without what moving it home has added."""
    if not _moved(record):
        return record
    headers: Headers = tuple(header for header in record.headers if header[0] != ORIGINAL_KEY)
    return record._replace(key=_original_key(record), headers=headers)


def _check_size(record: Record) -> None:
    if not movable(record):
        size = record_bytes(record)
        raise EnvelopeError(
            f"the record has {size} bytes with key and headers; at most {MAX_FORWARDED_BYTES} are taken"
        )


def _check_numbers(outcome: TaskSucceeded | TaskFailed) -> None:
    """JSON numbers may have thousands of digits, and a sum of two such has one more than can be read again."""
    usage = outcome.usage
    largest = max(usage.input_tokens, usage.output_tokens, usage.micro_usd)
    if isinstance(outcome, TaskSucceeded):
        largest = max(largest, outcome.evidence_count)
        for ref in outcome.outputs:
            largest = max(largest, ref.partition, ref.offset)
        if (review := outcome.review) is not None:
            largest = max(largest, review.supported, review.refuted, review.not_enough_evidence)
    if largest > MAX_NUMBER:
        raise EnvelopeError(f"a number of the outcome is larger than {MAX_NUMBER}, which is all that is taken")


def _ours(record: Record, name: str) -> str | None:
    try:
        return header(record.headers, name)
    except EnvelopeError:
        return None


def _moved(record: Record) -> bool:
    return any(name == ORIGINAL_KEY for name, _ in record.headers)


def _original_key(record: Record) -> bytes | None:
    """The key that the sender chose, also when the record was moved."""
    for name, value in reversed(record.headers):
        if name == ORIGINAL_KEY:
            return value[1:] if value else None
    return record.key


def _uuid(key: bytes | None) -> str | None:
    try:
        return None if key is None else str(uuid.UUID(key.decode()))
    except ValueError:
        return None


def _shown(key: bytes) -> str:
    return repr(key[:48].decode("utf-8", "backslashreplace"))


def _strict(record: Record, kind: type[M]) -> M:
    """What a person or a foreign client wrote. A record without ce_type is taken for the topic's own message."""
    named = header(record.headers, "ce_type")
    if named is not None and named != kind.TYPE:
        raise EnvelopeError(f"ce_type {named[:100]!r} does not belong here; expected {kind.TYPE!r}, or none")
    if record.value is None:
        raise EnvelopeError("the record has no body")
    if len(record.value) > limits.MAX_MESSAGE_BYTES:
        raise EnvelopeError(f"the body has {len(record.value)} bytes; at most {limits.MAX_MESSAGE_BYTES} are taken")
    if not record.value.strip():
        raise EnvelopeError("the body is empty: send a JSON object with a `goal`")
    try:
        text = record.value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EnvelopeError(f"the body is not UTF-8 at byte {error.start}") from error
    try:
        json.loads(text)
    except ValueError as error:
        raise EnvelopeError(f"the body is no JSON: {error}") from error
    except RecursionError as error:
        raise EnvelopeError("the body is nested too deeply") from error
    try:
        return kind.read_strict(record.value)
    except ValidationError as error:
        raise EnvelopeError(explain(error, tuple(kind.model_fields))) from error
