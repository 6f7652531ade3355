"""How much of a question passages hold, by information: looked up in the index, no text is read."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from collegium.language.tokens import content_stems
from collegium.retrieval.documents import Document
from collegium.retrieval.index import Floats, PassageIndex
from collegium.retrieval.query import Term

_PART_OF_IDENTIFIER: Final = 0.8
"""How much an identifier's parts count without the identifier itself."""
_KNOWN_PATHS: Final = 4096


@lru_cache(maxsize=_KNOWN_PATHS)
def _path_stems(document_id: str) -> frozenset[str]:
    return frozenset(content_stems(document_id.rpartition(".")[0]))


class Coverage:
    """The share of a question's information that each of some passages holds, from 0 to 1.

    A passage holds a word when its text, headings or title do, or the path of its document.

    Args:
        index: of the corpus.
        documents: of the corpus, in order.
        weights: the question's terms, each with its information.
        positions: of the passages.
    """

    def __init__(
        self,
        index: PassageIndex,
        documents: Sequence[Document],
        weights: Sequence[tuple[Term, float]],
        positions: Sequence[int],
    ) -> None:
        self._column = {position: column for column, position in enumerate(positions)}
        places = np.array(positions, dtype=np.int32)
        paths = [_path_stems(documents[int(number)].document_id) for number in index.document_of[places]]

        def held(token: str) -> Floats:
            in_path = np.array([token in path for path in paths], dtype=np.bool_)
            return (index.holding(token, places) | in_path).astype(np.float32)

        rows = [_held(term, held(term.token), [held(part) for part in term.parts]) for term, _ in weights]
        self._held: Floats = np.array(rows, dtype=np.float32).reshape(len(weights), len(positions))
        total = sum(weight for _, weight in weights)
        shares = [weight / total if total > 0 else 0.0 for _, weight in weights]
        self._shares: Floats = np.array(shares, dtype=np.float32)
        self._coverage: Floats = self._shares @ self._held

    def of(self, position: int) -> float:
        """The passage's coverage."""
        return min(1.0, float(self._coverage[self._column[position]]))

    @property
    def best(self) -> float:
        """The highest of all passages; 0 without any."""
        return min(1.0, float(self._coverage.max(initial=0.0)))

    def adds(self, position: int, origin: int | None, least: float) -> bool:
        """Whether a passage holds something that the passage it is linked with lacks, which itself holds enough."""
        if origin not in self._column or self.of(origin) < least:
            return False
        ours, theirs = self._held[:, self._column[position]], self._held[:, self._column[origin]]
        return bool(np.any((ours > theirs) & (self._shares > 0)))


def _held(term: Term, whole: Floats, parts: Sequence[Floats]) -> Floats:
    if not term.parts:
        return whole
    return np.maximum(whole, np.float32(_PART_OF_IDENTIFIER / len(term.parts)) * np.sum(parts, axis=0))
