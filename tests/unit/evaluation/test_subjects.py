"""What the shipped subjects make of claims and sentences, with a model and without."""

from dataclasses import replace

import pytest

from collegium.analysis.second_look import SecondLook
from collegium.entailment.port import Chances
from collegium.entailment.table import TableEntailment
from collegium.evaluation.cases import ContradictionCase, VerificationCase
from collegium.evaluation.subjects.contradiction import Comparison, Likeliest
from collegium.evaluation.subjects.verification import Verification
from collegium.verification.second_opinion import SecondOpinion
from collegium.verification.signals import grounds_of
from collegium.verification.specialist import VerificationSpecialist
from collegium.verification.weighing import Weights

SOURCE = "Brokers that lose their leader stop taking writes."
CLAIM = "Without a leader, a broker refuses to be written to."
WEIGHTS = Weights(bias=0.0, missing=-0.5, exact=0.5, direction=0.5, entailed=0.5, denied=-0.5)
CASE = VerificationCase("c1", CLAIM, (SOURCE,), "supported")


def _verification(chances: Chances) -> Verification:
    asked = dict.fromkeys(grounds_of(CLAIM, (SOURCE,)).pairs, chances)
    return Verification(VerificationSpecialist(SecondOpinion(TableEntailment(asked), WEIGHTS)))


def test_the_rules_leave_a_paraphrase_undecided() -> None:
    """Their score orders by shared words; a copy ranks above it."""
    rules = Verification(VerificationSpecialist())
    left, copy = rules.judge(CASE), rules.judge(replace(CASE, claim=SOURCE))
    assert left.label == "not_enough_evidence"
    assert copy.label == "supported"
    assert left.score < copy.score


@pytest.mark.parametrize(
    ("chances", "label"),
    [(Chances(0.98, 0.01, 0.01), "supported"), (Chances(0.01, 0.01, 0.98), "refuted")],
)
def test_the_model_decides_it(chances: Chances, label: str) -> None:
    """Its probability is the confidence; the score is that of support."""
    said = _verification(chances).judge(CASE)
    assert said.label == label
    assert said.confidence >= 0.9
    assert (said.score > 0.5) == (label == "supported")


def test_a_claim_without_a_source_is_not_judged() -> None:
    """Nothing is known of it."""
    assert Verification(VerificationSpecialist()).judge(replace(CASE, sources=())).label == "not_enough_evidence"


def test_of_several_sources_one_that_refutes_decides() -> None:
    """As in a review: a report may not cite what denies its sentence."""
    denied = SOURCE.replace("stop", "do not stop")
    assert Verification(VerificationSpecialist()).judge(
        replace(CASE, claim=SOURCE, sources=(SOURCE, denied))
    ).label == ("refuted")


def test_more_sources_than_a_sentence_may_cite_are_all_asked() -> None:
    """The last of them is heard, too."""
    many = (*(f"Page {at} is about another matter." for at in range(40)), SOURCE)
    assert Verification(VerificationSpecialist()).judge(replace(CASE, claim=SOURCE, sources=many)).label == "supported"


def test_names_tell_with_and_without_model_apart() -> None:
    """Answers of one are not taken up by the other."""
    one, other = Verification(VerificationSpecialist()), _verification(Chances(0.3, 0.3, 0.4))
    assert (one.name, one.version) != (other.name, other.version)


def test_a_text_is_set_against_one_that_says_clearly_more() -> None:
    """Whichever comes first; of two that say about as much, the first."""
    long, alike, short = "A man sleeps on a green bench.", "A man runs through a green park.", "A man rests."
    no, open_ = Chances(0.0, 0.1, 0.9), Chances(0.1, 0.8, 0.1)
    model = TableEntailment({(long, short): no, (long, alike): open_, (alike, long): no})
    scores = [
        Comparison(SecondLook(model)).judge(ContradictionCase("p", *pair, "neutral")).score
        for pair in ((long, short), (short, long), (long, alike), (alike, long))
    ]
    assert scores == [0.9, 0.9, 0.1, 0.9]


@pytest.mark.parametrize(("chance", "label", "confidence"), [(0.92, "contradiction", 0.92), (0.8, "neutral", 0.2)])
def test_two_sentences_contradict_where_analysis_would_report_it(chance: float, label: str, confidence: float) -> None:
    """Where the model is sure; its chance ranks the rest. A text too short to be a claim is compared, too."""
    premise, hypothesis = "A man sleeps on a bench in a park.", "A man runs."
    model = TableEntailment({(premise, hypothesis): Chances(0.0, 1 - chance, chance)})
    said = Comparison(SecondLook(model)).judge(ContradictionCase("p", premise, hypothesis, "contradiction"))
    assert (said.label, round(said.confidence, 4), said.score) == (label, confidence, chance)


def test_an_exact_difference_is_reported_by_the_rules() -> None:
    """The model is not asked, and what the rules report ranks above all but its surest."""
    premise = "The default retention of a topic is 7 days on every broker."
    model = TableEntailment({(premise, premise.replace("7", "9")): Chances(0.9, 0.05, 0.05)})
    case = ContradictionCase("p", premise, premise.replace("7", "9"), "contradiction")
    said = Comparison(SecondLook(model)).judge(case)
    assert said.label == "contradiction"
    assert said.score > 0.9


def test_the_model_alone_says_what_is_likeliest() -> None:
    """However unsure: it is measured apart from what analysis reports."""
    premise, hypothesis = "A man sleeps on a bench.", "A man runs through the park."
    found = TableEntailment({(premise, hypothesis): Chances(0.3, 0.2, 0.5)})
    said = Likeliest(found).judge(ContradictionCase("p", premise, hypothesis, "contradiction"))
    assert (said.label, said.confidence, said.score) == ("contradiction", 0.5, 0.5)
