"""The pure core: `decide(run, input) -> events`, `evolve(run, event) -> run`, `commands(event) -> messages`.

It imports the standard library and the contracts, nothing else. Time, identifiers and randomness arrive as
arguments, so the same inputs always give the same history.
"""
