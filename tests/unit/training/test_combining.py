"""The formula that joins the model with the rules, as it is fitted."""

import random
from pathlib import Path

from collegium.evaluation.folds import half
from collegium.verification.signals import Signals
from entailment.combine import Weighable, collect, figures, fit
from judged_folders import claims

NAMES = ("bias", "shared", "exact", "against_contradiction", "against_neutral")


def _drawn(count: int, *, tuning: bool) -> list[Weighable]:
    """Claims that are supported where the model sees no contradiction; words say nothing."""
    chance = random.Random(5)
    found: list[Weighable] = []
    for _ in range(count):
        supported = chance.random() < 0.5
        sure = chance.gauss(1.5 if supported else -1.5, 1.0)
        windows = tuple(Signals(chance.random(), 1.0, sure - chance.random(), 0.0) for _ in range(2))
        found.append(Weighable("drawn", tuning, supported, windows))
    return found


def test_what_tells_claims_apart_weighs_most() -> None:
    """The model's signal; and what it gives is a probability."""
    learnt, held_back = _drawn(600, tuning=True), _drawn(300, tuning=False)
    weights = fit(learnt, NAMES)
    assert weights.against_contradiction > abs(weights.shared)
    told = figures([*learnt, *held_back], weights)["drawn reporting"]
    assert told["auroc"] > 0.9
    assert told["ece"] < 0.1


def test_the_other_half_teaches_nothing() -> None:
    """Claims of the reporting half change no weight."""
    learnt = _drawn(200, tuning=True)
    reversed_truth = [
        Weighable(one.suite, False, not one.supported, one.windows)  # noqa: FBT003 - a field of the half
        for one in _drawn(200, tuning=False)
    ]
    assert fit([*learnt, *reversed_truth], NAMES) == fit(learnt, NAMES)


def test_claims_are_collected_with_their_half(tmp_path: Path) -> None:
    """Each claim of a folder, with the signals of its windows; without a model those of words."""
    found = collect(claims(tmp_path), None)
    assert [one.supported for one in found] == [True, False] * 4
    assert [one.tuning for one in found] == [half(f"c{number}") == "tuning" for number in range(8)]
    assert found[1].windows[0].against_neutral == 0.0
