"""The virtual loop: time without waiting, order by seed, and clear ends."""

import asyncio
from random import Random

import pytest

from collegium.simulation.errors import NotDeterministic, SimulationError, Stuck
from collegium.simulation.loop import VirtualLoop, check_python


def virtual(seed: int = 1, *, max_steps: int = 10_000) -> VirtualLoop:
    """A loop of this seed."""
    return VirtualLoop(Random(seed), max_steps=max_steps)  # noqa: S311 - a seed gives the same order again


def test_this_python_has_what_the_loop_needs() -> None:
    """The attributes without a public interface are there."""
    check_python()


def test_a_year_takes_no_time() -> None:
    """Sleeping moves the virtual clock alone."""
    loop = virtual()
    loop.run_until_complete(asyncio.sleep(365 * 86_400))
    assert loop.time() == pytest.approx(365 * 86_400)
    assert loop.steps < 10
    loop.close()


async def order_of(count: int) -> list[int]:
    """The order in which tasks that are ready at once run."""
    seen: list[int] = []

    async def note(number: int) -> None:
        seen.append(number)

    await asyncio.gather(*(note(number) for number in range(count)))
    return seen


def test_the_seed_decides_the_order() -> None:
    """Equal seeds run ready tasks in the same order, others in another."""
    orders: list[list[int]] = []
    for seed in (7, 7, 8):
        loop = virtual(seed)
        orders.append(loop.run_until_complete(order_of(20)))
        loop.close()
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == list(range(20))


def test_a_deadlock_is_told() -> None:
    """Waiting for what nothing can bring ends at once, with an error."""
    loop = virtual()
    with pytest.raises(Stuck, match="deadlock"):
        loop.run_until_complete(loop.create_future())
    loop.close()


def test_running_in_circles_is_told() -> None:
    """A task that never gets anywhere meets the bound on steps."""

    async def circle() -> None:
        while True:  # noqa: ASYNC110 - it must wait for nothing
            await asyncio.sleep(0)

    loop = virtual(max_steps=100)
    task = loop.create_task(circle())
    with pytest.raises(Stuck, match="circles"):
        loop.run_until_complete(task)
    loop.forgive()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def test_threads_are_refused() -> None:
    """A thread's order would not be the seed's."""
    loop = virtual()
    with pytest.raises(NotDeterministic):
        loop.run_in_executor(None, print)
    loop.close()


def test_an_error_that_nobody_sees_ends_the_world() -> None:
    """What asyncio would only log is raised."""

    def fails() -> None:
        raise ValueError("lost")

    async def world() -> None:
        asyncio.get_running_loop().call_soon(fails)
        await asyncio.sleep(1)

    loop = virtual()
    task = loop.create_task(world())
    with pytest.raises(SimulationError, match="lost"):
        loop.run_until_complete(task)
    loop.forgive()
    loop.run_until_complete(task)
    loop.close()
