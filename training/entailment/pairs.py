"""Labelled pairs of text, and what a label of a given source says about the three classes."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Label(StrEnum):
    """What a premise does to a hypothesis; the order of the members is the order of the model's outputs."""

    ENTAILMENT = "E"
    NEUTRAL = "N"
    CONTRADICTION = "C"


LABELS = tuple(Label)
NAMES = ("entailment", "neutral", "contradiction")


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a label goes: the truth is one of `truth`, and the annotators chose `among` these.

    The loss is -log(P(truth) / P(among)). A source without a neutral label (SUPPORTS, REFUTES) leaves neutral out
    of `among`, so its pairs say nothing about neutral. A label `not entailed` has two classes in `truth`.
    """

    truth: frozenset[Label]
    among: frozenset[Label]


@dataclass(frozen=True, slots=True)
class Pair:
    """One premise and hypothesis with its reading, and the question that both answer where the source has one."""

    premise: str
    hypothesis: str
    reading: Reading
    source: str
    question: str = ""

    @property
    def chars(self) -> int:
        """Length of both texts in characters: what batches are sorted by."""
        return len(self.premise) + len(self.hypothesis)


def exactly(label: Label, among: frozenset[Label] = frozenset(LABELS)) -> Reading:
    """The reading of a label that means one class."""
    return Reading(frozenset({label}), among)


NOT_ENTAILED = Reading(frozenset({Label.NEUTRAL, Label.CONTRADICTION}), frozenset(LABELS))


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The records of a gzip JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def check_sums(folder: Path) -> None:
    """Compares every file named in SHA256SUMS.

    Raises:
        ValueError: a file differs from what the figures were made with.
    """
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        expected, name = line.split()
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise ValueError(f"{folder / name} has SHA-256 {found}, SHA256SUMS says {expected}")
