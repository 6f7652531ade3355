"""A real single-node Kafka: combined broker and controller (KRaft), on the loopback interface."""

import asyncio
import logging
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from collegium.embedded.children import Child
from collegium.embedded.errors import BrokerCrashed, BrokerError, BrokerNotReady, DataInUse
from collegium.embedded.files import FileLock, replace_text
from collegium.embedded.kafka_config import (
    NodeConfig,
    NodePorts,
    log4j2_properties,
    new_cluster_id,
    server_properties,
    single_node,
)
from collegium.embedded.logs import last_lines, trim_log
from collegium.embedded.ports import LOOPBACK, free_port, free_ports
from collegium.embedded.probe import accepts_connections, until
from collegium.embedded.runtime import BROKER_CLASS, STORAGE_TOOL_CLASS, KafkaRuntime

_PORT_TRIES: Final = 3
_PORT_TAKEN: Final = "Address already in use"

logger = logging.getLogger(__name__)


class EmbeddedKafka:
    """A broker that lives as long as this object is entered (or between `start` and `stop`).

    Data stays in `data_dir`: a second start finds what the first one was told. Stopping and starting the same
    object keeps its port, so that clients find it again.

    Args:
        runtime: Java and Kafka, as `setup.prepare_kafka` returns it.
        data_dir: The broker's own directory.
        log_path: Where the broker's output goes; `data_dir`/broker.log by default.
        port: The port that clients should find it on; another one when it is taken, any free one by default.
        heap_mb: The bound of the Java heap.
        start_timeout_s: How long a start may take.
        stop_grace_s: How long a clean stop may take before the process is killed.
    """

    def __init__(
        self,
        runtime: KafkaRuntime,
        data_dir: Path,
        *,
        log_path: Path | None = None,
        port: int = 0,
        heap_mb: int = 384,
        start_timeout_s: float = 60.0,
        stop_grace_s: float = 15.0,
    ) -> None:
        self._runtime = runtime
        self._data_dir = data_dir.absolute()
        self._log_path = log_path or self._data_dir / "broker.log"
        self._preferred_port = port
        self._heap_mb = heap_mb
        self._start_timeout_s = start_timeout_s
        self._stop_grace_s = stop_grace_s
        self._node: NodeConfig | None = None
        self._child: Child | None = None
        self._lock = FileLock(self._data_dir / "embedded.lock")

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients.

        Raises:
            BrokerError: it has never been started.
        """
        if self._node is None:
            raise BrokerError("the broker has not been started")
        return self._node.bootstrap

    @property
    def log_path(self) -> Path:
        """The broker's log."""
        return self._log_path

    @property
    def pid(self) -> int:
        """The broker's process id."""
        return self._running().pid

    async def start(self) -> None:
        """Start the broker and wait until it answers a metadata request.

        Raises:
            BrokerCrashed: it ended; the error carries the log's last lines.
            BrokerNotReady: it does not answer in time; it has been stopped.
            PathUnusable: the data directory cannot be Kafka's.
            DataInUse: another broker uses it.
        """
        if self._child is not None:
            if self._child.exit_code is None:
                raise BrokerError("the broker is running already")
            await self.stop()
        # Kafka has a lock of its own, but takes 15 s to say so, after our configuration has replaced the other's.
        if not self._lock.acquire():
            raise DataInUse(self._data_dir)
        try:
            await self._start_on_free_ports()
        except BaseException:
            self._lock.release()
            raise

    async def _start_on_free_ports(self) -> None:
        for attempt in range(1, _PORT_TRIES + 1):
            node = self._node or self._new_node()
            try:
                await self._start(node)
            except BrokerCrashed as crash:
                lost_race = self._node is None and any(_PORT_TAKEN in line for line in crash.last_lines)
                if not lost_race or attempt == _PORT_TRIES:
                    raise
                self._preferred_port = 0
            else:
                self._node = node
                return

    async def stop(self) -> None:
        """Stop cleanly, or kill after the grace. Idempotent."""
        if self._child is not None:
            child, self._child = self._child, None
            await child.stop(self._stop_grace_s)
        self._lock.release()

    def kill(self) -> None:
        """End the broker at once, as a crash would: for an impatient user and for fault tests."""
        if self._child is not None:
            self._child.kill()

    async def wait_crash(self) -> BrokerCrashed:
        """Wait until the process ends by itself; what happened."""
        return self._crash(await self._running().wait())

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _new_node(self) -> NodeConfig:
        broker = free_port(self._preferred_port)
        controller = next(port for port in free_ports(2) if port != broker)
        return single_node(NodePorts(broker, controller), self._data_dir / "log")

    async def _start(self, node: NodeConfig) -> None:
        await asyncio.to_thread(self._write_configuration, node)
        if not (node.log_directory / "meta.properties").exists():
            await self._format()
        # Native libraries are unpacked to a temporary directory; one of ours, so that a kill leaves nothing outside.
        runtime = self._runtime.with_flags(
            f"-Djava.io.tmpdir={self._data_dir / 'tmp'}",
            f"-Dlog4j2.configurationFile={self._data_dir / 'log4j2.properties'}",
        )
        command = runtime.command(BROKER_CLASS, [str(self._properties)], heap_mb=self._heap_mb)
        child = await Child.spawn(command, log_path=self._log_path)
        try:
            await self._until_ready(child, node)
        except BaseException:
            await child.stop(self._stop_grace_s)
            raise
        self._child = child
        logger.info("Kafka answers at %s", node.bootstrap)

    def _write_configuration(self, node: NodeConfig) -> None:
        trim_log(self._log_path)
        (self._data_dir / "tmp").mkdir(parents=True, exist_ok=True)
        replace_text(self._properties, server_properties(node))
        replace_text(self._data_dir / "log4j2.properties", log4j2_properties())

    @property
    def _properties(self) -> Path:
        return self._data_dir / "server.properties"

    async def _format(self) -> None:
        """Let Kafka's own tool do it (0.7 s once): it also writes the feature levels that this release stands for."""
        arguments = ["format", "--cluster-id", new_cluster_id(), "--config", str(self._properties)]
        command = self._runtime.command(STORAGE_TOOL_CLASS, arguments, heap_mb=128)
        child = await Child.spawn(command, log_path=self._log_path)
        try:
            async with asyncio.timeout(self._start_timeout_s):
                exit_code = await child.wait()
        finally:
            await child.stop(0)
        if exit_code != 0:
            raise self._crash(exit_code)

    async def _until_ready(self, child: Child, node: NodeConfig) -> None:
        ended = asyncio.create_task(child.wait())
        answered = asyncio.create_task(_answers(node.ports.broker))
        try:
            await asyncio.wait({ended, answered}, timeout=self._start_timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                answered.result()
            elif ended.done():
                raise self._crash(ended.result())
            else:
                lines = last_lines(self._log_path)
                raise BrokerNotReady(node.bootstrap, self._start_timeout_s, self._log_path, lines)
        finally:
            ended.cancel()
            answered.cancel()
            await asyncio.wait({ended, answered})

    def _running(self) -> Child:
        if self._child is None:
            raise BrokerError("the broker is not running")
        return self._child

    def _crash(self, exit_code: int) -> BrokerCrashed:
        return BrokerCrashed(exit_code, self._log_path, last_lines(self._log_path))


async def broker_answers(bootstrap: str, *, timeout_s: float) -> bool:
    """Whether a Kafka without access control answers a metadata request in time. `bootstrap` may list several."""
    # aiokafka logs each refused connection as an error: knock by hand first.
    if not await _knock(bootstrap, timeout_s):
        return False
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=max(1, int(timeout_s * 1_000)))
    try:
        async with asyncio.timeout(timeout_s):
            await admin.start()
            await admin.list_topics()
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
    return True


async def _knock(bootstrap: str, timeout_s: float) -> bool:
    addresses = [address.strip().rpartition(":") for address in bootstrap.split(",")]
    knocks = [
        accepts_connections(host, int(port), timeout_s=timeout_s) for host, _, port in addresses if port.isdigit()
    ]
    return any(await asyncio.gather(*knocks))


async def _answers(port: int) -> None:
    """Return when a metadata request is answered. The caller bounds it."""
    await until(lambda: broker_answers(f"{LOOPBACK}:{port}", timeout_s=5.0))
