"""Parts of a data set that depend on the texts alone: the same case is in the same part on every machine, for ever."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar

T = TypeVar("T")
Half = Literal["tuning", "reporting"]


def normalised(text: str) -> str:
    """Lower-case words of letters and digits: what equal texts have in common."""
    return " ".join("".join(char if char.isalnum() else " " for char in text.lower()).split())


def fold(text: str, parts: int, purpose: str) -> int:
    """A number in [0, parts) that depends on the normalised text alone, another one for each purpose."""
    digest = hashlib.sha256(f"{purpose}\n{normalised(text)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % parts


def half(case_id: str) -> Half:
    """Which half a case is in: thresholds may be tuned on one, the other is only reported."""
    return "reporting" if fold(case_id, 2, "halves") == 1 else "tuning"


def shared(cases: Iterable[tuple[str, Iterable[str]]]) -> frozenset[str]:
    """The cases of the reporting half that have a text in common with one of the tuning half.

    Args:
        cases: Ids, each with the texts that it may have in common with others.
    """
    known, asked = set[str](), list[tuple[str, set[str]]]()
    for case_id, texts in cases:
        marks = {normalised(text) for text in texts} - {""}
        if half(case_id) == "tuning":
            known |= marks
        else:
            asked.append((case_id, marks))
    return frozenset(case_id for case_id, marks in asked if marks & known)


def sample(cases: Sequence[T], most: int | None, case_id: Callable[[T], str]) -> tuple[T, ...]:
    """At most so many cases from all over the suite, always the same ones, in their order; all when `most` is None."""
    if most is None or most >= len(cases):
        return tuple(cases)
    chosen = sorted(range(len(cases)), key=lambda at: fold(case_id(cases[at]), 1 << 62, "sample"))[:most]
    return tuple(cases[at] for at in sorted(chosen))
