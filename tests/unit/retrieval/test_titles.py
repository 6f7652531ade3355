"""Titles as names of documents."""

import numpy as np
import pytest

from collegium.retrieval.titles import Integers, TitleTable, linked, name_of


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Nick Park", "Nick Park"),
        ("Love and Theft (duo)", "Love and Theft"),
        ("min.insync.replicas", "min.insync.replicas"),
        ("2014–15 Southampton F.C. season", "2014–15 Southampton F.C. season"),
        ("東京", "東京"),
        ("The Office", ""),
        ("It", ""),
        ("1984", ""),
        ("3.9", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_title(title: str, name: str) -> None:
    """What stands in brackets is no part of it; a number, or one common word, is none."""
    assert name_of(title) == name


def numbers(*values: int) -> Integers:
    """Token ids."""
    return np.array(values, dtype=np.int32)


def named(table: TitleTable, words: Integers, *ends: int) -> list[tuple[int, int]]:
    """Pairs of place and document, in order."""
    lengths = np.diff(numbers(*ends), prepend=0)
    places, documents = table.named(words, np.repeat(numbers(*ends), lengths).astype(np.int32))
    return sorted(zip(places.tolist(), documents.tolist(), strict=True))


def test_the_longer_of_two_titles_is_meant() -> None:
    """`New York Times` names neither `New York` nor, inside it, `York`."""
    table = TitleTable.of([[1, 2], [1, 2, 3], [2], [9, 9]])
    assert named(table, numbers(1, 2, 3, 1, 2, 4, 2), 7) == [(0, 1), (3, 0), (6, 2)]


def test_no_title_reaches_beyond_its_text() -> None:
    """The end of one text and the beginning of the next make no name."""
    table = TitleTable.of([[1, 2]])
    assert named(table, numbers(5, 1, 2, 1, 2), 2, 5) == [(3, 0)]


def test_a_title_that_many_bear_names_nobody() -> None:
    """`Introduction` is no name; a title of few versions names each of them."""
    assert named(TitleTable.of([[1]] * 11), numbers(1), 1) == []
    assert named(TitleTable.of([[1]] * 3), numbers(1), 1) == [(0, 0), (0, 1), (0, 2)]


def test_long_and_empty_titles_name_nobody() -> None:
    """A title of a whole sentence is never quoted; one without words cannot be."""
    assert len(TitleTable.of([[], list(range(13))]).rows) == 0


def test_passages_link_to_what_they_name() -> None:
    """But not to their own document, its namesake, or a page of another version than theirs."""
    titles = TitleTable.of([[1], [2], [2], [1], [3]])
    versions = ["3.9", "3.9", "2.8", None, None]
    words = numbers(1, 2, 3, 1, 2, 3)  # the second passage is of the last document
    links, _ = linked(titles, words, numbers(3, 6), numbers(0, 4), versions)
    assert links.tolist() == [[0, 1], [0, 4], [1, 0], [1, 1], [1, 2], [1, 3]]


def test_a_title_that_many_passages_hold_is_a_word() -> None:
    """What one passage in fifty names (and more than twenty do) is neither linked nor looked for in questions."""
    titles = TitleTable.of([[1], [2]])
    passages = 1_000
    words = np.array([[1, 3]] * 20 + [[2, 3]] * 20 + [[3, 3]] * (passages - 40), dtype=np.int32).ravel()
    ends = np.arange(2, 2 * passages + 1, 2, dtype=np.int32)
    links, table = linked(titles, words, ends, np.full(passages, 2, dtype=np.int32), [None] * 3)
    assert np.unique(links[:, 1]).tolist() == [0, 1]
    words[: 2 * 200 : 2] = 2
    links, table = linked(titles, words, ends, np.full(passages, 2, dtype=np.int32), [None] * 3)
    assert links.tolist() == []
    assert named(table, numbers(1, 2), 2) == [(0, 0)]
