"""The configuration of an embedded broker."""

import base64
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collegium.embedded.errors import PathUnusable
from collegium.embedded.ports import LOOPBACK
from collegium_schemas.limits import MAX_MESSAGE_BYTES

_UNUSABLE: Final = re.compile(r"[\n\r,]")
_ASCII_END: Final = 0x80


@dataclass(frozen=True, slots=True)
class NodePorts:
    """Where one node listens, on one address only: the loopback interface's, if no other is given."""

    broker: int
    controller: int
    host: str = LOOPBACK

    @property
    def bootstrap(self) -> str:
        """Where clients start."""
        return f"{self.host}:{self.broker}"

    @property
    def voter(self) -> str:
        """Where the other nodes find this one's controller."""
        return f"{self.host}:{self.controller}"


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """One combined broker and controller; several nodes name the same voters."""

    node_id: int
    ports: NodePorts
    log_directory: Path
    voters: tuple[tuple[int, str], ...]
    """(node id, `host:port` of its controller) of every node."""

    @property
    def bootstrap(self) -> str:
        """Where clients start."""
        return self.ports.bootstrap


def single_node(ports: NodePorts, log_directory: Path) -> NodeConfig:
    """The configuration of a node that is a cluster by itself."""
    return NodeConfig(1, ports, log_directory, ((1, ports.voter),))


def cluster_nodes(ports: Sequence[NodePorts], log_directories: Sequence[Path]) -> tuple[NodeConfig, ...]:
    """The configurations of nodes 1, 2, ... that are one cluster."""
    voters = tuple((number, each.voter) for number, each in enumerate(ports, 1))
    return tuple(
        NodeConfig(number, each, directory, voters)
        for number, (each, directory) in enumerate(zip(ports, log_directories, strict=True), 1)
    )


def server_properties(node: NodeConfig) -> str:
    """Kafka's `server.properties`."""
    copies = min(3, len(node.voters))
    in_sync = max(1, copies - 1)
    voters = ",".join(f"{node_id}@{address}" for node_id, address in node.voters)
    properties: dict[str, str | int] = {
        "process.roles": "broker,controller",
        "node.id": node.node_id,
        "controller.quorum.voters": voters,
        "listeners": f"BROKER://{node.bootstrap},CONTROLLER://{node.ports.voter}",
        "advertised.listeners": f"BROKER://{node.bootstrap}",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": _property_value(str(node.log_directory)),
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        # 50 partitions each by default: their creation is most of the first consumer's and producer's wait.
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.num.partitions": 8,
        # The first member of a group starts at once instead of waiting 3 s for others.
        "group.initial.rebalance.delay.ms": 0,
        # Lets a client ask for a fast failure detection; 6 s is the default's least.
        "group.min.session.timeout.ms": 1_000,
        # After a kill -9 the broker may register again only when its old session has expired: 9 s by default.
        "broker.session.timeout.ms": 3_000,
        "broker.heartbeat.interval.ms": 500,
        # The contracts' limit with its headers, and room for batches of small records.
        "message.max.bytes": max(2_097_152, MAX_MESSAGE_BYTES + 65_536),
        "log.segment.bytes": 67_108_864,
        "log.index.size.max.bytes": 1_048_576,
        "log.retention.hours": 168,
        # 128 MB by default, a third of our heap, for compacting far more keys than one machine has.
        "log.cleaner.dedupe.buffer.size": 8_388_608,
        "num.network.threads": 2,
        "num.io.threads": 4,
    }
    if len(node.voters) == 1:
        # Nobody could take over: giving up its leaderships while it stops would only keep clients waiting, and leave
        # transactions without an end with Kafka 4.3.0 to 4.4.0 (KAFKA-20734).
        properties["controlled.shutdown.enable"] = "false"
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def log4j2_properties() -> str:
    """Everything to standard output, which is the broker's log file."""
    return (
        "status = warn\n"
        "appender.console.type = Console\n"
        "appender.console.name = console\n"
        "appender.console.layout.type = PatternLayout\n"
        "appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} - %m%n\n"
        "rootLogger.level = info\n"
        "rootLogger.appenderRef.console.ref = console\n"
    )


def new_cluster_id() -> str:
    """A random id in Kafka's form: 16 bytes in URL-safe base64, not starting with a dash."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _property_value(path: str) -> str:
    """Escape a path for a Java properties file, which Kafka reads as Latin-1."""
    if _UNUSABLE.search(path):
        raise PathUnusable(path)
    units = path.replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return "".join(chr(code) if code < _ASCII_END else f"\\u{code:04x}" for code in codes)
