"""A killed run goes on with the batches that would have come."""

import random
from itertools import islice

import pytest

from entailment.batches import Position, batches_from, bucketed, pass_batches
from entailment.pairs import Label, Pair, exactly
from entailment.schedule import Budget, rate

PAIRS = [Pair("p" * (number * 7 % 90), str(number), exactly(Label.ENTAILMENT), "made up") for number in range(203)]


def _drawing(chance: random.Random, /) -> list[Pair]:
    return chance.sample(PAIRS, 150)


def test_every_pair_of_a_pass_comes_once() -> None:
    """Buckets lose nothing and repeat nothing."""
    batches = bucketed(PAIRS, 8, random.Random(3))
    assert sorted(pair.hypothesis for batch in batches for pair in batch) == sorted(pair.hypothesis for pair in PAIRS)


def test_batches_hold_pairs_of_similar_length() -> None:
    """Padding stays small: the spread inside a batch is a fraction of the whole spread."""
    batches = bucketed(PAIRS, 8, random.Random(3))
    spreads = [max(p.chars for p in batch) - min(p.chars for p in batch) for batch in batches]
    assert sum(spreads) / len(spreads) < 8


def test_the_order_depends_on_seed_and_pass() -> None:
    """Equal for equal seed and pass, else not."""
    assert pass_batches(_drawing, 1, 0, 8) == pass_batches(_drawing, 1, 0, 8)
    assert pass_batches(_drawing, 1, 0, 8) != pass_batches(_drawing, 1, 1, 8)
    assert pass_batches(_drawing, 1, 0, 8) != pass_batches(_drawing, 2, 0, 8)


@pytest.mark.parametrize("killed_after", [0, 1, 18, 19, 20, 37, 45])
def test_going_on_from_any_batch_gives_the_same_order(killed_after: int) -> None:
    """Also at and beyond the end of a pass of 19 batches."""
    whole = list(islice(batches_from(_drawing, 5, 8, Position()), 60))
    position = whole[killed_after - 1][0] if killed_after else Position()
    assert list(islice(batches_from(_drawing, 5, 8, position), 60 - killed_after)) == whole[killed_after:]


def test_a_pass_without_pairs_is_an_error() -> None:
    """Else it would be searched for batches for ever."""
    with pytest.raises(ValueError, match="without pairs"):
        next(batches_from(lambda _: [], 5, 8, Position()))


def test_the_budget_ends_with_what_comes_first() -> None:
    """Minutes or pairs, never more than all of it."""
    budget = Budget(minutes=10, pairs=1_000)
    assert budget.used(seconds=60, pairs=500) == 0.5
    assert budget.used(seconds=480, pairs=500) == 0.8
    assert budget.used(seconds=6_000, pairs=500) == 1.0
    with pytest.raises(ValueError, match="minutes or pairs"):
        Budget(None, None)


def test_the_rate_rises_then_falls_to_nothing() -> None:
    """Linear warm-up and linear decay."""
    assert rate(0.0, 1.0, warm=0.1) == 0.0
    assert rate(0.05, 1.0, warm=0.1) == pytest.approx(0.5)
    assert rate(0.1, 1.0, warm=0.1) == pytest.approx(1.0)
    assert rate(0.55, 1.0, warm=0.1) == pytest.approx(0.5)
    assert rate(1.0, 1.0, warm=0.1) == 0.0
