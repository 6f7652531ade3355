"""One Kafka node as a process: combined broker and controller (KRaft), alone or one of several."""

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from collegium.embedded.children import Child
from collegium.embedded.errors import BrokerCrashed, BrokerError, BrokerNotReady, DataInUse
from collegium.embedded.files import FileLock, replace_text
from collegium.embedded.kafka_config import NodeConfig, log4j2_properties, server_properties
from collegium.embedded.logs import last_lines, trim_log
from collegium.embedded.probe import accepts_connections, until
from collegium.embedded.runtime import BROKER_CLASS, STORAGE_TOOL_CLASS, KafkaRuntime

_FORMAT_HEAP_MB: Final = 128

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """How a node's process runs."""

    heap_mb: int = 384
    """The bound of the Java heap."""
    start_timeout_s: float = 60.0
    """How long a start may take."""
    stop_grace_s: float = 15.0
    """How long a clean stop may take before the process is killed."""
    launcher: Sequence[str] = ()
    """Goes before the command: `nice -n 10`, or what enters a network namespace. It must become the command (exec)."""


class KafkaNode:
    """A node's process, its configuration and its data; started, stopped, killed and paused at will.

    Args:
        runtime: Java and Kafka, as `setup.prepare_kafka` returns it.
        data_dir: The node's own directory, for everything but the log if `start` says so.
        log_path: Where the node's output goes.
        options: How the process runs.
    """

    def __init__(self, runtime: KafkaRuntime, data_dir: Path, log_path: Path, options: NodeOptions) -> None:
        self._runtime = runtime
        self._data_dir = data_dir
        self._log_path = log_path
        self._options = options
        self._child: Child | None = None
        self._lock = FileLock(self._data_dir / "embedded.lock")

    @property
    def log_path(self) -> Path:
        """The node's log."""
        return self._log_path

    @property
    def pid(self) -> int:
        """The node's process id.

        Raises:
            BrokerError: it has not been started, or has been stopped.
        """
        return self._started().pid

    @property
    def running(self) -> bool:
        """Whether the process lives, paused or not."""
        return self._child is not None and self._child.exit_code is None

    async def start(self, config: NodeConfig, cluster_id: str) -> None:
        """Start and wait until a metadata request is answered, for which a cluster needs a majority of its nodes.

        Args:
            config: Addresses, log directory and fellow nodes.
            cluster_id: Of the cluster that the data belong to; only the first start, which formats, uses it.

        Raises:
            BrokerCrashed: it ended; the error carries the log's last lines.
            BrokerNotReady: it does not answer in time; it has been stopped.
            PathUnusable: the log directory cannot be Kafka's.
            DataInUse: another node uses the data directory.
        """
        if self._child is not None:
            if self._child.exit_code is None:
                raise BrokerError("the broker is running already")
            await self.stop()
        # Kafka has a lock of its own, but takes 15 s to say so, after our configuration has replaced the other's.
        if not self._lock.acquire():
            raise DataInUse(self._data_dir)
        try:
            await self._start(config, cluster_id)
        except BaseException:
            self._lock.release()
            raise

    async def stop(self) -> None:
        """Stop cleanly, or kill after the grace. Idempotent."""
        if self._child is not None:
            child, self._child = self._child, None
            if child.exit_code is None:
                self._send(child, signal.SIGCONT)  # a paused process would not hear the request to stop
            await child.stop(self._options.stop_grace_s)
        self._lock.release()

    def kill(self) -> None:
        """End the process at once, as a crash would. Idempotent."""
        if self._child is not None:
            self._child.kill()

    def pause(self) -> None:
        """Let the process stand still (SIGSTOP): its sockets stay open and nothing answers."""
        self._send(self._started(), signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self._send(self._started(), signal.SIGCONT)

    async def wait_crash(self) -> BrokerCrashed:
        """Wait until the process ends by itself; what happened."""
        return self._crash(await self._started().wait())

    async def _start(self, config: NodeConfig, cluster_id: str) -> None:
        await asyncio.to_thread(self._write_configuration, config)
        if not (config.log_directory / "meta.properties").exists():
            await self._format(cluster_id)
        # Native libraries are unpacked to a temporary directory; one of ours, so that a kill leaves nothing outside.
        runtime = self._runtime.with_flags(
            f"-Djava.io.tmpdir={self._data_dir / 'tmp'}",
            f"-Dlog4j2.configurationFile={self._data_dir / 'log4j2.properties'}",
        )
        command = runtime.command(BROKER_CLASS, [str(self._properties)], heap_mb=self._options.heap_mb)
        child = await Child.spawn((*self._options.launcher, *command), log_path=self._log_path)
        try:
            await self._until_ready(child, config)
        except BaseException:
            await child.stop(self._options.stop_grace_s)
            raise
        self._child = child
        logger.info("Kafka answers at %s", config.bootstrap)

    def _write_configuration(self, config: NodeConfig) -> None:
        trim_log(self._log_path)
        (self._data_dir / "tmp").mkdir(parents=True, exist_ok=True)
        replace_text(self._properties, server_properties(config))
        replace_text(self._data_dir / "log4j2.properties", log4j2_properties())

    @property
    def _properties(self) -> Path:
        return self._data_dir / "server.properties"

    async def _format(self, cluster_id: str) -> None:
        """Let Kafka's own tool do it (0.7 s once): it also writes the feature levels that this release stands for."""
        arguments = ["format", "--cluster-id", cluster_id, "--config", str(self._properties)]
        command = self._runtime.command(STORAGE_TOOL_CLASS, arguments, heap_mb=_FORMAT_HEAP_MB)
        child = await Child.spawn(command, log_path=self._log_path)
        try:
            async with asyncio.timeout(self._options.start_timeout_s):
                exit_code = await child.wait()
        finally:
            await child.stop(0)
        if exit_code != 0:
            raise self._crash(exit_code)

    async def _until_ready(self, child: Child, config: NodeConfig) -> None:
        timeout_s = self._options.start_timeout_s
        ended = asyncio.create_task(child.wait())
        answered = asyncio.create_task(until(lambda: broker_answers(config.bootstrap, timeout_s=5.0)))
        try:
            await asyncio.wait({ended, answered}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                answered.result()
            elif ended.done():
                raise self._crash(ended.result())
            else:
                raise BrokerNotReady(config.bootstrap, timeout_s, self._log_path, last_lines(self._log_path))
        finally:
            ended.cancel()
            answered.cancel()
            await asyncio.wait({ended, answered})

    def _started(self) -> Child:
        if self._child is None:
            raise BrokerError("the broker is not running")
        return self._child

    @staticmethod
    def _send(child: Child, number: signal.Signals) -> None:
        if child.exit_code is None:
            os.kill(child.pid, number)

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
