"""One simulated world, from its first record to the last run's end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from collegium.agent.errors import LogGone
from collegium.log.errors import LogError
from collegium.log.port import Outgoing, TopicPartition
from collegium.log.topics import required
from collegium.orchestrator.shell.parts import POSITION_KEY
from collegium.simulation.broker import SimulatedBroker
from collegium.simulation.client import Client
from collegium.simulation.errors import SimulationError, Violation, as_failure, leaves
from collegium.simulation.faults import strike
from collegium.simulation.invariants import Checker
from collegium.simulation.link import OUTSIDE, Fate, Fates, Link
from collegium.simulation.log import SimulatedLog
from collegium.simulation.loop import HOST, VirtualLoop
from collegium.simulation.nodes import Node
from collegium.simulation.outside import Outside, SimulatedTarget
from collegium.simulation.playbooks import EXECUTING, ROLES
from collegium.simulation.processes import NAMES, Instruments, agent, orchestrator, rules
from collegium.simulation.scenario import Fault, Scenario
from collegium.simulation.specialists import Counts, SimulatedDoer, SimulatedSpecialist

START_MS: Final = 1_760_000_000_000
LIVENESS_S: Final = 60.0
"""Virtual time after the last fault within which every run must have ended."""

_TASK_PARTITIONS: Final = 2
_AFTERMATH_S: Final = 1.0
_LOOK_S: Final = 0.2
_FORESEEN: Final = (LogError, LogGone)
"""What a process may end with when the brokers are away: its supervisor starts it again."""


@dataclass(slots=True)
class Outcome:
    """What became of a world."""

    seed: int
    history: str
    """Hash over every record, offset, decision and virtual time."""
    runs: int
    decisions: int
    transactions: int
    virtual_s: float
    steps: int
    struck: dict[str, int] = field(default_factory=dict[str, int])
    """Faults that happened, by kind."""
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    failure: SimulationError | None = None

    @property
    def invariant(self) -> str:
        """What was violated; empty when everything holds."""
        if self.failure is None:
            return ""
        return self.failure.invariant if isinstance(self.failure, Violation) else type(self.failure).__name__


class World:
    """Everything of one scenario. Implements `Stage` for its faults.

    Args:
        scenario: What is in it.
        measured: Metrics, shared with other worlds.
    """

    def __init__(self, scenario: Scenario, measured: Instruments) -> None:
        self._scenario = scenario
        self._measured = measured
        seed = scenario.seed
        self._random = _stream("world", seed)
        self.loop = VirtualLoop(_stream("order", seed), in_order=scenario.in_order)
        self.loop.adopt = _adopt
        self.outside = Outside(deduplicates=scenario.sizes.deduplicates, tells=scenario.sizes.tells)
        self.checker = Checker(NAMES, rules(scenario.sizes), self.outside)
        self.broker = SimulatedBroker(
            self.loop,
            lambda: START_MS + int(self.loop.time() * 1_000),
            _stream("broker", seed),
            self.checker,
        )
        self.checker.watch(self.broker)
        self._nodes: dict[str, Node] = {}
        self._roles: dict[str, str] = {}
        self._incarnations = 0
        self._points: list[tuple[str, Callable[[], None]]] = []
        self._fates = {True: Fates(), False: Fates()}
        self._mends: dict[int, Callable[[], None]] = {}
        self._struck: dict[str, int] = {}
        self._poison: list[str] = []
        self._buried: list[Node] = []
        self._calm = False
        self._over = False
        self.counts = Counts()

    def run(self) -> Outcome:
        """Live through it. A violation, and any other error of the world, is in the outcome, not raised."""
        lived, buried = _failure_of(self._to_the_end), _failure_of(self._bury)
        statuses: dict[str, int] = {}
        for status in self.checker.histories.ended.values():
            statuses[status] = statuses.get(status, 0) + 1
        return Outcome(
            seed=self._scenario.seed,
            history=self.broker.history,
            runs=len(self.checker.histories.ended),
            decisions=self.checker.histories.decisions,
            transactions=self.checker.transactions,
            virtual_s=self.loop.time(),
            steps=self.loop.steps,
            struck=self._struck,
            statuses=statuses,
            failure=lived or buried,
        )

    def _to_the_end(self) -> None:
        self.loop.run_until_complete(self._live())
        self._look_back()

    async def _live(self) -> None:
        sizes = self._scenario.sizes
        topics = required(NAMES, ROLES, sizes.partitions)
        self.broker.create(
            [replace(topic, partitions=_TASK_PARTITIONS) if ".tasks." in topic.name else topic for topic in topics]
        )
        for _ in range(sizes.orchestrators):
            self._start("orchestrator")
        for role in ROLES:
            for _ in range(sizes.agents):
                self._start(role)
        for fault in self._scenario.faults:
            self._later(fault.at_s, lambda fault=fault: self._strike(fault))
        self._later(self._scenario.calm_at_s, self._calm_down)
        link = Link("client", self.loop, self._random)
        log = SimulatedLog(self.broker, link, self._random, "client", self.checker)
        async with asyncio.TaskGroup() as group:
            client = Client(log, link, self.checker, self._scenario, START_MS)
            group.create_task(client.run())
            answering = group.create_task(client.answer(self.outside))
            await self._all_ended()
            answering.cancel()

    async def _all_ended(self) -> None:
        bound_s = self._scenario.calm_at_s + LIVENESS_S
        archives = self._scenario.sizes.archive_after_ms < 60_000
        while True:
            await asyncio.sleep(_LOOK_S)
            open_runs = self.checker.unfinished()
            waiting = bool(open_runs) or (archives and self.checker.histories.remembered > 0)
            owed = self.checker.unburied(self._poison)
            if self._calm and not waiting and not owed:
                break
            if self.loop.time() > bound_s:
                self.loop.fail(
                    Violation(
                        "every_run_ends",
                        f"{LIVENESS_S:.0f} s after the last fault: runs {open_runs[:3]} are open, "
                        f"{self.checker.histories.remembered} are remembered, poison {owed[:3]} is not buried",
                    )
                )
                return
        await asyncio.sleep(_AFTERMATH_S)

    # -- processes

    def _start(self, role: str) -> Node:
        self._incarnations += 1
        name = f"{role}-{self._incarnations}"
        node = Node(name, self.loop, self._random, self._fates[role != "orchestrator"])
        self._nodes[name] = node
        self._roles[name] = role
        log = SimulatedLog(self.broker, node.link, self._random, name, self.checker)

        def clock() -> int:
            return START_MS + int(self.loop.time() * 1_000) + node.clock_offset_ms

        def reached(point: str) -> None:
            self._reached(node, point)

        def published(run_id: str, version: int) -> None:
            self._published(node, run_id, version)

        async def orchestrate() -> None:
            async with log:
                await orchestrator(
                    name=name, log=log, clock=clock, random=self._random, sizes=self._scenario.sizes,
                    measured=self._measured, published=published, reached=reached,
                ).run()  # fmt: skip

        async def specialise() -> None:
            specialist = self._specialist(role, node)
            async with log:
                runtime = agent(
                    name=name, log=log, clock=clock, random=self._random, sizes=self._scenario.sizes,
                    measured=self._measured, specialist=specialist, reached=reached,
                )  # fmt: skip
                node.drain = runtime.drain
                await runtime.run()

        node.killed = lambda: self._gone(node)
        node.start(orchestrate if role == "orchestrator" else specialise, self._ended)
        return node

    def _specialist(self, role: str, node: Node) -> SimulatedSpecialist:
        seed, temper = self._scenario.seed, self._scenario.temper
        if role != EXECUTING:
            return SimulatedSpecialist(role, seed, node.name, temper, self.counts)
        target = SimulatedTarget(self.outside, node.link, temper.fails)
        return SimulatedDoer(role, seed, node.name, temper, self.counts, target)

    def _ended(self, node: Node) -> None:
        """A process has ended by itself; a supervisor starts the next one."""
        for error in leaves(node.ended):
            if not isinstance(error, (*_FORESEEN, asyncio.CancelledError)):
                self.loop.fail(as_failure(error, node.name))
                return
        self._gone(node)

    def _gone(self, node: Node) -> None:
        self._nodes.pop(node.name, None)
        role = self._roles.pop(node.name)
        self._buried.append(node)
        self.broker.note(f"{self.loop.time():.6f} {node.name} is gone\n")
        if not self._over and not node.temporary:
            self._later(0.05 if self._calm else 0.05 + 1.5 * self._random.random(), lambda: self._again(role))

    def _again(self, role: str) -> None:
        if not self._over:
            self._start(role)

    def _reached(self, node: Node, point: str) -> None:
        armed = next((each for each in self._points if each[0] == point), None)
        if armed is not None and not node.dead:
            self._points.remove(armed)
            armed[1]()
            self._struck_by(f"at {point}")
            node.kill()
        if node.dead:
            raise asyncio.CancelledError

    def _published(self, node: Node, run_id: str, version: int) -> None:
        if node.dead:
            return
        try:
            self.checker.histories.published(run_id, version)
        except Violation as violation:
            self.loop.fail(violation)

    # -- Stage

    def orchestrators(self) -> list[Node]:
        """Those alive."""
        return [node for name, node in self._nodes.items() if self._roles[name] == "orchestrator"]

    def agents(self) -> list[Node]:
        """Those alive."""
        return [node for name, node in self._nodes.items() if self._roles[name] != "orchestrator"]

    def after(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Mend something after a while, or when the world calms down, whichever is first."""
        number = self.loop.next_number()
        self._mends[number] = callback

        def mend() -> None:
            due = self._mends.pop(number, None)
            if due is not None:
                due()

        self._later(delay_s, mend)

    def arm_point(self, point: str, met: Callable[[], None]) -> None:
        """The next node that gets there dies."""
        self._points.append((point, met))

    def arm_request(self, operation: str, fate: Fate, met: Callable[[], None], *, of_agents: bool) -> None:
        """The next request of this kind, from any orchestrator or from any agent, has this fate."""
        self._fates[of_agents].arm(operation, fate, met)

    def add_node(self, role: str, lives_s: float) -> None:
        """One more process, for a while."""
        node = self._start(role)
        node.temporary = True
        self.after(lives_s, node.stop)

    def rebalance(self, group: str) -> bool:
        """Ask all members of a group to join again."""
        return self.broker.group(NAMES(group)).rebalance()

    def doom_transaction(self, after_s: float, met: Callable[[], None]) -> None:
        """The coordinator aborts the next transaction that is still open so long after it began."""
        self.broker.coordinator.doom(after_s, met)

    def compact(self, topic: str, *, keep_tombstones: bool) -> bool:
        """Let the log cleaner run now."""
        return self.broker.cleaned(NAMES(topic), keep_tombstones=keep_tombstones) > 0

    def put(self, record: Outgoing, *, owed: bool) -> None:
        """Write a record as a foreign client would."""
        self.broker.append(record, self.broker.route(record))
        if owed:
            self._poison.append(record.headers[0][1].decode())

    def replay_result(self, which: float) -> bool:
        """An outcome that is in the log already arrives once more."""
        number = int(which * self._scenario.sizes.partitions)
        log = self.broker.partition(TopicPartition(NAMES("results"), number))
        records, _ = log.read(int(which * 1_000) % max(1, log.end), 1)
        for record in records:
            self.broker.append(Outgoing(record.topic, record.key, record.value, record.headers, number), log)
        return bool(records)

    # -- time

    def _later(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.loop.call_later(delay_s, callback, context=OUTSIDE)

    def _strike(self, fault: Fault) -> None:
        strike(self, fault, lambda: self._struck_by(fault.kind))

    def _struck_by(self, what: str) -> None:
        self._struck[what] = self._struck.get(what, 0) + 1
        self.broker.note(f"{self.loop.time():.6f} {what}\n")

    def _calm_down(self) -> None:
        """Faults stop, and everything that they broke is mended."""
        self._calm = True
        self._points.clear()
        mends, self._mends = self._mends, {}
        for mend in mends.values():
            mend()
        for node in self._nodes.values():
            node.kill_at_step = None
            node.clock_offset_ms = 0
        for fates in self._fates.values():
            fates.disarm()
        self.broker.coordinator.doomed.clear()

    # -- the end

    def _bury(self) -> None:
        """End everything, so that nothing of this world is left in the process."""
        self._over = True
        self.loop.forgive()

        async def end() -> None:
            for node in list(self._nodes.values()):
                node.kill()
            for node in self._buried:
                await node.buried()

        try:
            self.loop.run_until_complete(end())
            others = asyncio.all_tasks(self.loop)
            for task in others:
                task.cancel()
            if others:
                self.loop.run_until_complete(asyncio.wait(others))
        finally:
            self.loop.close()

    def _look_back(self) -> None:
        """What a reader of run-state finds now is what the checker has seen being written."""
        found: dict[str, dict[str, bytes]] = {}
        for number in range(self._scenario.sizes.partitions):
            records, _ = self.broker.partition(TopicPartition(NAMES("run-state"), number)).read(0, 1_000_000)
            for record in records:
                key = (record.key or b"").decode()
                if key.startswith(POSITION_KEY):
                    continue
                run_id, _, part = key.partition("/")
                if record.value is None:
                    found.get(run_id, {}).pop(part, None)
                else:
                    found.setdefault(run_id, {})[part] = record.value
        self.checker.histories.all_undone()
        self.checker.histories.agrees({run_id: parts for run_id, parts in found.items() if parts})


def _stream(name: str, seed: int) -> Random:
    return Random(f"{name}/{seed}")  # noqa: S311 - a seed must give the same world again


def _adopt(task: asyncio.Task[object]) -> None:
    node = HOST.get()
    if isinstance(node, Node):
        node.adopt(task)


def _failure_of(act: Callable[[], None]) -> SimulationError | None:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever runs thousands of worlds must be told the seed
        return as_failure(error, "the world")
    return None
