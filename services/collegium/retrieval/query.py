"""A question as search sees it: its informative words, and the versions that it names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from collegium.language.tokens import STOPWORDS, content_stems, stem, tokens
from collegium.language.versions import same_version
from collegium.retrieval.parsing.metadata import versions_in

# What a question asks for, not what it asks about. Stems, so that `compared` counts too.
_ASKING = frozenset(
    stem(word)
    for word in """answer compare comparison contrast describe detail differ difference different discuss explain
    explanation give list overview please question report research say show summarise summarize summary tell
    versus vs write version between across regarding concerning today currently exactly actually""".split()
)
# Words that carry little in most questions; they count a little, since in some they are the subject.
_WEAK = frozenset(
    stem(word)
    for word in """achieve affect allow avoid become call cause come effect enable ensure general get go good
    handle happen help important improve instead kind like long look main make many mean much must need new
    occur often old order part possible prevent provide purpose put reason require role same see set should
    step support take thing time try type use used user using value way well whole without work""".split()
)
_YEAR = re.compile(r"(?<![\w.,-])(?:19|20)\d{2}(?![\w,]|\.\d)")
_WEAK_WEIGHT = 0.4
_NAME_WEIGHT = 2.0
_MOST_NAMES_SHARE = 0.6
"""A question with more capitals than this is written in title case, which names nothing."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a question: its stem and, for an identifier, the stems of its parts."""

    token: str
    parts: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Query:
    """A question's terms, those of its versions that the corpus has documents of, and the years that it names."""

    text: str
    terms: tuple[Term, ...]
    versions: tuple[str, ...]
    years: frozenset[str] = frozenset()

    @property
    def tokens(self) -> tuple[str, ...]:
        """What to look up in the index."""
        return tuple(token for term in self.terms for token in (term.token, *term.parts))


def read_query(text: str, known_versions: Iterable[str]) -> Query:
    """Take a question apart.

    Args:
        text: the question.
        known_versions: the versions of the corpus's documents; another version in the text is a word like any.
    """
    known = tuple(known_versions)
    versions = tuple(v for v in versions_in(text) if any(same_version(v, other) for other in known))
    words = text.split()
    names = _names(words)
    terms: dict[str, Term] = {}
    for position, word in enumerate(words):
        for term in _terms(word, _NAME_WEIGHT if position in names else 1.0):
            if term.token not in versions and term.token not in _ASKING:
                terms.setdefault(term.token, term)
    return Query(text, tuple(terms.values()), versions, frozenset(_YEAR.findall(text)))


def _names(words: list[str]) -> frozenset[int]:
    """Positions of proper names: a capital inside a sentence, or after the first letter anywhere.

    What a question is about is often a name, and passages about another name do not answer it, however many of
    the other words they hold.
    """
    names: set[int] = set()
    starts = True
    for position, word in enumerate(words):
        bare = word.strip("\"'“”‘’()[],;:?!.")
        if any(c.isupper() for c in bare[1:]) or (not starts and bare[:1].isupper()):
            names.add(position)
        starts = word.endswith((".", "?", "!", ":"))
    return frozenset(names) if len(names) <= _MOST_NAMES_SHARE * len(words) else frozenset()


def _terms(word: str, weight: float) -> list[Term]:
    """The terms of one blank-separated word."""
    found = [token for token in tokens(word) if token not in STOPWORDS]
    if len(found) > 1 and not found[0].isalnum():
        return [Term(stem(found[0]), tuple(stem(token) for token in found[1:]), weight)]
    return [Term(token, (), _WEAK_WEIGHT if token in _WEAK else weight) for token in content_stems(word)]
