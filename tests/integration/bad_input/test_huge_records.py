"""Records at and beyond every size limit on a real broker."""

import json
import uuid

import pytest
from confluent_kafka import KafkaError, KafkaException

from collegium.log.dead_letters import DROPPED_BYTES_HEADER, PREFIX
from collegium.log.sizes import MAX_FORWARDED_BYTES, MAX_TOPIC_RECORD_BYTES
from collegium_schemas import limits
from collegium_schemas.envelope import header
from collegium_schemas.objective import RunStatus
from foreign_client import ForeignClient
from live_system import PARTITIONS, LiveSystem

pytestmark = pytest.mark.asyncio(loop_scope="session")

FRAMING_BYTES = 300
"""More than key, headers and the batch's own bytes."""


def objective(size_bytes: int) -> bytes:
    """Valid JSON of a size."""
    head = b'{"goal":"x","playbook":"quick","params":{"depth":"'
    return head + b"x" * (size_bytes - len(head) - 3) + b'"}}'


@pytest.mark.parametrize("at_home", [True, False])
@pytest.mark.parametrize(
    "size_bytes",
    [limits.MAX_MESSAGE_BYTES + 1, MAX_FORWARDED_BYTES - FRAMING_BYTES, MAX_TOPIC_RECORD_BYTES - FRAMING_BYTES],
    ids=["over-our-limit", "just-movable", "just-accepted-by-the-broker"],
)
async def test_what_the_broker_takes_and_we_do_not_is_answered_and_kept(
    system: LiveSystem, size_bytes: int, *, at_home: bool
) -> None:
    """One failed run says how much is allowed; dead-letters hold every byte, wherever the record came to."""
    run_id, body = str(uuid.uuid4()), objective(size_bytes)
    partition = (system.home(run_id) + (0 if at_home else 1)) % PARTITIONS
    mark = ("x-test", run_id.encode())
    sent = await system.client.send("objectives", body, run_id.encode(), (mark,), partition)
    assert await system.status(run_id) is RunStatus.FAILED
    [rejected] = system.seen.endings(run_id)
    assert "at most" in rejected.reason
    letter = await system.letter_marked(run_id)
    assert (letter.key, letter.value, letter.headers[0]) == (run_id.encode(), body, mark)
    if at_home or size_bytes > MAX_FORWARDED_BYTES - FRAMING_BYTES:
        assert header(letter.headers, f"{PREFIX}partition") == str(sent.partition)
        assert header(letter.headers, f"{PREFIX}offset") == str(sent.offset)
    await system.unharmed()
    assert sum(mark in each.headers for each in system.seen.letters) == 1


async def test_more_than_the_topic_takes_is_refused_to_the_sender_by_the_broker(system: LiveSystem) -> None:
    """The client's own error names the size; nothing is written anywhere."""
    with pytest.raises(KafkaException) as caught:
        await system.client.send("objectives", objective(MAX_TOPIC_RECORD_BYTES + 1))
    assert caught.value.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE


async def test_the_largest_objective_completes(system: LiveSystem) -> None:
    """White space counts only on the way in."""
    run_id = str(uuid.uuid4())
    body = json.dumps({"goal": "x", "playbook": "quick"}).encode()
    body += b" " * (limits.MAX_MESSAGE_BYTES - len(body))
    await system.client.send("objectives", body, run_id.encode())
    assert await system.status(run_id) is RunStatus.COMPLETED


@pytest.mark.parametrize("part", ["key", "headers"])
async def test_a_large_key_or_header_is_refused_like_a_large_body(system: LiveSystem, part: str) -> None:
    """A record could not be moved with it; it is kept with all its parts."""
    large = b"k" * (MAX_TOPIC_RECORD_BYTES - 2 * FRAMING_BYTES)
    mark = ("x-test", f"large-{part}".encode())
    headers = (mark, ("large", large)) if part == "headers" else (mark,)
    await system.client.send(
        "objectives", b'{"goal":"x","playbook":"quick"}', large if part == "key" else None, headers, 1
    )
    letter = await system.letter_marked(f"large-{part}")
    assert large in (letter.key, *(value for _, value in letter.headers))
    await system.rejected(f"at most {MAX_FORWARDED_BYTES} are taken")


@pytest.mark.parametrize("topic", ["objectives", "interventions", "results", "tasks.worker"])
async def test_a_body_that_is_only_small_when_compressed_stops_nothing(system: LiveSystem, topic: str) -> None:
    """Thirty megabytes of zeros arrive in thirty kilobytes: refused, and told by their length and place."""
    size_bytes = 30_000_000
    client = ForeignClient(system.settings.bootstrap, system.names, **{"compression.type": "zstd"})
    sent = await client.send(topic, bytes(size_bytes), headers=(("ce_type", b"any"),))
    letter = await system.letter(topic, sent.partition, sent.offset)
    assert letter.value == b""
    assert header(letter.headers, DROPPED_BYTES_HEADER) == str(size_bytes)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_every_compression_codec_is_read(system: LiveSystem, codec: str) -> None:
    """Whatever a client prefers."""
    client = ForeignClient(system.settings.bootstrap, system.names, **{"compression.type": codec})
    run_id = str(uuid.uuid4())
    body = json.dumps({"goal": "What is a topic? " * 100, "playbook": "quick"}).encode()
    await client.send("objectives", body, run_id.encode())
    assert await system.status(run_id) is RunStatus.COMPLETED
