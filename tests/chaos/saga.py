"""Which runs of the playbook `saga` fail for good at its last step, after three effects: a share known beforehand."""

import hashlib

FAILURE = "tool_error"
"""The kind of failure that ends them."""

_DOOMED_OF_256 = 160


def doomed(run_id: str) -> bool:
    """Whether a run will fail: about five of eight do, by their ids."""
    return hashlib.sha256(run_id.encode()).digest()[0] < _DOOMED_OF_256


def failure_of(run_id: str) -> str | None:
    """The kind of failure that ends a run; None when it completes."""
    return FAILURE if doomed(run_id) else None
