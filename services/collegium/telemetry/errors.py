"""What can go wrong with telemetry, by what the caller can do. Recording and exporting never raise.

TelemetryError
├── TelemetrySettingsError   an operator has to change a setting
└── TraceUnavailable         try again, or read the trace elsewhere
"""


class TelemetryError(Exception):
    """Root of everything that this package raises."""


class TelemetrySettingsError(TelemetryError):
    """A setting cannot be used."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"{setting}: {reason}")
        self.setting = setting
        self.reason = reason


class TraceUnavailable(TelemetryError):
    """A trace could not be read from where it was looked for."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"no trace from {source}: {reason}")
        self.source = source
        self.reason = reason
