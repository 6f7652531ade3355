"""Tokens and stems: the words that search and comparison count."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from collegium.language.tokens import content_stems, fold, stem, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Brokers start", ["the", "brokers", "start"]),
        ("enable.idempotence", ["enable.idempotence", "enable", "idempotence"]),
        ("log_dir and min-insync", ["log_dir", "log", "dir", "and", "min-insync", "min", "insync"]),
        ("3.9.0 v2.8 0.5", ["3.9.0", "2.8", "0.5"]),
        ("1,000,000 records", ["1000000", "records"]),
        ("1,2 and a,b", ["1", "2", "and", "a", "b"]),
        ("Kafka's brokers’ log", ["kafka", "brokers", "log"]),
        ("don't", ["don't"]),
        ("Café CAFÉ Straße", ["cafe", "cafe", "strasse"]),
        ("東京都", ["東京", "京都"]),
        ("Kafkaの設定", ["kafka", "の設", "設定"]),
        ("한국어", ["한국", "국어"]),
        ("-- ... !", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    """Words are folded; identifiers are followed by their parts; unspaced scripts give bigrams."""
    assert tokens(text) == expected


def test_composed_and_decomposed_letters_are_the_same() -> None:
    """Unicode's two ways to write an accent give the same tokens."""
    assert tokens("Cafe\u0301 re\u0301sume\u0301") == tokens("Café résumé") == ["cafe", "resume"]


def test_marks_of_other_scripts_stay() -> None:
    """Only Latin accents are dropped: in Hindi a vowel sign makes the word."""
    assert fold("की") != fold("का")


@pytest.mark.parametrize(
    ("word", "expected"), [("retries", "retri"), ("running", "run"), ("acks", "ack"), ("3.9.0", "3.9.0"), ("ms", "ms")]
)
def test_stem(word: str, expected: str) -> None:
    """Words lose their endings by Porter2, numbers and short words stay."""
    assert stem(word) == expected


def test_content_stems_drop_function_words() -> None:
    """What an index counts has no stop words and one form per word."""
    assert content_stems("What is the boiling point of gallium?") == ["boil", "point", "gallium"]


def test_a_very_long_word_is_cut() -> None:
    """A run of letters does not become a token of its length."""
    assert max(map(len, tokens("x" * 10_000 + " " + "a." * 5_000))) <= 64


def test_stemming_is_safe_in_threads() -> None:
    """The stemmer keeps state while it works; threads must not mix their words."""
    words = [f"{prefix}{ending}" for prefix in ("connect", "relat", "replicat") for ending in ("ing", "ed", "ion")]
    many = [f"{word}{letter}" for word in words for letter in "abcdefghijklmnopqrstuvwxyz"]
    expected = {word: stem(word) for word in many}
    stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        assert dict(zip(many, pool.map(stem, many), strict=True)) == expected
