"""Everything that can go wrong: one entry of a table each, with how often it is drawn."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from collegium.faults.points import Point
from collegium.log.port import Outgoing
from collegium.simulation.invariants import POISON
from collegium.simulation.link import Fate
from collegium.simulation.nodes import Node
from collegium.simulation.playbooks import ROLES
from collegium.simulation.processes import NAMES
from collegium.simulation.scenario import Fault
from collegium_schemas.objective import ObjectiveSubmitted

_CRASH_WITHIN: Final = 60
"""Callbacks; an idle process has some dozens of them while faults last."""
_EXPIRES_WITHIN_S: Final = 0.006
"""Most transactions are committed by then."""

Draws = tuple[float, float, float]
Met = Callable[[], None]
"""Called when a fault happens: at once, or when somebody comes to what waits for him."""


class Stage(Protocol):
    """What a fault can reach of a world."""

    def orchestrators(self) -> list[Node]:
        """Those alive."""
        ...

    def agents(self) -> list[Node]:
        """Those alive."""
        ...

    def after(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Call something later, unless the world is calm by then; what `mend`s is called at calm anyway."""
        ...

    def arm_point(self, point: str, met: Callable[[], None]) -> None:
        """The next node that gets there dies."""
        ...

    def add_node(self, role: str, lives_s: float) -> None:
        """One more process, for a while."""
        ...

    def rebalance(self, group: str) -> bool:
        """Ask all members of a group to join again; False when it has none."""
        ...

    def arm_request(self, operation: str, fate: Fate, met: Callable[[], None], *, of_agents: bool) -> None:
        """The next request of this kind, from any orchestrator or from any agent, has this fate."""
        ...

    def doom_transaction(self, after_s: float, met: Callable[[], None]) -> None:
        """The coordinator aborts the next transaction that is still open so long after it began."""
        ...

    def compact(self, topic: str, *, keep_tombstones: bool) -> bool:
        """Let the log cleaner run now; False when it finds nothing to remove."""
        ...

    def put(self, record: Outgoing, *, owed: bool) -> None:
        """Write a record as a foreign client would; `owed` when it must end among the dead letters."""
        ...

    def replay_result(self, which: float) -> bool:
        """An outcome that is in the log already arrives once more; False when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    weight: float
    what: str
    """For docs/simulation.md."""
    strike: Callable[[Stage, Draws, Met], None]
    """Does it, or lays it in wait; calls the last argument when it has happened to somebody."""


def strike(stage: Stage, fault: Fault, met: Met) -> None:
    """Let a fault happen.

    Args:
        stage: Where.
        fault: What.
        met: Called when it happens; never when it finds nobody.
    """
    KINDS[fault.kind].strike(stage, fault.draws, met)


def _pick(nodes: list[Node], draw: float) -> Node | None:
    return nodes[int(draw * len(nodes))] if nodes else None


def _any(stage: Stage, draw: float) -> Node | None:
    """Orchestrators and agents are equally likely, however many there are of each."""
    nodes = stage.orchestrators() if draw < 0.5 else stage.agents()
    return _pick(nodes, draw * 2 % 1)


def _crash(stage: Stage, draws: Draws, met: Met) -> None:
    node = _any(stage, draws[0])
    if node is not None:
        node.kill_at_step = node.steps + 1 + int(draws[1] ** 2 * _CRASH_WITHIN)
        node.crashed = met


def _crash_at_point(stage: Stage, draws: Draws, met: Met) -> None:
    points = [*Point]
    stage.arm_point(points[int(draws[0] * len(points))], met)


def _restart(stage: Stage, draws: Draws, met: Met) -> None:
    node = _any(stage, draws[0])
    if node is not None:
        node.stop()
        met()


def _zombie(stage: Stage, draws: Draws, met: Met) -> None:
    node = _any(stage, draws[0])
    if node is None or node.paused:
        return
    node.pause()
    stage.after(0.1 + 4 * draws[1] ** 2, node.resume)
    met()


def _partition(stage: Stage, draws: Draws, met: Met) -> None:
    node = _any(stage, draws[0])
    if node is None or node.link.partitioned:
        return
    node.link.cut()
    stage.after(0.1 + 4 * draws[1] ** 2, node.link.mend)
    met()


def _slow(stage: Stage, draws: Draws, met: Met) -> None:
    node = _any(stage, draws[0])
    if node is None:
        return
    link = node.link
    link.slowness = 2 + 100 * draws[1] ** 2

    def recover() -> None:
        link.slowness = 1.0

    stage.after(0.2 + 3 * draws[2], recover)
    met()


def _fetch_stall(stage: Stage, draws: Draws, met: Met) -> None:
    node = _any(stage, draws[0])
    if node is None:
        return
    link = node.link
    link.fetch_stalled = True

    def recover() -> None:
        link.fetch_stalled = False

    stage.after(0.1 + 2.5 * draws[1], recover)
    met()


def _clock_jump(stage: Stage, draws: Draws, met: Met) -> None:
    node = _any(stage, draws[0])
    if node is None:
        return
    reach_ms = 10_000 if draws[2] < 0.3 else 1_500
    node.clock_offset_ms += int((draws[1] * 2 - 1) * reach_ms)
    met()


def _rebalance(stage: Stage, draws: Draws, met: Met) -> None:
    if stage.rebalance("orchestrator" if draws[0] < 0.6 else ROLES[int(draws[1] * len(ROLES))]):
        met()


def _scale(stage: Stage, draws: Draws, met: Met) -> None:
    stage.add_node("orchestrator" if draws[0] < 0.6 else ROLES[int(draws[1] * len(ROLES))], 0.3 + 3 * draws[2])
    met()


def _expire(stage: Stage, draws: Draws, met: Met) -> None:
    stage.doom_transaction(draws[0] * _EXPIRES_WITHIN_S, met)


def _compact(stage: Stage, draws: Draws, met: Met) -> None:
    if stage.compact("run-state" if draws[0] < 0.7 else "control", keep_tombstones=draws[1] < 0.3):
        met()


def _replay(stage: Stage, draws: Draws, met: Met) -> None:
    if stage.replay_result(draws[0]):
        met()


def _request(operation: str, fates: tuple[Fate, ...], *, of_agents: bool) -> Callable[[Stage, Draws, Met], None]:
    def strike(stage: Stage, draws: Draws, met: Met) -> None:
        stage.arm_request(operation, fates[int(draws[1] * len(fates))], met, of_agents=of_agents)

    return strike


_GARBAGE: Final = (
    b"\xff\xfe\x00garbage",
    b"{",
    b"[]",
    b"null",
    b"",
    b'{"goal": 1}',
    b'{"run_id": "0", "unknown": true}',
    json.dumps({"goal": "x" * 9_000}).encode(),
)


def _poison(stage: Stage, draws: Draws, met: Met) -> None:
    topics = ("objectives", "interventions", "results", *(f"tasks.{role}" for role in ROLES), "control")
    topic = topics[int(draws[0] * len(topics))]
    body = _GARBAGE[int(draws[1] * len(_GARBAGE))]
    number = str(int(draws[2] * 1e9))
    headers: list[tuple[str, bytes]] = [(POISON, number.encode())]
    if draws[2] * 1_000 % 1 < 0.5:
        headers.append(("ce_type", ObjectiveSubmitted.TYPE.encode() if draws[2] < 0.5 else b"\xff"))
    key = f"run/{number}" if topic == "control" else f"poison-{number}"
    stage.put(Outgoing(NAMES(topic), key.encode(), body, tuple(headers)), owed=topic != "control")
    met()


_UNKNOWN: Final = (Fate.LOST, Fate.ANSWER_LOST, Fate.LATE, Fate.REFUSED)

KINDS: Final[dict[str, Kind]] = {
    "crash": Kind(4, "a process dies at any callback and is started again", _crash),
    "crash_at_point": Kind(3, "a process dies at a named fault point", _crash_at_point),
    "restart": Kind(1, "a process is asked to end, and is started again", _restart),
    "zombie": Kind(3, "a process is paused, maybe past its session, and goes on; its requests still arrive", _zombie),
    "partition": Kind(2, "a process and the brokers cannot reach each other", _partition),
    "slow": Kind(1, "everything between a process and the brokers takes up to 100 times longer", _slow),
    "fetch_stall": Kind(1, "a process reads nothing for a while", _fetch_stall),
    "clock_jump": Kind(1, "a process's clock jumps, forwards or backwards", _clock_jump),
    "rebalance": Kind(3, "a group rebalances", _rebalance),
    "scale": Kind(1, "one more process joins, and leaves again", _scale),
    "commit_unknown": Kind(
        4,
        "a commit is lost, refused, applied without an answer, or arrives late",
        _request("commit", _UNKNOWN, of_agents=False),
    ),
    "write_fails": Kind(
        3, "a batch of a transaction is lost, refused or late", _request("txn_produce", _UNKNOWN, of_agents=False)
    ),
    "transaction_aborted": Kind(2, "the coordinator aborts a transaction and fences its producer", _expire),
    "open_fails": Kind(1, "opening a producer is lost or not answered", _request("open", _UNKNOWN, of_agents=False)),
    "produce_fails": Kind(
        2,
        "an agent's batch is lost, unanswered, late or written twice",
        _request("produce", (*_UNKNOWN, Fate.TWICE), of_agents=True),
    ),
    "result_lost": Kind(
        2,
        "an outcome is acknowledged and vanishes, comes late and out of order, or twice",
        _request(NAMES("results"), (Fate.SWALLOWED, Fate.LATE, Fate.TWICE), of_agents=True),
    ),
    "result_replayed": Kind(2, "an old outcome arrives once more", _replay),
    "offsets_fail": Kind(
        1, "an agent's offset commit is lost, unanswered or late", _request("offsets", _UNKNOWN, of_agents=True)
    ),
    "effect_fails": Kind(
        3,
        "a call that changes the outside is lost, refused, unanswered or late",
        _request("effect", (*_UNKNOWN, Fate.ANSWER_LOST), of_agents=True),
    ),
    "poison": Kind(2, "garbage on an input topic", _poison),
    "compaction": Kind(1, "the log cleaner runs", _compact),
}
WEIGHTS: Final = {name: kind.weight for name, kind in KINDS.items()}
