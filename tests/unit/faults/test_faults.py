"""Faults on request: how they are written, when they happen, and that they do not happen unasked."""

import signal
import sys

import pytest
from pydantic import ValidationError

from collegium.faults.armed import EXIT_STATUS, Armed, fault_point
from collegium.faults.errors import BadFault
from collegium.faults.points import Point, unarmed
from collegium.faults.settings import FaultSettings
from collegium.faults.spec import Action, Fault
from service_processes import command

DIES = """\
import sys
from collegium.faults.armed import fault_point
from collegium.faults.points import Point
from collegium.faults.spec import Fault
reached = fault_point(Fault.parse(sys.argv[1]))
for number in (1, 2, 3):
    reached(Point.OWNER_BEGUN)
    reached(Point.OWNER_SENT)
    print(number, flush=True)
"""


def test_a_fault_reads_as_it_is_written() -> None:
    """Point, passing and action, in this order."""
    fault = Fault.parse(" owner.6.sent:3:kill ")
    assert fault == Fault(Point.OWNER_SENT, 3, Action.KILL)
    assert str(fault) == "owner.6.sent:3:kill"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("owner.6.sent", "1 parts instead of 3"),
        ("owner.6.sent:3:kill:4", "4 parts"),
        ("owner.6.sendt:3:kill", "no point 'owner.6.sendt'"),
        ("owner.6.sent:0:kill", "'0' is not a number from 1"),
        ("owner.6.sent:-1:kill", "'-1' is not a number"),
        ("owner.6.sent:x:kill", "'x' is not a number"),
        ("owner.6.sent:²:kill", "'²' is not a number"),
        ("owner.6.sent:3:burn", "no action 'burn' (there are kill, stop, exit)"),
        ("", "1 parts"),
    ],
)
def test_a_wrong_fault_is_refused_with_its_reason(text: str, reason: str) -> None:
    """What would never happen is not accepted in silence."""
    with pytest.raises(BadFault, match=r"such as owner\.6\.sent:3:kill") as refused:
        Fault.parse(text)
    assert reason in str(refused.value)


def test_a_fault_happens_at_its_passing_and_only_once() -> None:
    """Other points do not count, and later passings do nothing."""
    done: list[Action] = []
    reached = Armed(Fault.parse("owner.6.sent:2:stop"), done.append)
    reached(Point.OWNER_SENT)
    reached(Point.OWNER_BEGUN)
    assert done == []
    reached(Point.OWNER_SENT)
    reached(Point.OWNER_SENT)
    assert done == [Action.STOP]


def test_without_a_fault_the_plain_empty_function_is_used() -> None:
    """Nothing is counted and nothing compared."""
    assert fault_point(None) is unarmed


def test_point_names_are_unique_and_say_where_they_are() -> None:
    """Prefixes name the part, and the owner's points the step."""
    names = [point.value for point in Point]
    assert len(names) == len(set(names))
    assert {name.split(".")[0] for name in names} == {"owner", "agent", "effect"}


async def test_kill_ends_the_process_by_sigkill_at_that_passing() -> None:
    """The second passing is the last thing that the process does."""
    ended = await command(sys.executable, "-c", DIES, "owner.6.sent:2:kill", settings={})
    assert (ended.status, ended.out) == (-signal.SIGKILL, "1\n")
    assert "owner.6.sent:2:kill" in ended.err


async def test_exit_ends_the_process_with_its_own_status() -> None:
    """No interpreter shutdown: a status that no service uses."""
    ended = await command(sys.executable, "-c", DIES, "owner.6.begun:3:exit", settings={})
    assert (ended.status, ended.out) == (EXIT_STATUS, "1\n2\n")


async def test_the_setting_is_read_from_the_environment() -> None:
    """COLLEGIUM_FAULT, checked before anything starts."""
    program = "from collegium.faults.settings import FaultSettings; print(FaultSettings().fault)"
    for given, told in (({"COLLEGIUM_FAULT": "agent.taken:1:stop"}, "agent.taken:1:stop"), ({}, "None")):
        ended = await command(sys.executable, "-c", program, settings=given)
        assert ended.out.strip() == told, ended.err


def test_a_wrong_setting_is_told_with_its_reason() -> None:
    """The message names what there is."""
    with pytest.raises(ValidationError, match=r"no point 'owner\.6'"):
        FaultSettings(fault="owner.6:1:kill")  # type: ignore[arg-type]
