"""Pairs of text as arrays."""

from pathlib import Path

from collegium.entailment.encoding import PairEncoder
from entailment_models import write_tokenizer


def test_pairs_are_joined_and_padded(tmp_path: Path) -> None:
    """The hypothesis has another type; a shorter pair is padded and masked."""
    encoded = PairEncoder(write_tokenizer(tmp_path), 16).encode([("the broker stops", "the broker"), ("the", "the")])
    assert encoded.input_ids.tolist() == [[2, 4, 5, 6, 3, 4, 5, 3], [2, 4, 3, 4, 3, 0, 0, 0]]
    assert encoded.token_type_ids.tolist()[0] == [0, 0, 0, 0, 0, 1, 1, 1]
    assert encoded.attention_mask.sum(axis=1).tolist() == [8, 5]


def test_the_longer_text_is_cut(tmp_path: Path) -> None:
    """A long premise loses its end, the hypothesis stays whole."""
    encoded = PairEncoder(write_tokenizer(tmp_path), 8).encode([("the broker " * 50, "broker stops")])
    assert encoded.input_ids.tolist() == [[2, 4, 5, 4, 3, 5, 6, 3]]
