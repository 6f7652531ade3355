"""A seeded world: the real orchestrator and agents on the memory log, under a virtual clock and faults by seed.

from collegium.simulation import simulate

outcome = simulate(4711)
assert outcome.failure is None, outcome.failure
"""

from collegium.simulation.errors import SimulationError, Violation
from collegium.simulation.running import Shrunk, Tally, on_all_cores, sequence, shrink, simulate, world_of
from collegium.simulation.scenario import Scenario
from collegium.simulation.world import Outcome

__all__ = [
    "Outcome",
    "Scenario",
    "Shrunk",
    "SimulationError",
    "Tally",
    "Violation",
    "on_all_cores",
    "sequence",
    "shrink",
    "simulate",
    "world_of",
]
