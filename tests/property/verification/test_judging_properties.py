"""What holds of verdicts for any text."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from collegium.language.quantities import measures, same_measure
from collegium.language.terms import terms
from collegium.verification.judging import Judge, carries
from collegium_schemas.evidence import Sentence, Verdict
from report_worlds import passage

_WORDS = st.sampled_from(
    """broker leader replica topic log segment offset producer consumer controller quorum batch record partition Kafka
    ZooKeeper fetches writes keeps deletes elects commits not only all some must may at least before 3 5 minutes 10 MB
    2.8 acks=all 2021 March enable.idempotence""".split()
)
_SENTENCES = st.lists(_WORDS, min_size=4, max_size=14).map(lambda words: "The " + " ".join(words) + ".")


@given(st.text(max_size=300))
def test_terms_of_any_text_are_ordered_spans(text: str) -> None:
    """Nothing crashes; every term lies inside the text."""
    for term in terms(text):
        assert 0 <= term.start < term.end <= len(text)
    for measure in measures(text):
        assert same_measure(measure, measure)


@given(st.lists(_SENTENCES, min_size=1, max_size=4), st.data())
def test_a_whole_sentence_of_the_passage_is_supported(sentences: list[str], data: st.DataObject) -> None:
    """Verbatim is enough."""
    said = data.draw(st.sampled_from(sentences))
    assert carries(said, passage("\n\n".join(sentences))).verdict is Verdict.SUPPORTED


@given(_SENTENCES, _WORDS, st.integers(min_value=1, max_value=20))
def test_a_sentence_with_a_word_put_in_is_not_supported(sentence: str, word: str, at: int) -> None:
    """One more word is one more thing that the source does not say."""
    words = sentence.rstrip(".").split()
    changed = [*words[:at], f"{word} unheard-of", *words[at:]]
    assert carries(" ".join(changed) + ".", passage(sentence)).verdict is not Verdict.SUPPORTED


@given(
    st.integers(min_value=1, max_value=10_000),
    st.sampled_from([("minutes", 60_000), ("s", 1000), ("ms", 1), ("hours", 3_600_000)]),
    st.integers(min_value=1, max_value=10_000),
    st.sampled_from([("minutes", 60_000), ("seconds", 1000), ("milliseconds", 1)]),
)
def test_durations_are_compared_as_amounts(
    count: int, unit: tuple[str, int], stated: int, stated_unit: tuple[str, int]
) -> None:
    """Supported when the milliseconds are equal, refuted when they are not, however both are written."""
    page = passage(f"The coordinator removes an idle member of the group after {count} {unit[0]}.")
    said = f"The coordinator removes an idle member of the group after {stated} {stated_unit[0]}."
    expected = Verdict.SUPPORTED if count * unit[1] == stated * stated_unit[1] else Verdict.REFUTED
    assert carries(said, page).verdict is expected


_DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2030, 12, 31))


@given(_DAYS, _DAYS, st.sampled_from(["%d %B %Y", "%B %d, %Y", "%Y-%m-%d"]), st.sampled_from(["%d %B %Y", "%B %d, %Y"]))
def test_dates_are_compared_as_days(day: date, stated: date, written: str, restated: str) -> None:
    """Supported when the day is the same, refuted when it is not, in whichever form."""
    page = passage(f"The project published the first release of the new protocol on {day.strftime(written)}.")
    said = f"The project published the first release of the new protocol on {stated.strftime(restated)}."
    assert carries(said, page).verdict is (Verdict.SUPPORTED if stated == day else Verdict.REFUTED)


@given(st.text(max_size=200), st.text(min_size=1, max_size=300))
def test_any_sentence_over_any_passage_gets_a_verdict_with_a_reason(text: str, source: str) -> None:
    """No input crashes the review, and no verdict comes without a reason."""
    page = passage(source.encode("utf-8", "replace").decode())
    sentence = Sentence(sentence_id="s1", text=text.encode("utf-8", "replace").decode(), kind="fact", citations=(1,))
    verdict = Judge({1: page}, {page.passage_id: page}).fact(sentence)
    assert verdict.reason
