"""Names in text: identifiers (`enable.idempotence`, `KIP-500`), acronyms and capitalised names (`Apache Kafka`)."""

import re
from dataclasses import dataclass

from collegium.language.tokens import STOPWORDS, fold

_IDENTIFIER = re.compile(
    r"""(?x)(?<![\w.])(?:
      [A-Z][A-Za-z]*-\d+                               # KIP-500, SHA-256
    | [A-Za-z]\w*(?:[._][A-Za-z0-9]\w*)+               # enable.idempotence, log_dir
    | [a-z]+[A-Z]\w*                                   # tickTime
    | [A-Z][a-z0-9]+(?:[A-Z]+[a-z0-9]*)+               # ZooKeeper, JmxReporter
    | [A-Z]{2,}[a-z0-9]*\b                             # TLS, ACLs
    | [A-Za-z]+\d\w*                                   # log4j2, p99
    )(?![\w]|\.\w)"""
)
_NAME = re.compile(r"(?<![\w.])[A-Z][a-z]+(?:[\s-]+[A-Z][\w]+)*")
_STARTS_SENTENCE = re.compile(r"(?:^|[.!?:]\s|\n)[\s\"'“‘(*_-]*$")


@dataclass(frozen=True, slots=True)
class Entity:
    """A name and the characters [start, end) that spell it; `key` is folded."""

    key: str
    start: int
    end: int


def entities(text: str) -> tuple[Entity, ...]:
    """The names in a text, in order, without overlap.

    A capitalised word that only begins a sentence is no name unless another capitalised word follows it.
    """
    found = [Entity(fold(match.group()), *match.span()) for match in _IDENTIFIER.finditer(text)]
    taken = [(entity.start, entity.end) for entity in found]
    for match in _NAME.finditer(text):
        start, end = match.span()
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            continue
        words = match.group().split()
        begins = _STARTS_SENTENCE.search(text, max(0, start - 12), start) is not None
        if begins and (len(words) == 1 or fold(words[0]) in STOPWORDS):
            start += len(words[0])
            start += len(text[start:end]) - len(text[start:end].lstrip())
        if start < end:
            found.append(Entity(fold(" ".join(text[start:end].split())), start, end))
    return tuple(sorted(found, key=lambda entity: entity.start))
