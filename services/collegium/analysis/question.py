"""A question as analysis sees it: what it is about, what kind of answer it wants, and which versions it names."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from collegium.language.terms import Term, TermKind, terms
from collegium.language.tokens import STOPWORDS, fold, stem
from collegium.language.versions import version_key, versions

# Words that say what to do with the answer, not what it is about.
_ASKING: Final = frozenset(
    stem(word)
    for word in """answer compare comparison contrast describe detail differ difference different differences discuss
    explain explanation give include including list
    mention overview please question report research say show summarise summarize summary tell
    versus vs write between across regarding concerning what how why documentation docs outline define find""".split()
)
# Words that carry little in most questions; they count a little, since in some they are the subject.
_WEAK: Final = frozenset(
    stem(word)
    for word in """achieve affect allow avoid become behave behaviour call cause change come effect ensure general get
    good handle happen help important kind look main make mean much need new occur order part possible provide purpose
    reason role see set setting should step take thing time try type use used using value way well whole work much many
    long version default parameter configuration option
    actually again already always another anybody anyone anything anyway around ask away bad believe best better both
    bring care clear common concrete consider current currently deal decide depend difficult easy either else enough
    especially even ever every everybody everything exactly expect fact far feel fine fit further great guess half hard
    hear hope idea instead interesting involve know less let like likely little lot matter maybe mind normal nothing now
    once ones opinion own people perhaps person practice prefer procedure proper quick quite rather react real really
    rely right sense several short someone something sort still story sure talk tell then there think today together
    too typical typically understand usual usually want wonder word worry wrong yet""".split()
)
_DEFAULT: Final = re.compile(
    r"\bdefaults?\b|\bout of the box\b|\b(?:unless|if not) (?:told|set|configured|specified|stated)\b"
    r"|\b(?:configure|set|change|touch) nothing\b|\bwithout (?:any )?(?:configuration|settings?)\b"
)
_AMOUNT: Final = re.compile(
    r"\bhow (?:many|much|long|large|big|often|fast|soon|far|high|old)\b|\b(?:number|size) of\b"
    r"|\b(?:maximum|minimum|limit|length|port|timeout|interval)\b"
)
_STEPS: Final = re.compile(
    r"\bhow (?:do|can|could|should|would|must) (?:i|we|you|one)\b|\bhow to\b|\bsteps?\b|\bset(?:ting)? ?up\b"
    r"|\b(?:have|has|need|needs|needed) to\b|\bwhat (?:do|should|must) (?:i|we) (?:do|need)\b|\bprocedure\b|\bneeded\b"
)
_MEANING: Final = re.compile(
    r"\bwhat(?:'s|’s| is| are) (?:an?|the|in-|[a-z]+ ?$)|\bwhat (?:does|do) .{1,60} mean\b"
    r"|\bdefin(?:e|ition)\b|\bmeaning of\b"
)
_WEAK_WEIGHT: Final = 0.5
_NAME_WEIGHT: Final = 1.5
_PARTS: Final = re.compile(r"[._-]")


@dataclass(frozen=True, slots=True)
class Question:
    """What a question asks for.

    Attributes:
        weights: each informative stem with its weight, heavier where it is rare in the evidence.
        phrases: pairs of stems that stand side by side in it, in order.
        joined: two such words written as one (`page cache` as `pagecache`), with the two.
        mentioned: every word of it as written, folded, to find settings named in full.
        names: stems of names and identifiers among them.
        versions: the versions that it names.
        wants: the kind of answer: `default`, `number`, `date`, `reason`, `steps`, `definition`, or empty.
    """

    weights: Mapping[str, float]
    phrases: frozenset[tuple[str, str]]
    joined: Mapping[str, tuple[str, str]]
    mentioned: frozenset[str]
    names: frozenset[str]
    versions: tuple[str, ...]
    wants: str
    newest: tuple[int, ...] | None = None
    """The newest version that its evidence describes."""
    weak: frozenset[str] = frozenset()
    """Stems among the weights that carry little in most questions."""

    @property
    def about(self) -> frozenset[str]:
        """Stems of what it is about: without those that carry little."""
        return frozenset(self.weights.keys() - self.weak)


def keys_of(found: Iterable[Term]) -> frozenset[str]:
    """The stems of the words; an identifier counts as itself and as its parts (`enable.idempotence`)."""
    keys: set[str] = set()
    for term in found:
        if term.kind is TermKind.WORD:
            keys.add(term.key)
            if "." in term.key or "_" in term.key or "-" in term.key:
                keys.update(stem(part) for part in _PARTS.split(term.key) if part)
    return frozenset(keys)


def read_question(
    text: str, frequency: Mapping[str, int], sentence_count: int, described: Iterable[str] = ()
) -> Question:
    """Take a question apart.

    Args:
        text: the question, and its rewordings if it was asked again.
        frequency: in how many sentences of the evidence each stem occurs.
        sentence_count: how many sentences the evidence has.
        described: the versions that its documents describe.
    """
    found = [t for t in terms(text) if t.kind is TermKind.WORD and t.key not in _ASKING and _informs(text, t)]
    rarest = math.log(sentence_count + 2)
    weights: dict[str, float] = {}
    for term in found:
        rarity = math.log((sentence_count + 2) / (frequency.get(term.key, 0) + 1)) / rarest
        base = _WEAK_WEIGHT if term.key in _WEAK else _NAME_WEIGHT if term.name else 1.0
        weights[term.key] = max(weights.get(term.key, 0.0), base * (0.5 + rarity))
    pairs = [(a, b) for a, b in pairwise(found) if b.start - a.end <= 1]
    return Question(
        weights=weights,
        phrases=frozenset((a.key, b.key) for a, b in pairs),
        joined={stem(fold(text[a.start : a.end] + text[b.start : b.end])): (a.key, b.key) for a, b in pairs},
        mentioned=frozenset(fold(word.strip("\"'`?!,;:()[].")) for word in text.split()),
        names=frozenset(term.key for term in found if term.name),
        versions=tuple(dict.fromkeys(version.number for version in versions(text))),
        wants=_wants(text.lower()),
        newest=max((version_key(version) for version in described), default=()) or None,
        weak=_WEAK & weights.keys(),
    )


def _informs(text: str, term: Term) -> bool:
    return fold(text[term.start : term.end]) not in STOPWORDS


def _wants(text: str) -> str:
    if _DEFAULT.search(text):
        return "default"
    if _AMOUNT.search(text):
        return "number"
    if re.search(r"\bwhen (?:was|were|did|is|will)\b|\b(?:what|which) (?:year|date)\b", text):
        return "date"
    if _MEANING.search(text):
        return "definition"
    if _STEPS.search(text):
        return "steps"
    return "reason" if re.search(r"\bwhy\b|\breasons?\b", text) else ""
