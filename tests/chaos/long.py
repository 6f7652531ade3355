"""An objective of the playbook `long`, whose first decision no record can hold."""

from types import MappingProxyType
from typing import Final

QUESTIONS: Final = 80
"""Each becomes a subtask: more than one decision sends (`collegium.orchestrator.core.sizes`)."""
_FILLER_CHARS: Final = 60_000
PARTS: Final = 6
"""Records that the first decision takes: what was accepted, and 81 subtasks of 60 kB in records of 1 MB."""

OBJECTIVE: Final = MappingProxyType(
    {
        "playbook": "long",
        "goal": " ".join(f"What is topic {number} about?" for number in range(1, QUESTIONS + 1)),
        "params": {"filler": "x" * _FILLER_CHARS},
    }
)
"""Its fields, apart from its run_id."""
