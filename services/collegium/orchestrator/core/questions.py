"""Decomposes a goal into sub-questions by grammar and comparison patterns. Deterministic, and without any model.

What it recognises, in this order: several sentences or list items; a comparison of two or more things
("compare A and B in C", "differences between A and B", "A versus B", "how did A change from B to C"); several
questions joined by "and"; one instruction with several objects ("explain A, B and C"). Whatever it does not
recognise stays one question: the goal itself. A question that leans on the one before ("and what does it do in 3.9?")
is asked together with it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Question:
    """One sub-question of a goal."""

    question_id: str
    """`q1`, `q2`, ... in the goal's order."""
    text: str


_VERSION: Final = re.compile(r"\bv?\d+(?:\.(?:\d+|x))+\b")
_SENTENCE: Final = re.compile(r"(?<=[.?!])\s+(?=[A-Z0-9\"'(])|(?<=\?)\s+|\n+|;\s+")
_BULLET: Final = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+")
_ASKS: Final = r"(?:what|how|why|when|where|which|who|whose|is|are|was|were|does|do|did|can|could|should|will|must)"
_JOINED: Final = re.compile(rf"\s*,?\s+and\s+(?={_ASKS}\b)", re.IGNORECASE)
_COMPARE: Final = (
    re.compile(r"^(?:please\s+)?compare\s+(?P<things>.+)$", re.IGNORECASE),
    re.compile(r"^(?:please\s+)?contrast\s+(?P<things>.+)$", re.IGNORECASE),
    re.compile(
        r"^(?:(?:what|which)\s+(?:is|are)\s+|explain\s+|describe\s+|list\s+|summari[sz]e\s+)?(?:the\s+)?"
        r"(?:main\s+|key\s+|major\s+)?differences?\s+between\s+(?P<things>.+)$",
        re.IGNORECASE,
    ),
    re.compile(r"^how\s+(?:do|does|did)\s+(?P<things>.+?)\s+(?:differ|compare)(?P<rest>\b.*)$", re.IGNORECASE),
)
_VERSUS: Final = re.compile(r"^(?P<a>.+?)\s+(?:vs\.?|versus)\s+(?P<b>.+)$", re.IGNORECASE)
_CHANGED: Final = re.compile(
    r"^(?P<lead>(?:how|what|why)\b.*?|.*?\bchanges?\b.*?)\s+(?:between|from)\s+"
    r"(?P<a>\S.*?)\s+(?:and|to)\s+(?P<b>.+)$",
    re.IGNORECASE,
)
_CHANGE: Final = re.compile(r"\b(?:chang|differ|evolv|develop|improv|renam|replac)", re.IGNORECASE)
_LEANS: Final = re.compile(
    rf"^(?:what|how)\s+about\b|^{_ASKS}\b.*\b(?:this|those|these|one|ones|then)\b", re.IGNORECASE
)
_ELLIPTIC: Final = re.compile(
    rf"^{_ASKS}\s+(?:in|for|of|by|with|since|at)\s+(?:[A-Z][\w-]*\s+)?(?:versions?\s+)?{_VERSION.pattern}$",
    re.IGNORECASE,
)
"""A question that is told but for its version: `how in 3.9`."""
_PRONOUN: Final = re.compile(rf"^{_ASKS}\b(?P<before>.*?)\b(?:it|its|they|them|their)\b", re.IGNORECASE)
_TELLS: Final = re.compile(r"^(?:I|we|my|our|there|it|the|a|an|in|on|after|since|if)\b", re.IGNORECASE)
"""How a sentence begins that tells something before the question is asked."""
_INFORMING: Final = re.compile(r"[A-Za-z][\w.-]{3,}")
_UNINFORMING: Final = frozenset(
    """what which when where whose does have will with about there then this that they them from into been were compare
    contrast docs documentation version versions difference differences please also both""".split()
)
_FEWEST_OWN_WORDS: Final = 2
_ASPECT: Final = re.compile(
    r"^(?P<things>.+?)\s+(?:with respect to|with regard to|regarding|in terms of|as to|concerning|when it comes to)\s+"
    r"(?P<aspect>.+)$",
    re.IGNORECASE,
)
_ACROSS: Final = re.compile(
    r"^(?P<lead>.+?)\s+(?:across|in|between|of|for|by)\s+(?P<family>(?:[A-Z][\w-]*\s+)*)"
    r"(?:versions?\s+|releases?\s+)?"
    r"(?P<list>v?\d+(?:\.(?:\d+|x))+"
    r"(?:(?:\s*,\s*|\s*,?\s+(?:and|or|to|with|versus|vs\.?)\s+)"
    r"(?:[A-Z][\w-]*\s+)*v?\d+(?:\.(?:\d+|x))+)+)(?P<rest>.*)$"
)
_OBJECTS: Final = re.compile(
    r"^(?P<verb>(?:please\s+)?"
    r"(?:explain|describe|summari[sz]e|outline|list|define|discuss|report on|find out about))\s+"
    r"(?P<things>.+)$",
    re.IGNORECASE,
)


MAX_PATTERN_CHARS: Final = 300
"""A longer sentence stays one question: backtracking takes these patterns up to the cube of its length."""


def decompose(goal: str, max_questions: int) -> tuple[Question, ...]:
    """The sub-questions of a goal, at least one and at most `max_questions`, without duplicates, in its order.

    What does not fit into the bound is not dropped: the last question then holds the rest of the goal.
    """
    told = _told(tuple(_sentences(goal)))
    parts = _with_context([question for sentence in told for question in _split(sentence)])
    unique = list(dict.fromkeys(text for text in (_tidy(part) for part in parts) if text)) or [_tidy(goal)]
    if len(unique) > max_questions:
        unique = [*unique[: max_questions - 1], " ".join(unique[max_questions - 1 :])]
    return tuple(Question(f"q{number}", text) for number, text in enumerate(unique, 1))


def _sentences(goal: str) -> Iterator[str]:
    for piece in _SENTENCE.split(goal.strip()):
        text = " ".join(_BULLET.sub("", piece).split())
        if sum(character.isalnum() for character in text) > 1:
            yield text


def _told(sentences: tuple[str, ...]) -> list[str]:
    """The sentences; one that only tells something goes with the question after it, a fragment with the one before."""
    found: list[str] = []
    telling = ""
    for at, sentence in enumerate(sentences):
        if found and not telling and _is_fragment(sentence) and len(f"{found[-1]} {sentence}") <= MAX_PATTERN_CHARS:
            found[-1] = f"{found[-1]} {sentence}"
            continue
        joined = f"{telling} {sentence}".strip()
        asked = at + 1 < len(sentences) and sentences[at + 1].endswith("?")
        if asked and not sentence.endswith("?") and _TELLS.match(sentence) and len(joined) <= MAX_PATTERN_CHARS:
            telling = f"{joined.rstrip(' .!')},"
        else:
            found.append(joined)
            telling = ""
    return found


def _is_fragment(sentence: str) -> bool:
    """Whether a sentence says nothing but how to answer the one before, such as `compare 2.8 and 3.9`."""
    return bool(_VERSION.search(sentence)) and len(_own_words(sentence)) < _FEWEST_OWN_WORDS


def _with_context(parts: list[str]) -> list[str]:
    """The questions, each that leans on the one before together with it."""
    found: list[str] = []
    for part in parts:
        before = found[-1] if found else ""
        leans = before and len(f"{before} {part}") <= MAX_PATTERN_CHARS and _leans(part)
        found.append(_carried(before, part) if leans else part)
    return found


def _leans(part: str) -> bool:
    """Whether a question names what it is about only by pointing back: by `it`, or by another version alone."""
    match = _PRONOUN.match(part)
    pointing = _LEANS.search(part) or _ELLIPTIC.match(part.rstrip(" .?!"))
    return pointing is not None or (match is not None and not _own_words(match["before"]))


def _own_words(part: str) -> list[str]:
    return [word for word in _INFORMING.findall(part) if word.lower() not in _UNINFORMING]


def _carried(before: str, part: str) -> str:
    """`Which branch was stable for 2.8` and `which one for 3.9` as `Which branch was stable for 3.9`."""
    versions, others = _VERSION.findall(part), _VERSION.findall(before)
    if len(versions) == len(others) == 1:
        moved = before.replace(others[0], versions[0])
        return f"{moved}, {part}" if _own_words(part) else moved
    return f"{before}, {part}"


def _split(sentence: str) -> Iterable[str]:
    bare = sentence.rstrip(" .?!")
    if len(bare) > MAX_PATTERN_CHARS:
        return (bare,)
    for parts in (_by_versions(bare), _by_comparison(bare), _by_joined_questions(bare), _by_objects(bare)):
        if parts:
            return parts
    return (bare,)


def _by_versions(text: str) -> tuple[str, ...]:
    """Read `How does X work in Kafka 2.8 and 3.9` as one question about each version."""
    match = _ACROSS.match(text)
    if match is None:
        return ()
    lead, family = _without_compare(match["lead"]), match["family"]
    rest = match["rest"].strip()
    versions = _VERSION.findall(match["list"])
    return tuple(" ".join(f"{lead} in {family}{version} {rest}".split()) for version in versions)


def _without_compare(lead: str) -> str:
    """Read `Compare the default acks`, of one version, as a question about `the default acks`."""
    bare = re.sub(r"^(?:please\s+)?(?:compare|contrast)\s+", "", lead, flags=re.IGNORECASE)
    return re.sub(
        r"^(?:what\s+(?:is|are)\s+)?(?:the\s+)?(?:main\s+|key\s+)?differences?\s+(?:in|of)\s+",
        "",
        bare,
        flags=re.IGNORECASE,
    )


def _by_comparison(text: str) -> tuple[str, ...]:
    for pattern in _COMPARE:
        match = pattern.match(text)
        if match is not None:
            things, aspect = _aspect(match["things"])
            rest = match.groupdict().get("rest") or ""
            return _each(_listed(things), f"{aspect} {rest}".strip())
    match = _CHANGED.match(text)
    if match is not None and (_CHANGE.search(match["lead"]) or _both_versions(match["a"], match["b"])):
        second, _, rest = match["b"].partition(",")
        return _each((match["a"], second), "", lead=match["lead"])
    match = _VERSUS.match(text)
    if match is not None:
        second, aspect = _aspect(match["b"])
        return _each((match["a"], second), aspect)
    return ()


def _both_versions(one: str, other: str) -> bool:
    return bool(_VERSION.search(one)) and bool(_VERSION.search(other))


def _aspect(things: str) -> tuple[str, str]:
    match = _ASPECT.match(things)
    return (things, "") if match is None else (match["things"], match["aspect"])


def _listed(things: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s+with\s+|\s+to\s+", things) if part)


def _each(things: Iterable[str], aspect: str, lead: str = "") -> tuple[str, ...]:
    named = _with_family([thing.strip() for thing in things if thing.strip()])
    aspect = re.sub(r"^(?:in|on|at|with|by|for|about)\s+", "", aspect, flags=re.IGNORECASE)
    if len(named) < 2:
        return ()
    if lead:
        return tuple(f"{lead} in {thing}" for thing in named)
    return tuple(f"{thing}: {aspect}" if aspect else thing for thing in named)


def _with_family(things: list[str]) -> list[str]:
    """Give a bare version the product that the thing before it names: `Kafka 2.8`, `3.9` is about Kafka twice."""
    family, named = "", list[str]()
    for thing in things:
        match = re.match(rf"^(?P<family>[A-Za-z][\w -]*?)\s+{_VERSION.pattern}$", thing)
        family = match["family"] if match is not None else family
        named.append(f"{family} {thing}".strip() if _VERSION.fullmatch(thing) else thing)
    return named


def _by_joined_questions(text: str) -> tuple[str, ...]:
    if not re.match(rf"^{_ASKS}\b", text, re.IGNORECASE):
        return ()
    parts = tuple(_JOINED.split(text))
    return parts if len(parts) > 1 else ()


def _by_objects(text: str) -> tuple[str, ...]:
    match = _OBJECTS.match(text)
    if match is None:
        return ()
    things = [part for part in re.split(r"\s*,\s*(?:and\s+)?", match["things"]) if part]
    if len(things) < 2:
        return ()
    last = things.pop()
    things.extend(re.split(r"\s+and\s+", last, maxsplit=1) if " and " in last else [last])
    return tuple(f"{match['verb']} {thing}" for thing in things)


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" .,;:")
