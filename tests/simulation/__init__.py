"""The simulation: whether it holds, whether it is deterministic, and whether it bites."""
