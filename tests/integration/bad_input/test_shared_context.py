"""Content that is not what its writer named, on a real broker: the run fails with the reason, once."""

import hashlib
import json

import pytest

from agent_rig import Scripted, now_ms
from collegium.agent.specialist import Success, Workbench
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import AttemptDispatched
from collegium_schemas.evidence import ReportText
from collegium_schemas.objective import RunStatus
from collegium_schemas.tasks import TaskRequested, TaskSucceeded
from live_system import LiveSystem

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONTENT = ReportText(title="one", markdown="What was written.").to_json()
OTHER = ReportText(title="one", markdown="Something else.").to_json()

BAD: dict[str, tuple[dict[str, object], str]] = {
    "other-content-at-the-offset": ({"sha256": hashlib.sha256(OTHER).hexdigest()}, "does not have the hash"),
    "tampered-inline-copy": (
        {"sha256": hashlib.sha256(OTHER).hexdigest(), "inline": CONTENT.decode()},
        "does not have the hash",
    ),
    "offset-beyond-the-end": ({"offset": 10**9}, "no longer in the log"),
    "partition-that-does-not-exist": ({"partition": 99}, "has no partition 99"),
    "largest-offset-that-can-be-said": ({"offset": 2**63 - 1}, "no longer in the log"),
}


async def read_report(task: TaskRequested, bench: Workbench) -> Success:
    """The second specialist's work: it needs the first one's report."""
    [report] = await bench.inputs(ReportText)
    return Success(note=report.title)


async def answer_by_hand(system: LiveSystem, run_id: str, **changed: object) -> None:
    """Play the first specialist: content in the context topic, and a result whose reference is changed."""
    written = await system.client.send("context", CONTENT, f"{run_id}/make/1/report".encode())
    ref = {
        "name": "report",
        "partition": written.partition,
        "offset": written.offset,
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "size_bytes": len(CONTENT),
        **changed,
    }
    now = now_ms()
    result = {
        "run_id": run_id,
        "subtask_id": "make",
        "attempt": 1,
        "role": "maker",
        "worker": "by-hand",
        "started_at_ms": now,
        "ended_at_ms": now,
        "outputs": [ref],
    }
    headers = encode_headers(Envelope(f"{run_id}/make/1/outcome", "/test", TaskSucceeded.TYPE, now))
    await system.client.send("results", json.dumps(result).encode(), run_id.encode(), headers)


async def begun(system: LiveSystem) -> str:
    """A run whose first attempt waits for its answer."""
    run_id = await system.submit(playbook="pair")
    await system.until(lambda: len(attempts(system, run_id)) == 1, "the first attempt is dispatched")
    return run_id


def attempts(system: LiveSystem, run_id: str) -> list[str]:
    """The subtasks of all dispatched attempts, in order."""
    return [event.subtask_id for event in system.seen.events(run_id) if isinstance(event, AttemptDispatched)]


async def test_content_as_named_is_read(system: LiveSystem) -> None:
    """The same by hand, without a fault."""
    async with system.serving(Scripted(read_report, role="reader")):
        run_id = await begun(system)
        await answer_by_hand(system, run_id)
        assert await system.status(run_id) is RunStatus.COMPLETED


@pytest.mark.parametrize("name", BAD)
async def test_content_that_was_tampered_with_fails_the_run(system: LiveSystem, name: str) -> None:
    """The reason names the entry; no attempt is repeated that could only end the same way."""
    changed, says = BAD[name]
    async with system.serving(Scripted(read_report, role="reader")):
        run_id = await begun(system)
        await answer_by_hand(system, run_id, **changed)
        assert await system.status(run_id) is RunStatus.FAILED
    [ending] = system.seen.endings(run_id)
    assert says in ending.reason
    assert "report" in ending.reason
    assert attempts(system, run_id) == ["make", "read"]
    shown = await system.cli("show", run_id)
    assert says in " ".join(shown.out.split())
