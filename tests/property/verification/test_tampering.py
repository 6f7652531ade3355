"""Sentences of real documentation, true and tampered with. Prints the figures."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from collegium.analysis.statements import statements
from collegium.entailment.port import Chances
from collegium.evaluation.changes.names import names_in
from collegium.evaluation.tampering import KINDS, tamperings
from collegium.language.plain import trimmed
from collegium.language.quantities import measures
from collegium.verification.judging import Judge, carries, seconded
from collegium.verification.second_opinion import SecondOpinion
from collegium.verification.weighing import Weights
from collegium_schemas.evidence import Passage, Sentence, Verdict
from report_worlds import kafka_passages

LEAST_KEPT = 0.95
LEAST_CAUGHT = 0.99
_FEWEST_SENTENCES = 100
_DRAWS = 3
"""Different choices among the changes that a sentence allows."""
_EQUAL = {
    "5 minutes": "300 s",
    "1 second": "1000 ms",
    "1 hour": "60 minutes",
    "1 minute": "60,000 ms",
    "10%": "10 percent",
}


def _true_sentences() -> Iterator[tuple[str, Passage]]:
    """What the pages state; not their lines of code and short items, which are no sentences (`Produce messages`)."""
    for page in kafka_passages():
        for statement in (one for one in statements(page) if not one.line):
            yield statement.setting.statement() if statement.setting else " ".join(statement.text.split()), page


def _rewordings(text: str) -> Iterator[str]:
    """The same statement in other dress."""
    yield text
    yield trimmed(text)
    yield f"However, {text}"
    yield text.replace("'", "’").replace('"', "“")
    yield text.replace("cannot", "can not").replace("do not", "don't").replace("does not", "doesn't")
    for written, equal in _EQUAL.items():
        if written in text:
            yield text.replace(written, equal)
    for measure in measures(text):
        if measure.unit == "ms" and measure.value % 1000 == 0:
            yield f"{text[: measure.start]}{measure.value // 1000} s{text[measure.end :]}"


def test_true_sentences_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 95 % of what the sources say, in their words or in other dress, is found supported."""
    kept, total = 0, 0
    for text, page in _true_sentences():
        for said in dict.fromkeys(_rewordings(text)):
            total += 1
            kept += carries(said, page).verdict is Verdict.SUPPORTED
    with capsys.disabled():
        sys.stdout.write(f"\ntrue sentences kept: {kept} of {total} ({kept / total:.2%})\n")
    assert total > _FEWEST_SENTENCES
    assert kept >= LEAST_KEPT * total


def test_tampered_sentences_are_caught(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 99 % of the changes of every kind are not found supported; some are found refuted."""
    total, caught, refuted = Counter[str](), Counter[str](), Counter[str]()
    stated = list(_true_sentences())
    names = sorted({name for text, _ in stated for name in names_in(text)})
    for number, (text, page) in enumerate(stated):
        for seed in range(_DRAWS):
            for made in tamperings(text, page.text, names, f"{number}:{seed}"):
                verdict = carries(made.text, page).verdict
                total[made.kind] += 1
                caught[made.kind] += verdict is not Verdict.SUPPORTED
                refuted[made.kind] += verdict is Verdict.REFUTED
    with capsys.disabled():
        for kind, count in total.items():
            share = caught[kind] / count
            sys.stdout.write(f"\n{kind}: caught {caught[kind]} of {count} ({share:.2%}), {refuted[kind]} refuted")
        sys.stdout.write("\n")
    assert set(total) >= set(KINDS) - {"date"}, total
    assert all(caught[kind] >= LEAST_CAUGHT * count for kind, count in total.items()), caught
    assert sum(refuted.values()) > 0


class _Credulous:
    """A model that finds everything entailed."""

    name = "credulous"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Chances]:
        """All alike."""
        return [Chances(0.98, 0.01, 0.01)] * len(pairs)


def test_no_model_makes_a_tampered_sentence_supported() -> None:
    """However sure it is: at least 99 % of the changes of every kind are still caught."""
    weights = Weights(bias=0.0, missing=-1.0, exact=1.0, direction=1.0, entailed=1.0, denied=-1.0)
    layer = SecondOpinion(_Credulous(), weights)
    total, caught, asked = Counter[str](), Counter[str](), 0
    stated = list(_true_sentences())
    names = sorted({name for text, _ in stated for name in names_in(text)})
    for number, (text, page) in enumerate(stated):
        judge = Judge({1: page}, {page.passage_id: page})
        for made in tamperings(text, page.text, names, f"{number}:0"):
            judged = judge.judged(Sentence(sentence_id="s1", text=made.text, kind="fact", citations=(1,)))
            opinion = layer.of([judged.open])[0] if judged.open is not None else None
            total[made.kind] += 1
            asked += opinion is not None
            caught[made.kind] += seconded(judged, opinion).verdict is not Verdict.SUPPORTED
    assert asked > _FEWEST_SENTENCES
    assert all(caught[kind] >= LEAST_CAUGHT * count for kind, count in total.items()), (caught, total)


def test_a_sentence_is_not_carried_by_another_page() -> None:
    """Cited to the wrong passage, a sentence is not supported unless that passage says the same."""
    pages = kafka_passages()
    wrong = total = 0
    for number, (text, page) in enumerate(_true_sentences()):
        other = pages[(number * 7 + 3) % len(pages)]
        if other.document_id.rsplit("/", 1)[-1] == page.document_id.rsplit("/", 1)[-1]:
            continue
        total += 1
        wrong += carries(text, other).verdict is Verdict.SUPPORTED
    assert total > _FEWEST_SENTENCES / 2
    assert wrong == 0
