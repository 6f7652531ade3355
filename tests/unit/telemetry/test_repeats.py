"""What libraries repeat is told once in a while."""

import logging

from collegium.telemetry.repeats import Repeats


def record(at_s: float, *, name: str = "aiokafka", port: int = 9092) -> logging.LogRecord:
    """A line at a time."""
    made = logging.LogRecord(name, logging.ERROR, "file", 1, "cannot connect to port %d", (port,), None)
    made.created = at_s
    return made


def test_the_same_words_are_told_once_in_a_while_with_their_number() -> None:
    """The first at once, the next after the pause, which says how many there were."""
    repeats = Repeats(quiet_s=30)
    passed = [each for at_s in range(40) if repeats.filter(each := record(1_000.0 + at_s))]
    assert [each.created for each in passed] == [1_000.0, 1_030.0]
    assert passed[1].getMessage() == "cannot connect to port 9092 (and 29 times more since)"


def test_other_words_and_our_own_loggers_pass() -> None:
    """Only what is word for word the same is held back, and never ours."""
    repeats = Repeats()
    assert all(repeats.filter(record(1.0, port=port)) for port in range(5))
    assert all(repeats.filter(record(1.0, name="collegium.log.startup")) for _ in range(5))


def test_memory_is_bounded() -> None:
    """A library that never repeats itself does not fill the memory."""
    repeats = Repeats()
    for port in range(10_000):
        repeats.filter(record(1.0, port=port))
    assert not repeats.filter(record(1.0, port=9_999))
    assert repeats.filter(record(1.0, port=0))
