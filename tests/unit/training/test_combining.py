"""The formula that joins the model with the rules, as it is fitted."""

import random
from pathlib import Path

from collegium.evaluation.folds import half
from collegium.verification.signals import Signals
from entailment.combine import ALL, WORDS, Weighable, collect, figures, fit
from judged_folders import claims


def _drawn(count: int, *, tuning: bool) -> list[Weighable]:
    """Claims that are supported where the model sees no contradiction; words say nothing."""
    chance = random.Random(5)
    found: list[Weighable] = []
    for _ in range(count):
        supported = chance.random() < 0.5
        sure = chance.gauss(1.5 if supported else -1.5, 1.0)
        found.append(Weighable("drawn", tuning, supported, Signals(chance.random(), 1.0, entailed=sure)))
    return found


def test_what_tells_claims_apart_weighs_most() -> None:
    """The model's signal; and what it gives is a probability."""
    learnt, held_back = _drawn(600, tuning=True), _drawn(300, tuning=False)
    weights = fit(learnt, ALL)
    assert weights.entailed > abs(weights.missing)
    told = figures([*learnt, *held_back], weights)["drawn reporting"]
    assert told["auroc"] > 0.9
    assert told["ece"] < 0.1


def test_the_other_half_teaches_nothing() -> None:
    """Claims of the reporting half change no weight."""
    learnt = _drawn(200, tuning=True)
    reversed_truth = [
        Weighable(one.suite, False, not one.supported, one.signals)  # noqa: FBT003 - a field of the half
        for one in _drawn(200, tuning=False)
    ]
    assert fit([*learnt, *reversed_truth], ALL) == fit(learnt, ALL)


def test_claims_are_collected_with_their_half(tmp_path: Path) -> None:
    """Each claim of a folder, with its signals; without a model those of words."""
    found = collect(claims(tmp_path), None)
    assert [one.supported for one in found] == [True, False] * 4
    assert [one.tuning for one in found] == [half(f"c{number}") == "tuning" for number in range(8)]
    assert all(one.signals is not None and one.signals.entailed == 0.0 for one in found)


def test_a_folder_to_fit_is_for_tuning_as_a_whole(tmp_path: Path) -> None:
    """None of its claims is reported."""
    found = collect(claims(tmp_path), None, whole=True)
    assert all(one.tuning for one in found)
    assert [name for name in figures(found, fit(found, WORDS)) if name.endswith("reporting")] == []


def test_a_suites_share_of_truths_moves_no_weight() -> None:
    """Two suites that differ in words and in how many of their claims hold, but within which words say nothing."""
    chance = random.Random(6)
    rare = [_worded("rare", 0.2 + 0.1 * chance.random(), chance.random() < 0.2) for _ in range(400)]
    often = [_worded("often", 0.8 + 0.1 * chance.random(), chance.random() < 0.8) for _ in range(400)]
    assert abs(fit([*rare, *often], WORDS).missing) < 1.0


def _worded(suite: str, missing: float, supported: bool) -> Weighable:  # noqa: FBT001 - a field of a claim
    return Weighable(suite, True, supported, Signals(missing, 1.0))  # noqa: FBT003 - a field of a claim
