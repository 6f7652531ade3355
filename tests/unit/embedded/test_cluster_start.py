"""Starting nodes of a cluster: only those that do not run, and only these are stopped when something goes wrong."""

import pytest

from collegium.embedded.cluster import start_all
from collegium.embedded.errors import BrokerError


class Node:
    """A node without a process; like a real one, it cannot be started twice."""

    def __init__(self, *, running: bool = False, broken: bool = False) -> None:
        self.running = running
        self.stops = 0
        self._broken = broken

    async def start(self) -> None:
        """Run, unless it runs already or is broken."""
        if self.running:
            raise BrokerError("the broker is running already")
        if self._broken:
            raise BrokerError("broken")
        self.running = True

    async def stop(self) -> None:
        """Run no longer."""
        self.running = False
        self.stops += 1


async def test_a_node_that_runs_is_left_alone() -> None:
    """Asked for by its number or with all others."""
    running, other = Node(running=True), Node()
    await start_all([running])
    await start_all([running, other])
    assert (running.running, running.stops, other.running) == (True, 0, True)


async def test_a_failed_start_stops_what_was_started_with_it_and_nothing_else() -> None:
    """A node that ran before goes on."""
    running, started, broken = Node(running=True), Node(), Node(broken=True)
    with pytest.raises(BrokerError, match="broken"):
        await start_all([running, started, broken])
    assert (running.running, running.stops) == (True, 0)
    assert (started.running, started.stops, broken.stops) == (False, 1, 1)
