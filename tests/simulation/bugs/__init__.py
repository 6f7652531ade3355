"""Deliberate bugs: each one is a small change of the real code that the simulation must find.

A bug is applied in this process by replacing a name that the real code looks up, with a subclass or function that
does one thing wrong. Nothing in the product knows of it.
"""

from simulation.bugs import agents, core, effects, inputs, owners, states
from simulation.bugs.applying import Bug, applied

BUGS: tuple[Bug, ...] = (*owners.BUGS, *states.BUGS, *inputs.BUGS, *core.BUGS, *agents.BUGS, *effects.BUGS)

__all__ = ["BUGS", "Bug", "applied"]
