"""Gate, text, entries and settings."""

import asyncio

import pytest
from pydantic import ValidationError

from collegium.agent.entries import Entry, refs
from collegium.agent.gate import Gate
from collegium.agent.settings import AgentSettings
from collegium.agent.text import explain, one_line
from collegium.log.port import Position
from collegium.log.topics import TopicNames
from collegium_schemas import limits


async def test_the_gate_closes_at_high_water_and_opens_at_low_water() -> None:
    """Between the marks it stays as it was, so that intake does not flutter."""
    gate = Gate(high=4, low=2)
    capacities: list[int] = []
    for _ in range(4):
        gate.enter()
        capacities.append(gate.capacity)
    for _ in range(4):
        gate.leave()
        capacities.append(gate.capacity)
    assert capacities == [3, 2, 1, 0, 0, 2, 3, 4]


async def test_the_gate_can_be_waited_for() -> None:
    """Waiting ends when it opens, when it is empty, or when the time is over."""
    gate = Gate(high=2, low=1)
    gate.enter()
    gate.enter()
    assert not await gate.opened(1)
    waiting = asyncio.create_task(gate.opened(10_000))
    emptying = asyncio.create_task(gate.emptied(10_000))
    gate.leave()
    assert await waiting
    assert not emptying.done()
    gate.leave()
    assert await emptying


@pytest.mark.parametrize(("high", "low"), [(1, 1), (0, 0), (3, -1)])
def test_the_gate_refuses_marks_that_cannot_work(high: int, low: int) -> None:
    """The low-water mark lies below the high-water mark."""
    with pytest.raises(ValueError, match="low-water"):
        Gate(high=high, low=low)


def test_lines_for_people_are_single_bounded_and_encodable() -> None:
    """White space is folded, the end cut, and what UTF-8 cannot hold replaced."""
    assert one_line(" a\n\tb  c ") == "a b c"
    assert one_line("x" * 20, 10) == "x" * 9 + "…"
    assert one_line("a\ud800b").encode() == b"a?b"
    assert explain(KeyError()) == "KeyError"


def test_inline_content_is_bounded_per_result() -> None:
    """Small entries are repeated inline until the result's share is used up; each is still referred to."""
    content = b"x" * limits.MAX_INLINE_BYTES
    entries = [(Entry(f"report.{n}", "t", content, "0" * 64), Position("c", 0, n)) for n in range(6)]
    assert [ref.inline is not None for ref in refs(entries)] == [True] * 4 + [False] * 2


def test_settings_are_checked() -> None:
    """Marks that contradict each other are refused at the start; good ones reach the runtime."""
    with pytest.raises(ValidationError, match="low_water"):
        AgentSettings(high_water=5, low_water=5)
    config = AgentSettings(concurrency=3, outage_ms=7).runtime("r", TopicNames("p."))
    assert (config.concurrency, config.patience.bound_ms, config.names("x")) == (3, 7, "p.x")
    assert config.worker.startswith("r@")
