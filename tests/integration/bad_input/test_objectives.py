"""Bad objectives on a real broker: the sender is answered, the bytes are kept, the next objective completes."""

import json
import uuid
import zlib
from dataclasses import dataclass

import pytest

from collegium.log.dead_letters import PREFIX
from collegium_schemas.envelope import header
from collegium_schemas.objective import RunStatus
from live_system import PARTITIONS, LiveSystem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class Bad:
    """A record that is no objective, and what its sender is told."""

    value: bytes | None
    says: str
    key: bytes | None = None
    headers: Headers = ()


def good(**fields: object) -> bytes:
    """The body of an objective that would be fine."""
    return json.dumps({"goal": "What is a topic?", "playbook": "quick", **fields}).encode()


OTHER = str(uuid.uuid4())

BAD: dict[str, Bad] = {
    "empty": Bad(b"", "the body is empty"),
    "white-space": Bad(b" \n\t", "the body is empty"),
    "tombstone": Bad(None, "no body", key=str(uuid.uuid4()).encode()),
    "tombstone-without-key": Bad(None, "no body"),
    "not-utf8": Bad(b'{"goal":"\xff\xfe"}', "not UTF-8 at byte 9"),
    "utf16": Bad('{"goal":"x"}'.encode("utf-16"), "not UTF-8 at byte 0"),
    "byte-order-mark": Bad(b'\xef\xbb\xbf{"goal":"x"}', "BOM"),
    "malformed": Bad(b'{"goal": "x",', "no JSON"),
    "no-object": Bad(b'["goal"]', "body: Input should be an object"),
    "deeply-nested": Bad(b"[" * 200_000, "nested too deeply"),
    "nested-below-pythons-bound": Bad(b'{"goal":' + b"[" * 900 + b"]" * 900 + b"}", "recursion limit"),
    "endless-number": Bad(b'{"goal":"x","priority":' + b"9" * 10_000 + b"}", "no JSON"),
    "infinite-number": Bad(b'{"goal":"x","playbook":"quick","params":{"depth":1e999}}', "finite number"),
    "lone-surrogate": Bad(b'{"goal":"\\ud800"}', "Invalid JSON"),
    "no-goal": Bad(b"{}", "goal: Field required"),
    "blank-goal": Bad(b'{"goal":" ?! "}', "no letter or digit"),
    "unknown-type": Bad(good(), "does not belong here", headers=(("ce_type", b"order.created.v1"),)),
    "type-not-utf8": Bad(good(), "header ce_type is not UTF-8", headers=(("ce_type", b"\xff"),)),
    "unknown-field": Bad(good(bugdet={"steps": 3}), "unknown field 'bugdet': did you mean 'budget'?"),
    "unknown-parameter": Bad(good(params={"dept": 2}), "unknown parameter 'dept' for playbook 'quick'; known: depth"),
    "key-is-no-uuid": Bad(good(), "the key 'customer-7' is not the run_id", key=b"customer-7"),
    "key-is-empty": Bad(good(), "the key '' is not the run_id", key=b""),
    "key-is-not-utf8": Bad(good(), "is not the run_id", key=b"\xff\x00"),
    "key-is-another-run": Bad(good(run_id=OTHER), f"send {OTHER} as key", key=str(uuid.uuid4()).encode()),
    "deadline-in-the-past": Bad(good(deadline="2020-01-01T00:00:00Z"), "is in the past"),
    "deadline-without-offset": Bad(good(deadline="2030-01-01T00:00:00"), "deadline: Input should have timezone info"),
    "deadline-after-the-last-year": Bad(good(deadline="9999-12-31T23:59:59-12:00"), "beyond the year 9999"),
    "unknown-playbook": Bad(
        good(playbook="nonesuch"), "unknown playbook 'nonesuch'; known: pair, quick, research-report"
    ),
    "cyclic-playbook": Bad(
        good(playbook="cyclic"),
        "line 3 (steps.0.inputs): steps wait for each other in a circle: one -> two -> one",
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_objective_is_answered_and_kept(system: LiveSystem, name: str) -> None:
    """A failed run holds the reason, wherever the record lands; dead-letters hold what was sent, as it was sent."""
    bad = BAD[name]
    marked: Headers = (*bad.headers, ("x-test", name.encode()))
    partition = zlib.crc32(name.encode()) % PARTITIONS
    await system.client.send("objectives", bad.value, bad.key, marked, partition)
    letter = await system.letter_marked(name)
    assert (letter.key, letter.value or b"") == (bad.key, bad.value or b"")
    assert letter.headers[: len(marked)] == marked
    assert bad.says in (header(letter.headers, f"{PREFIX}exception.message") or "")
    run_id, reason = await system.rejected(bad.says)
    assert await system.status(run_id) is RunStatus.FAILED
    assert "\n" not in reason


async def test_the_sender_reads_the_reason_with_the_command_line(system: LiveSystem) -> None:
    """`collegium show` and `collegium runs` tell of a run that never began."""
    run_id = await system.submit(bugdet=1)
    await system.ended(run_id)
    shown = await system.cli("show", run_id)
    assert shown.status == 0, shown.err
    assert "failed" in shown.out
    assert "did you mean 'budget'?" in " ".join(shown.out.split())
    watched = await system.cli("watch", run_id)
    assert watched.status == 1, watched.err


async def test_the_same_objective_again_changes_nothing(system: LiveSystem) -> None:
    """Sent three times, also in other words for the same content, it is one run with one history."""
    run_id = await system.submit()
    await system.ended(run_id)
    before = list(system.seen.decisions[run_id])
    await system.submit(run_id)
    await system.client.send("objectives", b" " + good(run_id=run_id.upper(), priority=5), run_id.encode())
    await system.unharmed()
    assert system.seen.decisions[run_id] == before


async def test_another_objective_under_the_same_run_id_is_refused_and_the_first_goes_on(system: LiveSystem) -> None:
    """The refusal is in the run's history; its bytes are kept; the run does what was asked first."""
    run_id = await system.submit(playbook="pair")
    body = good(run_id=run_id, goal="Something else?")
    await system.client.send("objectives", body, run_id.encode())
    assert "choose a new run_id" in await system.refused(run_id)
    garbage = b'{"goal": '
    await system.client.send("objectives", garbage, run_id.encode())
    for value in (body, garbage):
        assert (await system.letter_with(value)).key == run_id.encode()
    assert not system.seen.endings(run_id)
    await system.client.send(
        "interventions", json.dumps({"run_id": run_id, "action": "cancel"}).encode(), run_id.encode()
    )
    assert await system.status(run_id) is RunStatus.CANCELLED


async def test_many_objectives_from_another_partitioner_complete_once_each(system: LiveSystem) -> None:
    """Librdkafka puts most of them on foreign partitions; each is moved home and runs exactly once."""
    run_ids = [str(uuid.uuid4()) for _ in range(200)]
    sent = await system.client.send_all(
        [("objectives", good(run_id=run_id), run_id.encode(), (), -1) for run_id in run_ids]
    )
    await system.ended(*run_ids, bound_s=60)
    homes = [system.home(run_id) for run_id in run_ids]
    assert any(each.partition != home for each, home in zip(sent, homes, strict=True)), "nothing had to be moved"
    for run_id in run_ids:
        assert await system.status(run_id) is RunStatus.COMPLETED
        assert [decided.version for decided in system.seen.decisions[run_id]] == [1, 2]
