"""A text with one place of it written otherwise."""

from collections.abc import Callable, Iterator
from random import Random
from typing import TypeAlias

Changes: TypeAlias = Callable[[str, Random], Iterator[str]]
"""Every text that is a sentence with one change of a kind."""


def put(text: str, start: int, end: int, other: str) -> str:
    """The text with other words from `start` to `end`."""
    return text[:start] + other + text[end:]


def like(written: str, other: str) -> str:
    """The other word, with a capital where the one that was written has one."""
    return other[0].upper() + other[1:] if written[0].isupper() else other
