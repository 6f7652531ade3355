"""A seeded world: the real orchestrator and agents on the memory log, under a virtual clock and faults by seed."""
