"""The Log port in memory, with Kafka's semantics: the ground that simulation, notebooks and most tests stand on."""

from collegium.log.memory.broker import MemoryBroker
from collegium.log.memory.log import MemoryLog

__all__ = ["MemoryBroker", "MemoryLog"]
