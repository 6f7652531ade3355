"""Which section a finding stands in."""

from collegium.drafting.allotting import allot
from collegium.drafting.points import Point
from report_worlds import passage


def _points(**scores: float) -> list[Point]:
    found = [
        Point(said, (passage(said),), (said,), score, agreement=1, setting=False, disputed=False)
        for said, score in scores.items()
    ]
    return sorted(found, key=lambda point: -point.score)


def _said(sections: list[list[Point]]) -> list[list[str]]:
    return [[point.said for point in section] for section in sections]


def test_a_finding_stands_with_the_question_on_which_it_bears_most() -> None:
    """Also where an earlier question would have had room for it."""
    opening = _points(opens=0.9, costs=0.6, keeper=0.5)
    costing = _points(costs=0.9, opens=0.5)

    assert _said(allot([opening, costing], 4)) == [["opens", "keeper"], ["costs"]]


def test_a_question_left_without_findings_takes_one_that_another_can_spare() -> None:
    """Nothing is said twice, and no question stays without an answer that was found."""
    first, second = _points(opens=0.9, costs=0.8), _points(costs=0.7)

    assert _said(allot([first, second], 4)) == [["opens"], ["costs"]]


def test_only_a_finding_that_no_section_can_spare_is_repeated() -> None:
    """Two questions with one answer between them."""
    assert _said(allot([_points(opens=0.9), _points(opens=0.8)], 4)) == [["opens"], ["opens"]]


def test_what_its_own_section_has_no_room_for_goes_to_another() -> None:
    """In the order of the section that it comes to."""
    first, second = _points(a=0.9, b=0.8, c=0.7), _points(c=0.6, d=0.5)

    assert _said(allot([first, second], 2)) == [["a", "b"], ["c", "d"]]
