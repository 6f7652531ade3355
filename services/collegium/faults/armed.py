"""A fault point that does what was asked for."""

import logging
import os
import signal
from collections.abc import Callable
from typing import Final

from collegium.faults.points import FaultPoint, unarmed
from collegium.faults.spec import Action, Fault

logger = logging.getLogger(__name__)

EXIT_STATUS: Final = 70
"""EX_SOFTWARE of sysexits.h."""


class Armed:
    """Counts passings of one point and carries its fault out, once.

    Args:
        fault: What to do, and when.
        carry_out: Does the action to this process.
    """

    def __init__(self, fault: Fault, carry_out: Callable[[Action], None]) -> None:
        self._fault = fault
        self._carry_out = carry_out
        self._passings = 0

    def __call__(self, point: str) -> None:
        """The code has reached a point."""
        if point != self._fault.point:
            return
        self._passings += 1
        if self._passings == self._fault.passing:
            self._carry_out(self._fault.action)


def upon_self(action: Action) -> None:
    """Do it to this process."""
    match action:
        case Action.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Action.STOP:
            os.kill(os.getpid(), signal.SIGSTOP)
        case Action.EXIT:
            os._exit(EXIT_STATUS)


def fault_point(fault: Fault | None) -> FaultPoint:
    """What a process runs with: nothing at all, unless a fault was asked for, which is said loudly."""
    if fault is None:
        return unarmed
    logger.warning("COLLEGIUM_FAULT is set: this process will do %s to itself; never in production", fault)
    return Armed(fault, upon_self)
