"""What the second layer may decide, and what it may not."""

from dataclasses import replace
from math import log

import pytest

from collegium.entailment.port import Chances
from collegium.entailment.table import TableEntailment
from collegium.language.terms import terms
from collegium.verification.directions import direction
from collegium.verification.judging import Judge, seconded
from collegium.verification.second_opinion import MOST_PAIRS, Open, SecondOpinion
from collegium.verification.signals import MOST_WINDOWS, grounds_of, signals
from collegium.verification.weighing import RULES_ALONE, Weights, refutation
from collegium_schemas.evidence import Sentence, SentenceVerdict, Verdict
from report_worlds import passage

SOURCE = "Brokers that lose their leader stop taking writes within 30 seconds. Reads go on as before."
PARAPHRASE = "Without a leader, a broker refuses to be written to."
YES, NO, UNSURE = Chances(0.98, 0.01, 0.01), Chances(0.01, 0.01, 0.98), Chances(0.5, 0.4, 0.1)
UNSURE_OF_IT = Chances(0.2, 0.79, 0.01)
WEIGHTS = Weights(bias=0.0, missing=-0.5, exact=0.5, direction=0.5, clauses=-0.1, entailed=0.5, denied=-0.5)


def _verdict(text: str, chances: Chances, source: str = SOURCE) -> SentenceVerdict:
    """Both layers on one sentence."""
    page = passage(source)
    judged = Judge({1: page}, {page.passage_id: page}).judged(
        Sentence(sentence_id="s1", text=text, kind="fact", citations=(1,))
    )
    if judged.open is None:
        return judged.verdict
    asked = grounds_of(judged.open.said, judged.open.sources).pairs
    layer = SecondOpinion(TableEntailment(dict.fromkeys(asked, chances)), WEIGHTS)
    return seconded(judged, layer.of([judged.open])[0])


@pytest.mark.parametrize(
    ("chances", "verdict"),
    [(YES, Verdict.SUPPORTED), (NO, Verdict.REFUTED), (UNSURE, Verdict.NOT_ENOUGH_EVIDENCE)],
)
def test_a_paraphrase_is_decided_where_the_model_is_sure(chances: Chances, verdict: Verdict) -> None:
    """Below its probability it stays undecided."""
    found = _verdict(PARAPHRASE, chances)
    assert found.verdict is verdict
    assert verdict is Verdict.NOT_ENOUGH_EVIDENCE or found.confidence >= 0.9


@pytest.mark.parametrize(
    "text",
    [
        "Brokers that lose their leader stop taking writes within 40 seconds.",
        "Brokers that lose their leader never stop taking writes within 30 seconds.",
        "Brokers that lose their RabbitMQ stop taking writes within 30 seconds.",
        "All brokers that lose their leader stop taking writes within 30 seconds.",
        "Without a leader, a broker refuses after 5 minutes to be written to.",
        "Without a leader, 30 replicas refuse to be written to.",
        "Without a leader, a RabbitMQ broker refuses to be written to.",
        "The default of leader.timeout.ms is 30.",
    ],
)
def test_what_differs_in_something_exact_is_never_supported(text: str) -> None:
    """However sure the model is: numbers, negation, names, quantifiers, values of settings, what no window holds."""
    assert _verdict(text, YES).verdict is not Verdict.SUPPORTED


def test_names_in_another_order_are_never_supported() -> None:
    """Who does what to whom is changed, though every word stands in the source."""
    source = "In 1942, Arlington Beach was bought by the Canadian Sunday School."
    changed = "In 1942, Canadian Sunday School was bought by the Arlington Beach."
    assert _verdict(changed, YES, source).verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("source", "same", "swapped"),
    [
        (
            "Patients who took the drug had fewer attacks than those given a placebo.",
            "Patients who took it had fewer attacks than those on a placebo.",
            "Patients given a placebo had fewer attacks than those who took the drug.",
        ),
        (
            "Critics praised the photography but found the second half slow.",
            "Critics praised its photography but found the second half too slow.",
            "Critics praised the second half but found the photography slow.",
        ),
        (
            "A flood damaged the lining, and so the spillway was strengthened.",
            "A flood had damaged its lining, so the spillway was strengthened.",
            "The spillway was strengthened, and so a flood damaged the lining.",
        ),
    ],
)
def test_words_of_one_sentence_in_another_order_are_never_supported(source: str, same: str, swapped: str) -> None:
    """Comparison, contrast and cause say the opposite then; in their order the model may support them."""
    sources = (f"{source} Nothing else is known of it.",)
    verdicts: list[Verdict] = []
    for said in (same, swapped):
        asked = grounds_of(said, sources).pairs
        found = SecondOpinion(TableEntailment(dict.fromkeys(asked, YES)), WEIGHTS).of([Open(said, sources)])[0]
        assert found is not None
        verdicts.append(found.verdict)
    assert verdicts == [Verdict.SUPPORTED, Verdict.NOT_ENOUGH_EVIDENCE]


def test_a_sentence_alone_may_entail_a_clause() -> None:
    """Where the windows around it leave it open, and still the whole is entailed by a window."""
    rows = [f"Row {number} speaks of nothing at all." for number in range(8)]
    source = " ".join(["The cache holds 512 entries.", *rows, "Reads are never refused by a follower."])
    said = "The cache has 512 entries, and followers refuse no reads."
    grounds = grounds_of(said, (source,))
    open_windows = {(text, one.said): UNSURE_OF_IT for one in grounds.clauses for text in one.windows}
    sentences = {(text, one.said): YES for one in grounds.clauses for text in one.sentences}
    whole = {(window.text, grounds.said): YES for window in grounds.windows}
    verdicts: list[Verdict] = []
    for chances in (open_windows | sentences | whole, open_windows | dict.fromkeys(sentences, UNSURE_OF_IT) | whole):
        found = SecondOpinion(TableEntailment(chances), WEIGHTS).of([Open(said, (source,))])[0]
        assert found is not None
        verdicts.append(found.verdict)
    assert verdicts == [Verdict.SUPPORTED, Verdict.NOT_ENOUGH_EVIDENCE]


def test_more_clauses_are_less_often_all_supported() -> None:
    """The same signals say less of a claim that says more things."""
    found = signals(grounds_of(PARAPHRASE, (SOURCE,)), None)
    assert WEIGHTS.support(replace(found, clauses=3)) < WEIGHTS.support(found)


def test_what_the_rules_support_is_not_asked() -> None:
    """The source's own words stay supported."""
    assert _verdict("Reads go on as before.", NO).verdict is Verdict.SUPPORTED


def test_the_reason_names_the_window() -> None:
    """A reader sees what the model went by."""
    assert "stop taking writes" in _verdict(PARAPHRASE, YES).reason


def test_a_review_asks_within_its_bound() -> None:
    """Sentences beyond the bound have no opinion; those before keep theirs."""
    said = Open("Nothing stops a broker.", ("Reads go on as before.",))
    opinions = SecondOpinion(TableEntailment({}), WEIGHTS).of([said] * (MOST_PAIRS + 5))
    assert opinions[MOST_PAIRS - 1] is not None
    assert opinions[MOST_PAIRS:] == [None] * 5


def test_what_does_not_fit_leaves_the_rest_its_place() -> None:
    """A sentence of many clauses is left out whole; short ones behind it are asked about."""
    rows = " ".join(f"The part number {n} of this cluster works on its own." for n in range(40))
    long = Open("; ".join(f"each part number {n} does its work" for n in range(5)), (rows,))
    short = Open("Nothing stops a broker.", ("Reads go on as before.",))
    each = len(grounds_of(long.said, long.sources).pairs)
    assert MOST_PAIRS % each > 1
    opinions = SecondOpinion(TableEntailment({}), WEIGHTS).of([long] * (MOST_PAIRS // each + 1) + [short] * 2)
    assert [one is None for one in opinions] == [False] * (MOST_PAIRS // each) + [True, False, False]


def test_what_nothing_contradicts_is_not_supported_by_that() -> None:
    """A window must entail the whole, and one each of its clauses, however much speaks for the sentence besides."""
    said = Open("Losing a leader keeps a broker from writing, and volunteers maintain reads.", (SOURCE,))
    grounds = grounds_of(said.said, said.sources)
    sure = replace(WEIGHTS, bias=5.0)
    open_, volunteers = Chances(0.03, 0.93, 0.04), grounds.clauses[1].said
    tables = {
        Verdict.SUPPORTED: dict.fromkeys(grounds.pairs, YES),
        Verdict.NOT_ENOUGH_EVIDENCE: dict.fromkeys(grounds.pairs, open_),
    }
    half = {pair: open_ if pair[1] == volunteers else YES for pair in grounds.pairs}
    for verdict, table in (*tables.items(), (Verdict.NOT_ENOUGH_EVIDENCE, half)):
        (opinion,) = SecondOpinion(TableEntailment(table), sure).of([said])
        assert opinion is not None
        assert opinion.support >= 0.9
        assert opinion.verdict is verdict


def test_the_signals_are_means_of_the_clauses() -> None:
    """Of the claim's best window and each clause's best text, and of the two sentences that deny a clause most."""
    source = " ".join((SOURCE, "The cache holds 512 entries.", *(f"Row {n} speaks of nothing." for n in range(6))))
    grounds = grounds_of("The cache has 512 entries, and followers refuse no reads.", (source,))
    cache, reads = grounds.clauses

    def odds(chance: float) -> float:
        return log(chance / (1.0 - chance))

    chances = {pair: Chances(0.1, 0.8, 0.1) for pair in grounds.pairs}
    chances[grounds.windows[-1].text, grounds.said] = Chances(0.6, 0.4, 0.0)
    chances[cache.windows[1], cache.said] = Chances(0.8, 0.2, 0.0)
    chances[reads.sentences[2], reads.said] = Chances(0.3, 0.7, 0.0)
    chances[cache.sentences[3], cache.said] = Chances(0.0, 0.3, 0.7)
    found = signals(grounds, chances)
    assert found.entailed == pytest.approx((odds(0.6) + (odds(0.8) + odds(0.3)) / 2) / 2)
    assert found.denied == pytest.approx(((odds(0.7) + odds(0.1)) / 2 + odds(0.1)) / 2 * 5 / (5 + grounds.searched))
    assert len(reads.sentences) == MOST_WINDOWS
    assert found.clauses == 2


def test_nothing_cited_gives_no_opinion() -> None:
    """An empty passage has no window."""
    assert SecondOpinion(TableEntailment({}), WEIGHTS).of([Open(PARAPHRASE, ("",))]) == [None]


def test_windows_are_those_that_hold_most() -> None:
    """Words first; numbers of the claim count where a window holds them."""
    rows = [f"Row {number} speaks of nothing at all." for number in range(40)]
    source = " ".join([*rows[:19], "The cache holds 512 entries.", *rows[19:]])
    found = grounds_of("The cache has 512 entries.", (source,))
    assert "512" in found.windows[0].text
    assert found.windows[0].exact == 1.0
    (clause,) = found.clauses
    assert clause.sentences[0] == "The cache holds 512 entries."
    assert len(found.windows) == len(clause.sentences) == MOST_WINDOWS
    assert clause.windows == tuple(window.text for window in found.windows[:2])


def test_a_pair_is_asked_once() -> None:
    """A source of one sentence is window and sentence alike, a claim of one clause its clause."""
    assert grounds_of("Reads stop.", ("Reads go on as before.",)).pairs == (("Reads go on as before.", "Reads stop"),)


def test_each_clause_is_asked_of_what_it_is_near_to() -> None:
    """Two facts of one claim may stand far apart."""
    rows = [f"Row {number} speaks of nothing at all." for number in range(40)]
    source = " ".join(["The cache holds 512 entries.", *rows, "Reads are never refused by a follower."])
    cache, reads = grounds_of("The cache has 512 entries, and followers refuse no reads.", (source,)).clauses
    assert (cache.said, reads.said) == ("The cache has 512 entries", "and followers refuse no reads")
    assert "512" in cache.windows[0]
    assert cache.sentences[0] == "The cache holds 512 entries."
    assert "follower" in reads.windows[0]
    assert reads.sentences[0] == "Reads are never refused by a follower."


def test_one_clause_that_is_denied_speaks_against_the_claim() -> None:
    """The claim as a whole may look open where the model is sure of one half and denies the other."""
    grounds = grounds_of("The cache has 512 entries, and followers refuse no reads.", (SOURCE,))
    whole = dict.fromkeys(grounds.pairs, UNSURE)
    half = whole | {(text, grounds.clauses[1].said): NO for text in grounds.clauses[1].sentences}
    assert signals(grounds, half).denied > signals(grounds, whole).denied
    assert WEIGHTS.support(signals(grounds, half)) < WEIGHTS.support(signals(grounds, whole))


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("Batching increases throughput.", 1),
        ("Compression cuts nothing but lowers throughput.", -1),
        ("More than three brokers vote.", 1),
        ("Batching raises throughput and reduces latency.", 0),
        ("Brokers vote.", 0),
    ],
)
def test_a_text_says_up_or_down(text: str, way: int) -> None:
    """By its words of direction; as many of each, or none, say neither."""
    assert direction(terms(text)) == way


@pytest.mark.parametrize(
    ("said", "agreed"),
    [("Batching improves throughput.", 1), ("Batching lowers throughput.", -1), ("Batching and throughput.", 0)],
)
def test_directions_agree_or_not(said: str, agreed: int) -> None:
    """With the sentence that shares most words, not with its neighbours."""
    source = "Batching increases throughput. Encryption reduces speed, lowers comfort and slows commits."
    assert grounds_of(said, (source,)).direction == agreed


def test_signals_without_a_model_are_those_of_words() -> None:
    """The formula of the rules alone weighs nothing else."""
    grounds = grounds_of(PARAPHRASE, (SOURCE,))
    told = signals(grounds, None)
    assert told.entailed == told.denied == 0.0
    assert 0.0 < RULES_ALONE.support(told) < 1.0
    yes, no = (signals(grounds, dict.fromkeys(grounds.pairs, chances)) for chances in (YES, NO))
    assert WEIGHTS.support(yes) > WEIGHTS.support(no)


def test_a_missing_word_says_more_of_a_long_source() -> None:
    """One sentence may say it in other words; a page that lacks it hardly does."""
    rows = [f"Row {number} speaks of nothing at all." for number in range(40)]
    sources = ("The cache holds entries.", " ".join([*rows, "The cache holds entries."]))
    short, long = (signals(grounds_of("The cache holds coloured entries.", (source,)), None) for source in sources)
    assert 0.0 < short.missing < long.missing < 1.0
    assert signals(grounds_of("The cache holds entries.", sources), None).missing == 0.0


def test_a_denial_says_less_in_a_long_source() -> None:
    """Among many sentences some seem to deny anything."""
    rows = [f"Row {number} speaks of nothing at all." for number in range(40)]
    sources = ("The cache holds entries.", " ".join([*rows, "The cache holds entries."]))
    grounds = [grounds_of("The cache holds entries.", (source,)) for source in sources]
    short, long = (signals(each, dict.fromkeys(each.pairs, NO)) for each in grounds)
    assert short.denied > long.denied > 0.0


def test_another_source_takes_nothing_from_a_claim() -> None:
    """How much was searched is the length of the source that holds most of it, not of all that is cited."""
    claim, source = "The cache holds coloured entries.", "The cache holds entries. Reads go on as before."
    other = " ".join(f"Row {number} speaks of nothing at all." for number in range(200))
    alone, beside = (signals(grounds_of(claim, sources), None) for sources in ((source,), (other, source, source)))
    assert alone == beside


def test_contradiction_is_looked_for_in_single_sentences() -> None:
    """One that denies the claim counts, though the window around it leaves the claim open."""
    grounds = grounds_of("A broker without a leader refuses writes.", (SOURCE,))
    (clause,) = grounds.clauses
    assert grounds.windows[0].text not in clause.sentences
    denied = {(text, clause.said): NO for text in clause.sentences}
    found = signals(grounds, dict.fromkeys(grounds.pairs, UNSURE) | denied)
    assert found.denied == pytest.approx(log(0.98 / 0.02) * 5 / 7)
    assert found.entailed == 0.0


def test_weights_are_complete_or_refused() -> None:
    """A package fitted for another formula is not half used."""
    with pytest.raises(ValueError, match="weights must be"):
        Weights.of({"bias": 1.0})


def test_refutation_is_the_contradictions_share() -> None:
    """Of what is not supported."""
    assert refutation(0.1, Chances(0.0, 0.0, 1.0)) == pytest.approx(0.9)
    assert refutation(0.1, Chances(1.0, 0.0, 0.0)) == 0.0
