"""Which partition a key belongs to: the same answer as Kafka's Java client, in both adapters.

A run's home is `partition_for(run_id, partitions)`; the orchestrator asks this module as well.
"""

from functools import lru_cache
from struct import iter_unpack
from typing import Final

_SEED: Final = 0x9747B28C
_MULTIPLIER: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF
_POSITIVE: Final = 0x7FFFFFFF


@lru_cache(maxsize=16_384)
def murmur2(data: bytes) -> int:
    """MurmurHash2 as in org.apache.kafka.common.utils.Utils.murmur2, as an unsigned 32-bit number.

    Keys repeat (every message of a run has the same one), hence the cache.
    """
    length = len(data)
    whole = length & ~3
    h = _SEED ^ length
    for (k,) in iter_unpack("<I", data[:whole]):
        k = k * _MULTIPLIER & _MASK
        h = (h * _MULTIPLIER & _MASK) ^ ((k ^ k >> 24) * _MULTIPLIER & _MASK)
    if whole < length:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _MASK
    h = (h ^ h >> 13) * _MULTIPLIER & _MASK
    return h ^ h >> 15


def partition_for(key: bytes, partitions: int) -> int:
    """The partition of a key in a topic with so many partitions, as Java's default partitioner chooses it."""
    return (murmur2(key) & _POSITIVE) % partitions
