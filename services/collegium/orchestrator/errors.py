"""What goes wrong in an orchestrator.

OrchestratorError
├── StateUnreadable      run-state holds what this version cannot read: start the version that wrote it
└── DecisionTooLarge     no transaction can hold a decision: its run is given up, its sender may ask for less
"""

from pydantic import ValidationError

from collegium_schemas.envelope import explain


class OrchestratorError(Exception):
    """Base of the package's errors; a process that cannot mend one ends with its one line."""


class StateUnreadable(OrchestratorError):
    """A record of run-state breaks its contract as this version knows it; to go on would lose runs."""

    def __init__(self, key: str, error: ValidationError) -> None:
        reason = explain(error)
        super().__init__(
            f"run-state record {key!r} cannot be read by this version: {reason}. A newer version wrote it: start that "
            "version again, or a newer one (docs/upgrade.md)"
        )
        self.key = key
        self.reason = reason


class DecisionTooLarge(OrchestratorError):
    """A decision whose records are larger than what is written at once."""

    def __init__(self, what: str, size_bytes: int, most_bytes: int) -> None:
        super().__init__(f"{what} of {size_bytes} bytes would be needed; {most_bytes} fit: ask for less")
        self.size_bytes = size_bytes
        self.most_bytes = most_bytes
