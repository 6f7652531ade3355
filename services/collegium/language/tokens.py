"""Words of a text as search and comparison see them: folded, split at identifiers, stemmed.

The rules, in order:

* a word is a run of letters, digits and combining marks; an identifier (`enable.idempotence`, `min-insync`,
  `log_dir`) stays whole and is followed by its parts, so both `idempotence` and the full name find it;
* a version or decimal (`3.9.0`, `v2.8`, `0.5`) stays whole, without its `v` and parts; `1,000` is `1000`;
* scripts written without spaces give overlapping bigrams (the method of Lucene's CJKAnalyzer);
* words are case-folded and Latin accents dropped; stems are Snowball's, of the language that the script tells:
  English (Porter2), Russian, Greek, Arabic, Hindi; in other scripts words stay as they are.
"""

import re
import unicodedata
from functools import lru_cache
from threading import Lock
from typing import Protocol, cast

import snowballstemmer  # pyright: ignore[reportMissingTypeStubs] - it carries none

# Han, kana, Hangul, Thai, Lao, Khmer, Myanmar: written without spaces (or, Korean, with particles attached).
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+(?:[.\-_/'’,:][^\W{_UNSPACED}]+)*")
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]")
_PART = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"v?\d+(?:[.,]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_POSSESSIVE = re.compile(r"['’]s?$")
_CACHED_WORDS = 1 << 16
_LONGEST_WORD_CHARS = 64

STOPWORDS: frozenset[str] = frozenset(
    """a about above after again against all also am an and any are aren't as at be because been before
    being below between both but by can can't cannot could couldn't did didn't do does doesn't doing
    don't down during each few for from further had hadn't has hasn't have haven't having he her
    here hers herself him himself his how i if in into is isn't it it's its itself just let's me
    more most my myself no nor not of off on once only or other our ours ourselves out over own same
    she should shouldn't so some such than that the their theirs them themselves then there these
    they this those through to too under until up upon us very was wasn't we were weren't what when
    where whether which while who whom why will with won't would wouldn't you your yours yourself
    yourselves""".split()
)
"""English function words, case-folded, as `tokens` returns them (with straight apostrophes)."""


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - snowballstemmer's own name


_stemmer_lock = Lock()


# The languages that are told by their script alone, and that Snowball has a stemmer of.
_SCRIPTS = {
    "english": re.compile(r"[a-z]+"),
    "russian": re.compile(r"[\u0400-\u04ff]+"),
    "greek": re.compile(r"[\u0370-\u03ff]+"),
    "arabic": re.compile(r"[\u0620-\u065f\u0670-\u0673]+"),  # without the letters of Persian and Urdu
    "hindi": re.compile(r"[\u0900-\u097f]+"),
}


@lru_cache(maxsize=len(_SCRIPTS))
def _stemmer(language: str) -> _Stemmer:
    return cast(_Stemmer, snowballstemmer.stemmer(language))  # pyright: ignore[reportUnknownMemberType]


def fold(word: str) -> str:
    """Case-fold and normalise one word; Latin accents go (`Café` is `cafe`), other marks stay."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", word).casefold())
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))


@lru_cache(maxsize=_CACHED_WORDS)
def _expand(word: str) -> tuple[str, ...]:
    """The tokens of one match of `_WORD`."""
    if _UNSPACED_RUN.match(word):
        return (word,) if len(word) == 1 else tuple(word[i : i + 2] for i in range(len(word) - 1))
    folded = fold(word).replace("’", "'")
    if folded in STOPWORDS:
        return (folded,)
    if _NUMBER.fullmatch(folded):
        return _expand_number(folded.removeprefix("v"))
    folded = _POSSESSIVE.sub("", folded)
    parts = tuple(part[:_LONGEST_WORD_CHARS] for part in _PART.findall(folded))
    if len(parts) < 2 or len(folded) > _LONGEST_WORD_CHARS or "," in folded:
        return parts
    return (folded, *parts)


def _expand_number(number: str) -> tuple[str, ...]:
    if _GROUPED.fullmatch(number):
        return (number.replace(",", ""),)
    return tuple(part for part in number.split(",") if part)


def tokens(text: str) -> list[str]:
    """The words of a text in order, folded; an identifier is followed by its parts.

    Stop words are kept: phrase comparison needs them. Composed and decomposed input give the same tokens.
    """
    found: list[str] = []
    for word in words(text):
        found.extend(_expand(word))
    return found


@lru_cache(maxsize=_CACHED_WORDS)
def stem(token: str) -> str:
    """The Snowball stem of a token of `tokens`, by its script; names with dots or digits and other scripts stay."""
    language = next((name for name, script in _SCRIPTS.items() if script.fullmatch(token)), None)
    if language is None or len(token) < 3:
        return token
    with _stemmer_lock:  # the pure Python stemmer keeps the word in itself while it works
        return _stemmer(language).stemWord(token)


@lru_cache(maxsize=_CACHED_WORDS)
def word_stems(word: str) -> tuple[str, ...]:
    """The stems of one word of `words`, without stop words: one, none, or an identifier and its parts."""
    return tuple(stem(token) for token in _expand(word) if token not in STOPWORDS)


def words(text: str) -> list[str]:
    """The words of a text as written, in order; `word_stems` of each in turn gives `content_stems` of the text."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _WORD.findall(text)


def content_stems(text: str) -> list[str]:
    """The stems of a text's tokens without stop words, in order, repeats kept: what an index counts."""
    found: list[str] = []
    for word in words(text):
        found.extend(word_stems(word))
    return found
