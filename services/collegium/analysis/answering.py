"""Whether what was found answers a question, or only speaks of something near it.

Most sentences of a corpus about brokers share words with any question about brokers. What tells a question that the
corpus does not answer are the words that none of its best passages knows (`bookies`, `Terraform`), and names that the
best sentence does not speak of.
"""

from collections.abc import Iterable
from typing import Final

from collegium.analysis.choosing import Scored
from collegium.analysis.mismatch import Exact, mismatches
from collegium.analysis.question import Question, keys_of
from collegium.analysis.statements import Statement
from collegium.analysis.strangers import strangers as strangers_in
from collegium.language.terms import TermKind, terms
from collegium.language.versions import same_version, versions
from collegium_schemas.evidence import Passage

ANSWERING_SCORE: Final = 0.4
"""A claim that reaches this answers alone: between what questions that documentation answers reach and most others."""
_TOGETHER: Final = 0.32
"""What the best claim and the best eight on average have to reach, counting alike, where no claim answers alone.

One sentence may hold a question's words by chance, and then so do its copies; eight different ones do not."""
_SEVERAL: Final = 8
_UNKNOWN: Final = 0.4
"""What it costs that no passage knows any of the question's words."""
_STRANGER: Final = 0.5
"""What a name or version that no passage knows counts beside its weight."""
_NOWHERE: Final = 2.0
"""What each thing that is named exactly and that no passage knows counts."""
_NEAR: Final = 0.55
_NEARNESS: Final = 0.625
"""What a cosine of 1 above `_NEAR` makes up for, as a share of the question's words that are unknown."""
_NAME: Final = 0.1
"""What each of the question's names costs that the sentence and the headings above it do not speak of."""
_NO_AMOUNT: Final = 0.15
"""What a question about an amount, or a date, loses where the sentence holds none."""


def unknown_share(question: Question, text: str, passages: Iterable[Passage]) -> float:
    """The weighted share of the question's words that stand nowhere in the passages, titles and headings included.

    A version that the question names counts as a word; documents that describe it know it. Names and versions that are
    unknown count once more, and what is asked about exactly and stands nowhere counts so much that nothing answers, so
    that the result may be above 1.

    Args:
        question: the question.
        text: as it was asked.
        passages: everything that was found for it.
    """
    found = tuple(passages)
    known = frozenset(
        key for p in found for key in keys_of(terms(f"{p.document_id}\n{p.title}\n{p.heading}\n{p.text}"))
    )
    strangers = sum(not _known(question, name, known) for name in question.names)
    described = {p.version for p in found if p.version} | {v.number for p in found for v in versions(p.text)}
    telling = {key: weight for key, weight in question.weights.items() if key not in question.weak}
    missing = [weight for key, weight in telling.items() if not _known(question, key, known)]
    strange = sum(not any(same_version(named, other) for other in described) for named in question.versions)
    total = sum(telling.values()) + len(question.versions)
    share = (sum(missing) + strange) / total if total else 1.0
    return share + _STRANGER * (strangers + strange) + _NOWHERE * len(strangers_in(text, found))


def nearness(closeness: float | None) -> float:
    """What the closest passage's cosine makes up for in unknown words, negative where it is far; 0 without vectors."""
    return 0.0 if closeness is None else _NEARNESS * (closeness - _NEAR)


def is_answered(claims: Iterable[tuple[Statement, float]]) -> bool:
    """Whether claims answer their question: the best of them alone, or eight together that say different things.

    Args:
        claims: what each says, and how well it answers.
    """
    values: dict[frozenset[str], float] = {}
    for statement, value in claims:
        said = keys_of(terms(statement.setting.statement())) if statement.setting is not None else statement.keys
        values[said] = max(value, values.get(said, value))
    best = sorted(values.values(), reverse=True)[:_SEVERAL]
    alone = bool(best) and best[0] >= ANSWERING_SCORE
    return alone or (len(best) == _SEVERAL and (best[0] + sum(best) / _SEVERAL) / 2 >= _TOGETHER)


def answering(question: Question, one: Scored, unknown: float, asked: Exact) -> float:
    """How well a statement answers a question, up to 1; not at all if it speaks of another thing than is asked for.

    Args:
        question: the question.
        one: the statement.
        unknown: the share of the question that the evidence does not know.
        asked: what the question asks for exactly.
    """
    if mismatches(asked, one.quoted):
        return 0.0
    said = one.quoted.keys | one.quoted.context | keys_of(terms(one.quoted.passage.document_id.replace("/", " ")))
    names = sum(name not in said for name in question.names)
    if one.statement.setting is None and not question.weights.keys() & one.quoted.keys:
        return 0.0
    value = one.said - _UNKNOWN * unknown - _NAME * names
    amount = question.wants != "number" or any(t.kind is TermKind.NUMBER for t in one.quoted.terms)
    dated = question.wants != "date" or any(t.kind in {TermKind.DATE, TermKind.VERSION} for t in one.quoted.terms)
    return value if amount and dated else value - _NO_AMOUNT


def _known(question: Question, key: str, known: frozenset[str]) -> bool:
    return key in known or any(key in pair and joined in known for joined, pair in question.joined.items())
