"""The halves of a data set."""

from collegium.evaluation.folds import half, sample, shared

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


def test_a_text_in_common_with_the_other_half_is_told() -> None:
    """Of the reporting half alone, in any spelling; an empty text is nothing in common."""
    tuning = next(f"case-{number}" for number in range(100) if half(f"case-{number}") == "tuning")
    one, other, third = [f"case-{number}" for number in range(100) if half(f"case-{number}") == "reporting"][:3]
    cases = [
        (one, ["A dog runs."]),
        (tuning, ["a dog runs", ""]),
        (other, ["A cat runs."]),
        (third, ["", "A cat runs."]),
    ]
    assert shared(cases) == {one}


def test_a_sample_is_from_all_over_a_suite_and_always_the_same() -> None:
    """In the suite's order; a case more leaves the others in their places."""
    cases = [f"case-{number}" for number in range(100)]
    ten, eleven = sample(cases, 10, str), sample(cases, 11, str)
    assert (len(ten), len(eleven)) == (10, 11)
    assert set(ten) < set(eleven)
    assert list(ten) == sorted(ten, key=cases.index)
    assert max(cases.index(case) for case in ten) >= 50
    assert sample(cases, None, str) == sample(cases, 200, str) == tuple(cases)
