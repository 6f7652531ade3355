"""What a world says when it fails: never nothing, and always with its seed."""

import io
import logging
from pathlib import Path

from collegium.simulation import Violation, simulate
from collegium.simulation.__main__ import EXIT_VIOLATED, main, parsed
from collegium.simulation.client import Client
from collegium.simulation.errors import SimulationError, as_failure
from collegium.simulation.world import World
from simulation.bugs.__main__ import written
from simulation.bugs.applying import Bug, Change, applied


async def _fails(self: Client) -> None:
    raise KeyError("the client")


def _cannot_look_back(self: World) -> None:
    raise ZeroDivisionError("the checker")


CLIENT_FAILS = Bug("client-fails", "the simulation's own client fails", (Change(Client, "run", _fails),))
CHECKER_FAILS = Bug("checker-fails", "the last look fails", (Change(World, "_look_back", _cannot_look_back),))


def test_an_error_of_the_world_itself_is_an_outcome() -> None:
    """An error in a group of tasks, or after the last one, has the seed and counts as nothing that was foreseen."""
    for bug, said in ((CLIENT_FAILS, "the client"), (CHECKER_FAILS, "the checker")):
        with applied(bug):
            outcome = simulate(3)
        assert outcome.seed == 3
        assert outcome.invariant == "no_crash"
        assert said in str(outcome.failure)


def test_a_replay_of_such_an_error_ends_with_a_report() -> None:
    """The command line says what happened and exits as for any violation."""
    out, before = io.StringIO(), logging.root.manager.disable
    try:
        with applied(CLIENT_FAILS):
            status = main(parsed(["--seed", "3"]), out)
    finally:
        logging.disable(before)  # a replay without --log silences its process
    assert status == EXIT_VIOLATED
    assert "violated: no_crash: the world: KeyError('the client')" in out.getvalue()


def test_a_violation_inside_a_group_is_found() -> None:
    """What the simulation itself raised stands before what else went wrong beside it."""
    violation = Violation("effect_once", "twice")
    group = ExceptionGroup("all", [ValueError("beside"), ExceptionGroup("inner", [violation])])
    assert as_failure(group, "somebody") is violation
    assert isinstance(as_failure(ValueError("alone"), "somebody"), SimulationError)


def test_no_page_is_written_about_code_that_violates(tmp_path: Path) -> None:
    """A violation without any deliberate bug is told, and the page stays as it was."""
    page = tmp_path / "page.md"
    with applied(CLIENT_FAILS):
        assert not written(page, [], 1, worlds=3)
    assert not page.exists()
    assert written(page, [], 1, worlds=3)
    assert "times in 3 worlds" in page.read_text(encoding="utf-8")
