"""A judge that is asked once."""

from collections.abc import Sequence

from collegium.entailment.port import Chances
from collegium.entailment.remembering import Remembering
from collegium.entailment.table import TableEntailment

ONE, OTHER, THIRD = ("a", "b"), ("a", "c"), ("b", "c")


class _Counting(TableEntailment):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__({ONE: Chances(0.9, 0.1, 0.0), OTHER: Chances(0.0, 0.1, 0.9)})
        self.asked: list[tuple[str, str]] = []

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
        """As a table."""
        self.asked.extend(pairs)
        return super().judge(pairs)


def test_a_pair_is_asked_once() -> None:
    """In one call and over several; each keeps its place."""
    table = _Counting()
    judge = Remembering(table)
    assert judge.judge([ONE, OTHER, ONE]) == table.judge([ONE, OTHER, ONE])
    table.asked.clear()
    assert judge.judge([OTHER, THIRD, ONE])[0].contradiction == 0.9
    assert table.asked == [THIRD]
    assert judge.name == table.name


def test_the_least_lately_asked_is_forgotten_first() -> None:
    """Memory is bounded."""
    table = _Counting()
    judge = Remembering(table, most=2)
    for pairs in ([ONE], [OTHER], [ONE], [THIRD]):
        judge.judge(pairs)
    table.asked.clear()
    judge.judge([ONE, THIRD, OTHER])
    assert table.asked == [OTHER]


def test_more_than_it_keeps_is_answered() -> None:
    """The bound is one of memory, not of a call."""
    assert len(Remembering(_Counting(), most=1).judge([ONE, OTHER, THIRD])) == 3
