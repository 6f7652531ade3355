"""Bounds on one span and on all that is held in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from collegium.telemetry.contexts import is_valid, span_id_of, trace_id_of
from collegium.telemetry.spans import Attributes, Link, Links, RecordedLink
from collegium_schemas.base import Scalar

_PLAIN = frozenset((int, float, bool))


@dataclass(frozen=True, slots=True)
class TracingLimits:
    """What is beyond the first two is counted as dropped; what is beyond the others is cut off."""

    trees: int = 10_000
    spans_per_tree: int = 512
    attributes_per_span: int = 64
    value_chars: int = 2_000
    links_per_span: int = 128
    events_per_span: int = 64

    def attributes(self, attributes: dict[str, Scalar | Sequence[str]]) -> dict[str, Scalar | Sequence[str]]:
        """The same dict when it is within bounds, which is the case that must be fast, else a cut copy."""
        longest = self.value_chars
        if len(attributes) <= self.attributes_per_span:
            for value in attributes.values():
                if (type(value) is str and len(value) <= longest) or type(value) in _PLAIN:
                    continue
                break
            else:
                return attributes
        kept = list(attributes.items())[: self.attributes_per_span]
        return {key: self._value(value) for key, value in kept}

    def copied(self, attributes: Attributes | None) -> dict[str, Scalar | Sequence[str]]:
        """A bounded copy."""
        return self.attributes(dict(attributes)) if attributes else {}

    def links(self, links: Links) -> list[RecordedLink]:
        """Links with their contexts taken apart; invalid ones are left out, as OpenTelemetry does."""
        plain = (link if isinstance(link, Link) else Link(link) for link in links[: self.links_per_span])
        return [
            RecordedLink(trace_id_of(link.context), span_id_of(link.context), self.copied(link.attributes))
            for link in plain
            if is_valid(link.context)
        ]

    def _value(self, value: Scalar | Sequence[str]) -> Scalar | Sequence[str]:
        if isinstance(value, str):
            return value[: self.value_chars]
        if isinstance(value, int | float):
            return value
        return [str(item)[: self.value_chars] for item in value[: self.attributes_per_span]]
