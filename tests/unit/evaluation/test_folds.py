"""The halves of a data set."""

from collegium.evaluation.folds import half

FROZEN = ["reporting", "reporting", "tuning", "reporting", "tuning", "reporting"]


def test_halves_stay_where_published_figures_found_them() -> None:
    """Frozen: a case that changed halves would be tuned on and reported on."""
    assert [half(f"case-{number}") for number in range(6)] == FROZEN


def test_halves_are_about_equal() -> None:
    """Over a thousand ids."""
    reported = sum(half(f"case-{number}") == "reporting" for number in range(1_000))
    assert 450 < reported < 550


def test_case_and_punctuation_do_not_move_a_case() -> None:
    """Ids that were written another way name the same case."""
    assert half("SciFact: 12") == half("scifact-12")
