"""Deliberate bugs: each one is a small change that the simulation must find.

Nearly all change the real code. The few that are `simulated` change the simulated log instead, where that is the
shortest way to have the real code do something wrong: the table marks them.

A bug is applied in this process by replacing a name that the real code looks up, with a subclass or function that
does one thing wrong. Nothing in the product knows of it.
"""

from simulation.bugs import agents, core, effects, inputs, owners, states
from simulation.bugs.applying import Bug, applied

BUGS: tuple[Bug, ...] = (*owners.BUGS, *states.BUGS, *inputs.BUGS, *core.BUGS, *agents.BUGS, *effects.BUGS)

__all__ = ["BUGS", "Bug", "applied"]
