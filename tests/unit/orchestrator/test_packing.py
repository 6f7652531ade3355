"""Idle runs as packed bytes: what goes in comes out, pieces override each other, bounds on what is decoded hold."""

from hypothesis import given
from hypothesis import strategies as st

from collegium.orchestrator.core.model import Run
from collegium.orchestrator.shell.packing import pack, unpack
from collegium.orchestrator.shell.parts import assemble, changed_parts
from collegium.orchestrator.shell.store import RunStore
from orchestrator_worlds import World, arrived

NAMES = st.sampled_from(["header", "objective", "plan", "subtask/a", "subtask/b", 'odd "name"\n/ü'])
BODIES = st.binary(max_size=300) | st.none()


def live(number: int) -> Run:
    """A run right after its acceptance."""
    world = World()
    world.take(arrived(run_id=f"0190aaaa-0000-7000-8000-{number:012d}"))
    return world.live()


def parts_of(run: Run) -> dict[str, bytes]:
    """A run as its records."""
    return {name: part.to_json() for name, part in changed_parts(None, run) if part is not None}


def put(store: RunStore, run: Run) -> None:
    """Let a commit have written a run."""
    store.publish(run.header.run_id, run, dict(parts_of(run)))


@given(st.lists(st.dictionaries(NAMES, BODIES), max_size=5))
def test_pieces_are_read_as_their_records_would_be(pieces: list[dict[str, bytes | None]]) -> None:
    """A later piece overrides an earlier one, and a tombstone removes what was there."""
    expected: dict[str, bytes] = {}
    for piece in pieces:
        for name, body in piece.items():
            expected.pop(name, None)
            if body is not None:
                expected[name] = body
    assert unpack(b"".join(map(pack, pieces))) == expected


def test_an_idle_run_takes_less_than_its_records() -> None:
    """A run of a report is packed into less than half of its bytes."""
    parts = parts_of(live(1))
    assert len(pack(parts)) * 2 < sum(map(len, parts.values()))


def test_idle_runs_are_found_again_as_they_were() -> None:
    """Beyond the bound on decoded runs the least recently used is packed, and decoded again when it is asked for."""
    store, runs = RunStore(decoded_runs=2), [live(number) for number in range(5)]
    for run in runs:
        put(store, run)
    assert (len(store), store.live, store.decoded) == (5, 5, 2)
    assert [store.load(run.header.run_id) for run in runs] == runs
    assert store.decoded == 2
    assert store.load("0190aaaa-0000-7000-8000-00000000beef") is None


def test_large_runs_leave_room_for_fewer_decoded_ones() -> None:
    """The bound on bytes holds whatever the bound on runs allows; the latest run is always kept."""
    size = sum(map(len, parts_of(live(0)).values()))
    store = RunStore(decoded_runs=100, decoded_bytes=3 * size)
    for number in range(10):
        put(store, live(number))
    assert store.decoded == 3
    tiny = RunStore(decoded_bytes=1)
    put(tiny, live(1))
    put(tiny, live(2))
    assert tiny.decoded == 1
    assert tiny.load(live(2).header.run_id) == live(2)


def test_a_change_of_an_idle_run_keeps_its_other_parts() -> None:
    """A commit that changes one part of a packed run leaves the others as they were."""
    store, run = RunStore(decoded_runs=1), live(1)
    put(store, run)
    put(store, live(2))
    world = World(run=run)
    world.succeed("retrieve.1")
    changed = {name: None if part is None else part.to_json() for name, part in changed_parts(run, world.live())}
    assert set(changed) == {"header", "subtask/retrieve.1", "subtask/analyse"}
    store.publish(run.header.run_id, world.live(), changed)
    put(store, live(2))
    assert store.load(run.header.run_id) == world.live() == assemble(parts_of(world.live()))


def test_an_archived_run_leaves_nothing() -> None:
    """Terminal runs count as ended until they are archived; then nothing of them is left."""
    store, run = RunStore(), live(1)
    put(store, run)
    world = World(run=run)
    world.fire("run_deadline")
    ended = world.live()
    store.publish(ended.header.run_id, ended, {"header": ended.header.to_json()})
    assert (len(store), store.live, store.ended, store.decoded) == (1, 0, 1, 0)
    assert store.oldest_ended(5) == (ended.header.run_id,)
    store.publish(ended.header.run_id, None, dict.fromkeys(parts_of(run), None))
    assert (len(store), store.ended) == (0, 0)
    assert store.load(ended.header.run_id) is None
