"""Which section a finding stands in, where it bears on several questions: each in one section only."""

from collections.abc import Sequence

from collegium.drafting.points import Point


def allot(worthy: Sequence[Sequence[Point]], most: int) -> list[list[Point]]:
    """The points of each section, the best first, at most so many in each.

    A point belongs to the question on which it bears most, the first of equals; where that has no room for it, to the
    next. A question that is left without any takes its best point from a section that has others; only where there is
    none is a point repeated.

    Args:
        worthy: the points on each question that are worth reporting, the best first.
        most: how many a section holds.
    """
    owner: dict[str, int] = {}
    scores: dict[str, float] = {}
    for at, points in enumerate(worthy):
        for point in points:
            if point.key not in owner or point.score > scores[point.key]:
                owner[point.key], scores[point.key] = at, point.score
    chosen = [[p for p in points if owner[p.key] == at][:most] for at, points in enumerate(worthy)]
    used = {point.key for points in chosen for point in points}
    for points, mine in zip(worthy, chosen, strict=True):
        more = [point for point in points if point.key not in used][: most - len(mine)]
        used.update(point.key for point in more)
        mine.extend(more)
    for at, points in enumerate(worthy):
        if points and not chosen[at]:
            chosen[at] = [_taken(points, chosen)]
    return [_in_order(points, mine) for points, mine in zip(worthy, chosen, strict=True)]


def _taken(points: Sequence[Point], chosen: Sequence[list[Point]]) -> Point:
    """The best of some points that a section with others can spare; the best of all where none can."""
    for point in points:
        for held in chosen:
            if len(held) > 1 and any(other.key == point.key for other in held):
                held[:] = [other for other in held if other.key != point.key]
                return point
    return points[0]


def _in_order(points: Sequence[Point], chosen: Sequence[Point]) -> list[Point]:
    keys = {point.key for point in chosen}
    return [point for point in points if point.key in keys]
