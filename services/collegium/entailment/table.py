"""Chances from a table: for tests, demonstrations, and judgements that were made elsewhere."""

from collections.abc import Mapping, Sequence

from collegium.entailment.port import Chances

UNKNOWN = Chances(0.02, 0.96, 0.02)
"""What a pair that the table does not have is taken for: left open."""


class TableEntailment:
    """Answers what it was given."""

    def __init__(self, chances: Mapping[tuple[str, str], Chances], name: str = "table") -> None:
        self._chances = dict(chances)
        self._name = name

    @property
    def name(self) -> str:
        """Names the table."""
        return self._name

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
        """See `Entailment`."""
        return [self._chances.get(pair, UNKNOWN) for pair in pairs]
