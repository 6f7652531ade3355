"""What a sentence says one by one."""

import pytest

from collegium.language.clauses import MOST_CLAUSES, clauses


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Brokers elect a leader.", ("Brokers elect a leader",)),
        (
            "He moved to Oslo in 1970, and he died there.",
            ("He moved to Oslo in 1970", "and he died there"),
        ),
        (
            "The tool copies a topic which holds no keys while writers go on.",
            ("The tool copies a topic", "which holds no keys", "while writers go on"),
        ),
        ("She died on June 25,  2019 in Oslo.", ("She died on June 25,  2019 in Oslo",)),
        ("He was a film, stage, and television actor.", ("He was a film, stage, and television actor",)),
        ("However, it is off by default.", ("However, it is off by default",)),
        ("It runs before and after the upgrade of brokers.", ("It runs before and after the upgrade of brokers",)),
        (
            "It rains all the day AND because of that we sleep well.",
            ("It rains all the day", "AND because of that we sleep well"),
        ),
        ("Leaders and followers vote.", ("Leaders and followers vote",)),
        ("It holds 1,000 rows; none is kept twice.", ("It holds 1,000 rows", "none is kept twice")),
        ("キャッシュは、512件です。", ("キャッシュは、512件です。",)),
        ("", ("",)),
    ],
)
def test_a_clause_says_something_alone(sentence: str, found: tuple[str, ...]) -> None:
    """Dates, lists of words and short openings are no clauses."""
    assert clauses(sentence) == found


def test_clauses_are_bounded() -> None:
    """What follows the last is part of it; nothing is lost."""
    found = clauses(", ".join(f"the part number {n} works" for n in range(20)) + ".")
    assert len(found) == MOST_CLAUSES
    assert found[-1].endswith("19 works")


def test_very_many_pieces_are_read_up_to_a_bound() -> None:
    """What follows them is one piece."""
    assert [len(one) for one in clauses("a, " * 20_000)] == [200 * 3 - 2, 19_800 * 3 - 2]
