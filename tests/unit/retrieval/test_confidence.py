"""What a search says of its own result."""

import numpy as np
import pytest

from collegium.retrieval.confidence import Signals, confidence_of, signals_of


def test_no_signal_lowers_confidence() -> None:
    """More of the question covered, a closer passage or more agreement never make a search less sure."""
    low = Signals(0.3, 0.4, 0.1)
    higher = [Signals(0.6, 0.4, 0.1), Signals(0.3, 0.7, 0.1), Signals(0.3, 0.4, 0.5)]

    assert all(confidence_of(one) >= confidence_of(low) for one in higher)
    assert confidence_of(Signals(0.7)) > confidence_of(Signals(0.1))


@pytest.mark.parametrize("signals", [Signals(0.05), Signals(0.05, 0.1, 0.0)])
def test_a_corpus_about_something_else_does_not_look_sure(signals: Signals) -> None:
    """Hardly a word of the question, and nothing like it: rather wrong than right."""
    assert confidence_of(signals) < 0.5


def test_agreement_is_what_both_rankings_have_among_their_first_ten() -> None:
    """Passages without any score are in neither."""
    scores = np.array([3, 2, 1, 0, 0], dtype=np.float32)
    similarities = np.array([0.9, -0.2, 0.1, 0.5, 0.0], dtype=np.float32)

    signals = signals_of(0.4, scores, similarities)

    assert (signals.coverage, signals.curve) == (0.4, "bm25+vectors")
    assert signals.closeness == pytest.approx(0.9)
    assert signals.agreement == pytest.approx(2 / 5)


def test_without_vectors_the_words_alone_decide() -> None:
    """A curve of its own for a search by BM25 alone."""
    signals = signals_of(0.4, np.zeros(3, dtype=np.float32), None)

    assert signals == Signals(0.4)
    assert signals.curve == "bm25"
