"""Records become inputs; what cannot be understood is answered."""

import uuid

import pytest

from collegium.log.port import Outgoing, Record
from collegium.log.sizes import MAX_TOPIC_RECORD_BYTES
from collegium.log.topics import TopicNames
from collegium.orchestrator.core.model import InterventionArrived, ObjectiveArrived, ObjectiveInvalid, OutcomeArrived
from collegium.orchestrator.shell.intake import (
    ORIGINAL_KEY,
    ORIGINAL_SHA256,
    REFUSED,
    DeadLetter,
    Intake,
    Understood,
    as_sent,
    movable,
    moved,
    refusal,
)
from collegium.telemetry.tracing import run_trace
from collegium_schemas import limits
from collegium_schemas.envelope import Headers

NAMES = TopicNames()
INTAKE = Intake(NAMES, run_trace)
RUN = "0190aaaa-0000-7000-8000-000000000001"


def objective(value: bytes | None, key: bytes | None = None, headers: Headers = (), offset: int = 7) -> Record:
    """A record on the objectives topic."""
    return Record(NAMES("objectives"), 2, offset, 0, key, value, headers)


def understood(record: Record) -> Understood:
    """What the intake says, which must be an input."""
    result = INTAKE.understand(record)
    assert isinstance(result, Understood)
    return result


def test_a_bare_goal_is_enough() -> None:
    """Any client can send one; the run id is derived from the record's position."""
    first, again = (understood(objective(b'{"goal":"What is a topic?"}')) for _ in range(2))
    assert isinstance(first.happened, ObjectiveArrived)
    assert first == again
    other = understood(objective(b'{"goal":"What is a topic?"}', offset=8))
    assert other.happened.run_id != first.happened.run_id


def test_the_key_is_the_run_id() -> None:
    """With and without the same id in the body, also in upper case."""
    for key, body in ((RUN, b'{"goal":"x"}'), (RUN.upper(), b'{"goal":"x","run_id":"%s"}' % RUN.encode())):
        happened = understood(objective(body, key.encode())).happened
        assert isinstance(happened, ObjectiveArrived)
        assert happened.run_id == RUN


@pytest.mark.parametrize(
    ("value", "key", "says"),
    [
        (b"", None, "empty"),
        (None, None, "no body"),
        (b"\xff\xfe{}", None, "not UTF-8 at byte 0"),
        (b'{"goal":', None, "no JSON"),
        (b"[" * 100_000, None, "nested too deeply"),
        (b'{"goal":"x","bugdet":{}}', None, "did you mean 'budget'"),
        (b'{"goal":"x"}', b"customer-7", "not the run_id"),
        (b'{"goal":"x","run_id":"%s"}' % RUN.encode(), str(uuid.UUID(int=5)).encode(), "not the run_id"),
        (b'{"goal":"' + b"x" * limits.MAX_MESSAGE_BYTES + b'"}', None, "bytes; at most"),
        (b'{"goal":"x","deadline":"yesterday"}', None, "deadline"),
        (b"42", None, "body"),
    ],
)
def test_bad_objectives_are_refused_with_a_reason(value: bytes | None, key: bytes | None, says: str) -> None:
    """Each becomes a failed run with its reason, and a dead letter."""
    result = understood(objective(value, key))
    assert isinstance(result.happened, ObjectiveInvalid)
    assert says in result.happened.reason
    assert not result.kept


def test_an_unknown_type_is_refused() -> None:
    """A CloudEvents type that does not belong on the topic."""
    result = understood(objective(b'{"goal":"x"}', None, (("ce_type", b"order.created.v1"),)))
    assert isinstance(result.happened, ObjectiveInvalid)
    assert "does not belong here" in result.happened.reason


@pytest.mark.parametrize("key", [None, b"customer-7", RUN.encode()])
@pytest.mark.parametrize("value", [b'{"goal":"x"}', b"garbage"])
def test_moving_a_record_home_does_not_change_what_it_says(key: bytes | None, value: bytes) -> None:
    """The new owner comes to the same conclusion about the same run."""
    record = objective(value, key)
    before = understood(record)
    out: Outgoing = moved(record, before.happened.run_id, 3)
    after = understood(Record(out.topic, 3, 99, 0, out.key, out.value, out.headers))
    assert after == before


@pytest.mark.parametrize("key", [None, b"k" * 500_000, RUN.encode()])
def test_a_record_too_large_to_move_is_refused_at_home_by_a_short_one(key: bytes | None) -> None:
    """The run that ends is the same, and the short record says that the original is kept already."""
    record = objective(b"x" * (MAX_TOPIC_RECORD_BYTES - 600 - len(key or b"")), key)
    refused = understood(record).happened
    assert isinstance(refused, ObjectiveInvalid)
    assert not movable(record)
    out = refusal(record, refused, 3)
    there = understood(Record(out.topic, 3, 99, 0, out.key, out.value, out.headers))
    assert there.kept
    assert isinstance(there.happened, ObjectiveInvalid)
    assert (there.happened.run_id, there.happened.reason) == (refused.run_id, refused.reason)


def test_a_forged_refusal_cannot_choose_its_hash() -> None:
    """What a foreign client writes into our headers is data: it meets the contracts' bounds."""
    forged = ((ORIGINAL_KEY, b""), (REFUSED, b"r" * 10_000), (ORIGINAL_SHA256, b"no hash"))
    refused = understood(objective(b"", RUN.encode(), forged)).happened
    assert isinstance(refused, ObjectiveInvalid)
    assert (len(refused.reason), len(refused.objective_sha256)) == (limits.MAX_TEXT_CHARS, 64)


@pytest.mark.parametrize("key", [None, b"", b"customer-7", RUN.encode()])
def test_a_moved_record_can_be_kept_as_it_was_sent(key: bytes | None) -> None:
    """Key, value and headers are the sender's."""
    record = objective(b"garbage", key, (("x", b"1"),))
    out = moved(record, RUN, 3)
    sent = as_sent(Record(out.topic, 3, 99, 0, out.key, out.value, out.headers))
    assert (sent.key, sent.value, sent.headers) == (record.key, record.value, record.headers)


def test_interventions_and_results_that_make_no_sense_are_dead_letters() -> None:
    """They belong to no run that could answer."""
    for topic in ("interventions", "results"):
        for value in (b"", b"{}", b"\xff", None):
            assert isinstance(INTAKE.understand(Record(NAMES(topic), 0, 0, 0, None, value)), DeadLetter)


def test_a_foreign_client_may_leave_out_the_type_of_an_intervention() -> None:
    """The topic's own message is assumed where people write by hand."""
    record = Record(NAMES("interventions"), 0, 0, 0, None, b'{"run_id":"%s","action":"cancel"}' % RUN.encode())
    assert isinstance(understood(record).happened, InterventionArrived)


def test_results_are_read_tolerantly() -> None:
    """A newer specialist's additional field is ignored."""
    body = (
        b'{"run_id":"%s","subtask_id":"a","attempt":1,"role":"r","worker":"w","started_at_ms":1,"ended_at_ms":2,"new":1}'
        % RUN.encode()
    )
    headers = (("ce_type", b"collegium.task.succeeded.v1"),)
    assert isinstance(understood(Record(NAMES("results"), 0, 0, 0, None, body, headers)).happened, OutcomeArrived)
