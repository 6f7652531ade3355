"""What titles add to a ranking: documents that the question names, and a second hop from the best passages.

Half of an answer often stands in a page that the other half's page names: "the creator of X also made what?" is
answered by the page of X, which names its creator, and by the creator's page, which says what else. So documents
that the best passages name are raised, and passages that name the best passages' documents. The two amounts were
chosen on 100 questions each of HotpotQA's and MuSiQue's training parts, where 0.1 to 0.3 and 0.2 to 0.4 do as well.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from collegium.retrieval.index import Floats, PassageIndex
from collegium.retrieval.titles import FEW_NAMING

FIRST_HOPS: Final = 5
"""The best passages that a second hop starts from."""

_NAMED: Final = 0.2
"""What being named by the question is worth, on a scale where the best passage has about 1."""
_LINKED: Final = 0.3
"""What being linked to the best passage is worth; to another, in proportion to its score."""


@dataclass(frozen=True, slots=True)
class Hops:
    """Scores after the second hop.

    Attributes:
        scores: of every passage.
        origin: for a passage that a link raised, the passage that the link is from or to.
    """

    scores: Floats
    origin: dict[int, int]


def with_hops(index: PassageIndex, question: str, scores: Floats, eligible: Floats) -> Hops:
    """Raise what the question names and what the best passages are linked with.

    Args:
        index: of the corpus.
        question: in plain words.
        scores: of every passage, the best having about 1.
        eligible: 1 for each passage that may be found, else 0.
    """
    raised = scores * eligible
    for document in index.documents_named(question):
        best = _best_of(index, document, raised, eligible)
        if best is not None:
            raised[best] += _NAMED
    first = [position for position in _first(raised) if raised[position] > 0]
    links: dict[int, tuple[float, int]] = {}
    for position in first:
        worth = _LINKED * float(raised[position] / raised[first[0]])
        for other in _linked_with(index, position, raised, eligible):
            if eligible[other] and (other not in links or links[other][0] < worth):
                links[other] = (worth, position)
    for other, (worth, _) in links.items():
        raised[other] += worth
    return Hops(raised, {other: origin for other, (_, origin) in links.items()})


def _first(scores: Floats) -> list[int]:
    count = min(FIRST_HOPS, len(scores))
    part = np.argpartition(-scores, count - 1)[:count]
    return [int(position) for position in part[np.lexsort((part, -scores[part]))]]


def _linked_with(index: PassageIndex, position: int, scores: Floats, eligible: Floats) -> set[int]:
    """The best passage of each document that a passage names, and the passages that name its document."""
    document = int(index.document_of[position])
    naming = index.passages_naming(document)
    found = set(naming) if len(naming) <= FEW_NAMING else set[int]()
    for named in index.documents_named_in(position):
        best = _best_of(index, named, scores, eligible)
        if best is not None:
            found.add(best)
    return found


def _best_of(index: PassageIndex, document: int, scores: Floats, eligible: Floats) -> int | None:
    """The document's best passage, the first of equals; None when no passage may be found."""
    span = index.passages_of(document)
    if not span or not eligible[span.start]:
        return None
    return span.start + int(np.argmax(scores[span.start : span.stop]))
