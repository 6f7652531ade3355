"""A real single-node Kafka on the loopback interface."""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from collegium.embedded.errors import BrokerCrashed, BrokerError
from collegium.embedded.handle import NodeHandle
from collegium.embedded.kafka_config import NodeConfig, NodePorts, new_cluster_id, single_node
from collegium.embedded.node import KafkaNode, NodeOptions, broker_answers
from collegium.embedded.ports import free_port, free_ports
from collegium.embedded.runtime import KafkaRuntime

__all__ = ["EmbeddedKafka", "broker_answers"]

_PORT_TRIES: Final = 3
_PORT_TAKEN: Final = "Address already in use"


class EmbeddedKafka(NodeHandle):
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
        self._data_dir = data_dir.absolute()
        self._preferred_port = port
        options = NodeOptions(heap_mb=heap_mb, start_timeout_s=start_timeout_s, stop_grace_s=stop_grace_s)
        super().__init__(KafkaNode(runtime, self._data_dir, log_path or self._data_dir / "broker.log", options))
        self._config: NodeConfig | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients.

        Raises:
            BrokerError: it has never been started.
        """
        if self._config is None:
            raise BrokerError("the broker has not been started")
        return self._config.bootstrap

    async def start(self) -> None:
        """Start the broker and wait until it answers a metadata request.

        Raises:
            BrokerCrashed: it ended; the error carries the log's last lines.
            BrokerNotReady: it does not answer in time; it has been stopped.
            PathUnusable: the data directory cannot be Kafka's.
            DataInUse: another broker uses it.
        """
        for attempt in range(1, _PORT_TRIES + 1):
            config = self._config or self._new_config()
            try:
                await self._process.start(config, new_cluster_id())
            except BrokerCrashed as crash:
                lost_race = self._config is None and any(_PORT_TAKEN in line for line in crash.last_lines)
                if not lost_race or attempt == _PORT_TRIES:
                    raise
                self._preferred_port = 0
            else:
                self._config = config
                return

    def kill(self) -> None:
        """End the broker at once, as a crash would: for an impatient user and for fault tests."""
        self._process.kill()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _new_config(self) -> NodeConfig:
        broker = free_port(self._preferred_port)
        controller = next(port for port in free_ports(2) if port != broker)
        return single_node(NodePorts(broker, controller), self._data_dir / "log")
