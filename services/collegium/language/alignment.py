"""The longest common subsequence of two term sequences."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

_LONGEST = 400


def align(first: Sequence[T], second: Sequence[T], same: Callable[[T, T], bool]) -> list[tuple[int, int]]:
    """Index pairs of a longest common subsequence, ascending. Beyond 400 items the rest is left unaligned.

    Cost: the product of the lengths; callers choose few candidates first.
    """
    rows, columns = min(len(first), _LONGEST), min(len(second), _LONGEST)
    lengths = [[0] * (columns + 1) for _ in range(rows + 1)]
    equal = [[same(first[i], second[j]) for j in range(columns)] for i in range(rows)]
    for i in range(rows - 1, -1, -1):
        row, below = lengths[i], lengths[i + 1]
        for j in range(columns - 1, -1, -1):
            row[j] = below[j + 1] + 1 if equal[i][j] else max(below[j], row[j + 1])
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < rows and j < columns:
        if equal[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs
