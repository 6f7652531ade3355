"""What an orchestrator process cannot mend by itself.

OrchestratorError
└── StateUnreadable      run-state holds what this version cannot read: start the version that wrote it
"""

from pydantic import ValidationError

from collegium_schemas.envelope import explain


class OrchestratorError(Exception):
    """Base of the package's errors; the process ends with its one line."""


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
