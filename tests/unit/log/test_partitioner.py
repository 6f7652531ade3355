"""Keys find the same partition as with Kafka's Java client."""

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from collegium.log.partitioner import murmur2, partition_for

JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""From Kafka's own UtilsTest.testMurmur2; Java's int is signed."""


@pytest.mark.parametrize(("key", "hashed"), JAVA.items())
def test_murmur2_gives_javas_hashes(key: bytes, hashed: int) -> None:
    """The vectors of Kafka's own test."""
    assert murmur2(key) == hashed & 0xFFFFFFFF


@given(st.binary(max_size=200))
def test_murmur2_agrees_with_aiokafka(key: bytes) -> None:
    """Every length and every tail."""
    assert murmur2(key) == aiokafka_murmur2(key)


@given(st.binary(max_size=50), st.integers(1, 100))
def test_a_key_has_one_partition_of_those_that_exist(key: bytes, partitions: int) -> None:
    """The result is stable and in range."""
    assert partition_for(key, partitions) == partition_for(key, partitions)
    assert 0 <= partition_for(key, partitions) < partitions


def test_the_hash_is_made_positive_as_java_does() -> None:
    """Java masks the sign bit; the absolute value would give other partitions."""
    assert partition_for(b"21", 7) == (-973932308 & 0x7FFFFFFF) % 7
