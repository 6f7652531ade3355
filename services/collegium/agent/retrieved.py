"""Raw signals of what was retrieved, from 0 to 1, that several specialists weigh for their confidence."""

from collections.abc import Sequence
from typing import Final

from collegium_schemas.evidence import Evidence

_MANY_PASSAGES: Final = 20


def coverage(evidence: Sequence[Evidence]) -> float:
    """The largest share of a question that any passage holds."""
    return max((ranked.coverage for one in evidence for ranked in one.passages), default=0.0)


def crowd(evidence: Sequence[Evidence]) -> float:
    """How many passages were found for a question, as a share of twenty; the most."""
    return min(1.0, max((len(one.passages) for one in evidence), default=0) / _MANY_PASSAGES)
