"""What a stack tells other terminals."""

import subprocess
from pathlib import Path

from collegium.embedded.files import FileLock
from collegium.embedded.state import ProcessRef, ScaleRequest, ServiceState, StackFiles, StackState
from collegium.embedded.supervision import InstanceStatus, Phase


def test_a_process_is_recognised_while_it_runs() -> None:
    """And no longer."""
    with subprocess.Popen(["sleep", "600"]) as child:
        reference = ProcessRef.of(child.pid)
        assert reference is not None
        assert reference.process() is not None
        child.kill()
    assert reference.process() is None
    assert ProcessRef.of(child.pid) is None


def test_a_reused_process_id_is_not_the_process() -> None:
    """Another start time: somebody else, who must not be signalled."""
    with subprocess.Popen(["sleep", "600"]) as child:
        reference = ProcessRef.of(child.pid)
        assert reference is not None
        assert ProcessRef(pid=child.pid, started_at=reference.started_at - 60).process() is None
        child.kill()


def test_state_is_read_back(tmp_path: Path) -> None:
    """What the supervisor publishes is what another terminal sees."""
    files = StackFiles.of(tmp_path)
    status = InstanceStatus("analysis", 1, Phase.BACKING_OFF, None, 4711, 2, tmp_path / "log", "ended with signal 9")
    state = StackState(
        phase="starting",
        supervisor=ProcessRef(pid=1, started_at=0.5),
        bootstrap="127.0.0.1:9092",
        roles=("analysis",),
        services=(ServiceState.of(status),),
    )
    files.write_state(state)
    assert files.read_state() == state


def test_absent_and_damaged_state_is_none(tmp_path: Path) -> None:
    """Neither is an error of whoever asks."""
    files = StackFiles.of(tmp_path)
    assert files.read_state() is None
    files.state.write_text('{"phase": "flying"}')
    assert files.read_state() is None
    files.scale_request.write_text(ScaleRequest(number=3, instances={"analysis": 2}).model_dump_json()[:-4])
    assert files.read_scale_request() is None


def test_running_means_that_the_lock_is_held(tmp_path: Path) -> None:
    """A file left by a killed stack does not look like a running one."""
    files = StackFiles.of(tmp_path)
    assert not files.is_running()
    lock = FileLock(files.lock)
    assert lock.acquire()
    assert files.is_running()
    lock.release()
    assert not files.is_running()
