"""Folders of true sentences, read as a suite: each as it is, in other dress, and tampered with.

`sentences.jsonl` gives `id`, `sentence` and `source`, the text that it is cited to. Nothing in it is judged by
people: that the sentences are true is what the folder says, and what is made of them is fixed by their ids.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from collegium.evaluation.cases import MOST_CASES, Suite, VerificationCase
from collegium.evaluation.changes.names import names_in
from collegium.evaluation.errors import DataInvalid
from collegium.evaluation.lines import Row, Seen, read_rows
from collegium.evaluation.reading import Id, Sentence, SourceText, folder_of
from collegium.evaluation.tampering import tamperings

UNTOUCHED: Final = "untouched"
REWORDED: Final = "reworded"
_MOST_ID_CHARS: Final = 100
_CONTRACTED: Final = (("does not", "doesn't"), ("do not", "don't"), ("is not", "isn't"), ("are not", "aren't"))
_SAME_AMOUNT: Final = (
    (re.compile(r"\b(\d+)000 ?ms\b"), r"\1 seconds"),
    (re.compile(r"\b1 minute\b"), "60 seconds"),
    (re.compile(r"\b1 hour\b"), "60 minutes"),
    (re.compile(r"(?<=\d)%"), " percent"),
    (re.compile(r"(?<=\d) (?:milliseconds|ms)\b"), "ms"),
    (re.compile(r"(?<![\d.,])(\d{1,3})000(?![\d.,])(?= [a-z])"), r"\1,000"),
)


class _True(Row):
    id: Id
    sentence: Sentence
    source: SourceText


def read_tampering(folder: Path) -> Suite[VerificationCase]:
    """`sentences.jsonl`; the group of a case is `untouched`, `reworded` or its kind of tampering.

    Raises:
        DataMissing: the file is not there.
        DataInvalid: a line of it cannot be used, or more cases come of it than a suite may have.
    """
    path = folder_of(folder) / "sentences.jsonl"
    seen, rows = Seen(path), list[_True]()
    for line, row in read_rows(path, _True, MOST_CASES):
        seen.add(row.id, line)
        if len(row.id) > _MOST_ID_CHARS:
            raise DataInvalid(path, line, f"an id has at most {_MOST_ID_CHARS} characters here")
        rows.append(row)
    names = sorted({name for row in rows for name in names_in(row.sentence)})
    cases = tuple(case for row in rows for case in _cases(row, names))
    if len(cases) > MOST_CASES:
        raise DataInvalid(path, None, f"it gives {len(cases)} cases, more than {MOST_CASES}: take fewer sentences")
    return Suite("tampering", folder.resolve().name, cases)


def _cases(row: _True, names: list[str]) -> Iterator[VerificationCase]:
    sources = (row.source,)
    yield VerificationCase(f"{row.id}/{UNTOUCHED}", row.sentence, sources, "supported", UNTOUCHED)
    said = reworded(row.sentence)
    if said != row.sentence:
        yield VerificationCase(f"{row.id}/{REWORDED}", said, sources, "supported", REWORDED)
    for made in tamperings(row.sentence, row.source, names, row.id):
        yield VerificationCase(f"{row.id}/{made.kind}", made.text, sources, "not_enough_evidence", made.kind)


def reworded(sentence: str) -> str:
    """The same statement in other dress: a contraction or an amount written otherwise, a connective before it."""
    said = sentence
    for written, other in _CONTRACTED:
        said = said.replace(written, other)
    for pattern, equal in _SAME_AMOUNT:
        said = pattern.sub(equal, said, count=1)
    return f"However, {said}" if len(said) % 2 else said
