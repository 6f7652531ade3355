"""Whose word counts on who leads."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka.errors import LeaderNotAvailableError, NodeNotReadyError

from collegium.log.kafka.leaders import elected
from collegium.log.port import TopicPartition

SOURCE = TopicPartition("t", 0)


@dataclass(frozen=True)
class Metadata:
    """As aiokafka has it."""

    topics: list[tuple[int, str, bool, list[tuple[int, int, int, list[int]]]]]


def asking(named: Mapping[int, int | None]) -> Any:  # noqa: ANN401 - aiokafka's answers have no type
    """Nodes that name a leader; None: no answer comes; those that are not here refuse."""

    async def ask(node: int) -> Metadata:
        if node not in named:
            raise NodeNotReadyError(node)
        leader = named[node]
        if leader is None:
            await asyncio.Event().wait()
        return Metadata([(0, "t", False, [(0, 0, leader if leader is not None else -1, [])])])

    return ask


@pytest.mark.parametrize(
    ("copies", "named", "leader"),
    [
        ([1, 2, 3], {1: 1, 2: 2, 3: 2}, 2),
        ([1, 2, 3], {2: 2, 3: 2}, 2),
        ([1, 2, 3], {1: None, 2: 2, 3: 2}, 2),
        ([1, 2], {2: 2}, 2),
        ([1, 2, 3, 4, 5], {1: 1, 2: 1, 3: 3, 4: 3, 5: 3}, 3),
        ([1, 2, 3], {1: 1, 2: 2, 3: 2, 9: 1}, 2),
    ],
)
async def test_the_majority_of_those_with_copies_names_the_leader(
    copies: list[int], named: Mapping[int, int | None], leader: int
) -> None:
    """A node that is dead, silent or cut off does not decide, and one without a copy is not asked."""
    before = asyncio.all_tasks()
    assert await elected(asking(named), {SOURCE: copies}) == {SOURCE: leader}
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("named", [{1: 1, 2: 2, 3: 3}, {1: 1}, {1: -1, 2: -1, 3: 1}, {}])
async def test_without_a_majority_nobody_leads(named: Mapping[int, int | None]) -> None:
    """It is asked again later."""
    with pytest.raises(LeaderNotAvailableError):
        await elected(asking(named), {SOURCE: [1, 2, 3]})
