"""Services as real processes, and a supervisor: what dies is started again, as systemd or Kubernetes would."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from chaos.brokers import Brokers
from chaos.checker.spans import Killed
from collegium.embedded.children import Child
from collegium.embedded.ports import LOOPBACK, free_port
from collegium.embedded.probe import http_ok, until

AGAIN_S = 0.2
"""The supervisor's pause before it starts what has died."""
READY_S = 60.0
GRACE_S = 25.0
_LOOK_S = 0.02


class FleetError(AssertionError):
    """A service did not do what a supervisor may expect of it."""


def _nothing(_: Path) -> None:
    """No data is needed."""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A service of a trial."""

    role: str
    """Names its instances: `orchestrator-1`."""
    command: tuple[str, ...]
    """What Python is given: `-m collegium.orchestrator`."""
    instances: int = 1
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    prepare: Callable[[Path], object] = _nothing
    """Puts into a new data directory what the service needs to find there."""


@dataclass(frozen=True, slots=True)
class Death:
    """A process that has ended."""

    pid: int
    status: int
    """Negative when a signal ended it."""
    at_s: float
    """By the monotonic clock."""
    at_ms: int
    """By the wall clock."""


class Instance:
    """One supervised place: `worker-2`. Its processes come and go; `life` counts them from 1."""

    def __init__(self, name: str, plan: ServicePlan, launch: Callable[["Instance"], "Launch"]) -> None:
        self.name = name
        self.plan = plan
        self.life = 0
        self.deaths: list[Death] = []
        self.faults: list[str] = []
        """Faults of the lives to come, one each: the first is given to the next process."""
        self.child: Child | None = None
        self.port = 0
        self.host = LOOPBACK
        self._launch = launch
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._retired = False
        self._changed = asyncio.Condition()

    @property
    def pid(self) -> int:
        """The running process."""
        if self.child is None or self.child.exit_code is not None:
            raise FleetError(f"{self.name} is not running")
        return self.child.pid

    async def keep(self) -> None:
        """Supervise until retired; ends the process when cancelled."""
        while not self._retired:
            await self._wanted.wait()
            await self._live()
            if not self._retired:
                await asyncio.sleep(AGAIN_S)

    async def _live(self) -> None:
        launch = self._launch(self)
        child = await Child.spawn(launch.command, log_path=launch.log, environment=launch.environment)
        async with self._changed:
            self.child, self.port, self.host = child, launch.port, launch.host
            self.life += 1
            self._changed.notify_all()
        try:
            status = await child.wait()
        finally:
            child.kill()
        async with self._changed:
            self.deaths.append(Death(child.pid, status, time.monotonic(), time.time_ns() // 1_000_000))
            self._changed.notify_all()

    # -- faults

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send(signal.SIGKILL)

    async def died(self, life: int, bound_s: float = READY_S) -> Death:
        """Wait until the process of that life has ended."""
        await self._until(lambda: len(self.deaths) >= life, f"life {life} has ended", bound_s)
        return self.deaths[life - 1]

    async def killed(self, life: int, bound_s: float = READY_S) -> Death:
        """Wait until SIGKILL has ended the process of that life: the fault has happened, and not another."""
        death = await self.died(life, bound_s)
        if death.status != -signal.SIGKILL:
            raise FleetError(f"{self.name}: life {life} was not killed, but ended with status {death.status}")
        return death

    async def stopped(self, bound_s: float = READY_S) -> None:
        """Wait until the process stands still, by SIGSTOP."""
        process = psutil.Process(self.pid)
        try:
            async with asyncio.timeout(bound_s):
                while process.status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110 - the kernel tells nobody
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise FleetError(f"{self.name} was not stopped within {bound_s} s") from None

    # -- orders

    async def ready(self, life: int = 1, bound_s: float = READY_S) -> None:
        """Wait until the process of that life, or a later one, answers that it is ready."""
        await self._until(lambda: self.life >= life, f"life {life} has begun", bound_s)
        try:
            async with asyncio.timeout(bound_s):
                await until(lambda: http_ok(self.port, "/readyz", host=self.host))
        except TimeoutError:
            raise FleetError(f"{self.name} was not ready within {bound_s} s") from None

    async def end(self) -> int:
        """SIGTERM, and no further life until `again`; the exit status."""
        self._wanted.clear()
        life, child = self.life, self.child
        if child is None or len(self.deaths) >= life:
            return 0 if not self.deaths else self.deaths[-1].status
        self.send(signal.SIGCONT)
        status = await child.stop(GRACE_S)
        await self.died(life)
        return status

    def again(self) -> None:
        """Let it live again after `end`."""
        self._wanted.set()

    async def retire(self) -> int:
        """End it for good; the exit status."""
        self._retired = True
        return await self.end()

    async def _until(self, condition: Callable[[], bool], what: str, bound_s: float) -> None:
        try:
            async with asyncio.timeout(bound_s), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            raise FleetError(f"{self.name}: not within {bound_s} s: {what}") from None


@dataclass(frozen=True, slots=True)
class Launch:
    """How the next process is started."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    port: int
    host: str


class Fleet:
    """All services of a trial.

    Args:
        brokers: Where they find Kafka.
        directory: Their data directories and logs.
        settings: `COLLEGIUM_...` of every service; a plan's and the brokers' own win over them.
        collector_port: Where they send their spans, at the trial's own process.
    """

    def __init__(self, brokers: Brokers, directory: Path, settings: Mapping[str, str], collector_port: int) -> None:
        self._collector_port = collector_port
        self._brokers = brokers
        self._directory = directory
        self._settings = settings
        self._instances: dict[str, Instance] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._ends: list[tuple[str, int]] = []
        self._all: list[Instance] = []

    def __getitem__(self, name: str) -> Instance:
        """An instance by name, such as `orchestrator-1`."""
        return self._instances[name]

    def of(self, role: str) -> list[Instance]:
        """The living instances of a role."""
        return [instance for instance in self._instances.values() if instance.plan.role == role]

    @property
    def instances(self) -> list[Instance]:
        """All of them."""
        return list(self._instances.values())

    def add(self, plan: ServicePlan, *faults: str) -> Instance:
        """Start one more instance of a service, its first lives with these faults."""
        numbers = {int(instance.name.rpartition("-")[2]) for instance in self.of(plan.role)}
        number = next(number for number in range(1, len(numbers) + 2) if number not in numbers)
        instance = Instance(f"{plan.role}-{number}", plan, self._launch)
        instance.faults.extend(faults)
        self._instances[instance.name] = instance
        self._all.append(instance)
        self._keepers[instance.name] = asyncio.create_task(instance.keep(), name=instance.name)
        return instance

    async def scale(self, role: str, count: int) -> None:
        """Start or retire instances of a role until there are so many, and wait until they are ready."""
        while len(self.of(role)) < count:
            self.add(self.of(role)[0].plan)
        async with asyncio.TaskGroup() as group:
            for instance in self.of(role)[count:]:
                group.create_task(self._retire(instance))
            for instance in self.of(role)[:count]:
                group.create_task(instance.ready(instance.life))

    async def _retire(self, instance: Instance) -> None:
        self._ends.append((instance.name, await instance.retire()))
        del self._instances[instance.name]
        await self._keepers.pop(instance.name)

    async def ready(self) -> None:
        """Wait until every instance is ready."""
        async with asyncio.TaskGroup() as group:
            for instance in self.instances:
                group.create_task(instance.ready())

    async def end(self) -> list[tuple[str, int]]:
        """SIGTERM to all, and wait; the exit status of each, and of those that were retired before."""
        async with asyncio.TaskGroup() as group:
            ending = {instance.name: group.create_task(instance.retire()) for instance in self.instances}
        return [*self._ends, *((name, task.result()) for name, task in ending.items())]

    @property
    def killed(self) -> list[Killed]:
        """The processes that died of SIGKILL."""
        return [
            Killed(instance.plan.role, self._brokers.own_pid(death.pid), death.at_ms)
            for instance in self._all
            for death in instance.deaths
            if death.status == -signal.SIGKILL
        ]

    async def clean_up(self) -> None:
        """Leave no process behind."""
        for task in self._keepers.values():
            task.cancel()
        if self._keepers:
            await asyncio.wait(self._keepers.values())

    def home(self, role: str) -> Path:
        """The data directory that all instances of a role share."""
        return self._directory / role

    def _launch(self, instance: Instance) -> Launch:
        host, port = self._brokers.host(instance.name), free_port()
        fault = {"COLLEGIUM_FAULT": instance.faults.pop(0)} if instance.faults else {}
        home = self.home(instance.plan.role)
        if not home.exists():
            home.mkdir(parents=True)
            instance.plan.prepare(home)
        environment = {
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            **self._settings,
            "COLLEGIUM_DATA_DIR": str(home),
            "COLLEGIUM_HTTP_HOST": host,
            "COLLEGIUM_HTTP_PORT": str(port),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{self._brokers.outside(instance.name)}:{self._collector_port}",
            **instance.plan.settings,
            **self._brokers.environment(instance.name),
            **fault,
        }
        command = self._brokers.command(instance.name, (sys.executable, *instance.plan.command))
        return Launch(command, environment, self._directory / f"{instance.name}.{instance.life + 1}.log", port, host)

    def logs(self) -> str:
        """The last lines of every service's log, for a failed cell."""
        told: list[str] = []
        for path in sorted(self._directory.glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()[-8:]
            told += [f"--- {path.name}", *lines]
        return "\n".join(told)
