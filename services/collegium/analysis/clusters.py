"""Groups of statements that say the same or contradict each other."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final, TypeVar

from collegium.analysis.comparing import Conflict, conflict, say_the_same
from collegium.analysis.statements import Statement

_MOST_COMPARED: Final = 200
"""Statements that are compared pairwise at most: 20,000 pairs, most of them decided by one set intersection."""
_FEWEST_COMMON: Final = 3

T = TypeVar("T", bound=Hashable)
Place = tuple[str, int]


def same_pairs(found: Sequence[Statement]) -> list[tuple[Place, Place]]:
    """Pairs of places whose statements say the same."""
    return [(one.place, other.place) for one, other in _candidates(found) if say_the_same(one, other)]


def conflicts(
    found: Sequence[Statement], subjects: frozenset[str], asked: frozenset[str] = frozenset()
) -> list[tuple[Statement, Statement, Conflict]]:
    """Contradicting pairs of statements from different documents, in the order of the statements."""
    pairs = _candidates(found, among=subjects)
    compared = ((one, other, conflict(one, other, subjects, asked)) for one, other in pairs if _apart(one, other))
    return [(one, other, found_conflict) for one, other, found_conflict in compared if found_conflict is not None]


def groups(items: Sequence[T], joined: Iterable[tuple[T, T]]) -> list[list[T]]:
    """The items in groups connected by the pairs, groups and members in the items' order."""
    parent: dict[T, T] = {item: item for item in items}

    def root(item: T) -> T:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    order: Mapping[T, int] = {item: number for number, item in enumerate(items)}
    for one, other in joined:
        if one in parent and other in parent:
            first, second = sorted((root(one), root(other)), key=order.__getitem__)
            parent[second] = first
    members: dict[T, list[T]] = {}
    for item in items:
        members.setdefault(root(item), []).append(item)
    return list(members.values())


def _apart(one: Statement, other: Statement) -> bool:
    return one.passage.document_id != other.passage.document_id


def _candidates(
    found: Sequence[Statement], among: frozenset[str] = frozenset()
) -> Iterable[tuple[Statement, Statement]]:
    """Pairs that share enough words, or a subject, to be worth a closer look."""
    for one, other in combinations(found[:_MOST_COMPARED], 2):
        common = one.keys & other.keys
        if len(common) >= _FEWEST_COMMON or common & among or (one.setting and other.setting and len(common) > 1):
            yield one, other
