"""Which traces are recorded: OpenTelemetry's samplers, asked as rarely as possible."""

from hashlib import sha256
from typing import Final

from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Decision, Sampler, TraceIdRatioBased

from collegium.telemetry.errors import TelemetrySettingsError

NAMES: Final = ("always_on", "always_off", "traceidratio")


class Sampling:
    """The decision for a trace: its parent's, if it has one and the sampler is parent based, else the sampler's."""

    def __init__(self, root: Sampler = ALWAYS_ON, *, parent_based: bool = True) -> None:
        self._root = root
        self._parent_based = parent_based

    @classmethod
    def named(cls, name: str, argument: str | None = None) -> "Sampling":
        """The sampler of `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.

        Raises:
            TelemetrySettingsError: the name is unknown, or the argument is no share between 0 and 1.
        """
        plain = name.removeprefix("parentbased_")
        if plain not in NAMES:
            known = ", ".join((*NAMES, *(f"parentbased_{n}" for n in NAMES)))
            raise TelemetrySettingsError("OTEL_TRACES_SAMPLER", f"{name!r} is none of {known}")
        parent_based = name != plain
        if plain == "always_on":
            return cls(ALWAYS_ON, parent_based=parent_based)
        if plain == "always_off":
            return cls(ALWAYS_OFF, parent_based=parent_based)
        try:
            return cls(TraceIdRatioBased(float(argument or "1")), parent_based=parent_based)
        except ValueError as error:
            raise TelemetrySettingsError("OTEL_TRACES_SAMPLER_ARG", f"{argument!r} is no share of 0 to 1") from error

    @property
    def root_is_constant(self) -> bool | None:
        """The decision for every new trace, or None when it depends on the trace."""
        return {id(ALWAYS_ON): True, id(ALWAYS_OFF): False}.get(id(self._root))

    def decide(self, trace_id: str, *, parent_sampled: bool | None = None) -> bool:
        """Whether a local root span in this trace is recorded; `parent_sampled` is None for a new trace."""
        if parent_sampled is not None and self._parent_based:
            return parent_sampled
        result = self._root.should_sample(None, int(trace_id, 16), "")
        return result.decision is Decision.RECORD_AND_SAMPLE

    def decide_run(self, run_id: str) -> bool:
        """The decision for a run that starts its own trace; every process decides alike.

        The ratio sampler looks at a trace id's low 64 bits. In a UUIDv7 these begin with the fixed variant
        bits, so that 0.5 would mean none and 0.75 all; a hash has no such bits.
        """
        return self.decide(sha256(run_id.encode()).hexdigest()[:32])
