"""Whole runs: objectives with what can be expected of their reports, run in-process and scored by rules."""
