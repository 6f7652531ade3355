"""Curves from signals to chances, and the files that hold them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from collegium.agent.calibration import Curve, read_curves


def test_a_curve_is_the_logistic_function_of_its_weighted_signals() -> None:
    """Half where the sum is nothing; further signals are passed over."""
    curve = Curve(intercept=-1.0, weights={"coverage": 2.0})

    assert curve.chance({"coverage": 0.5, "other": 9.0}) == pytest.approx(0.5)
    assert curve.chance({"coverage": 1.0}) == pytest.approx(0.7310585786)


def test_no_sum_is_too_large() -> None:
    """Chances stay between 0 and 1, whatever the weights."""
    curve = Curve(intercept=0.0, weights={"coverage": 1e9})

    assert 0 < curve.chance({"coverage": -1.0}) < curve.chance({"coverage": 1.0}) <= 1


def test_a_missing_signal_is_an_error() -> None:
    """It is not taken for nothing."""
    with pytest.raises(KeyError, match="coverage"):
        Curve(intercept=0.0, weights={"coverage": 1.0}).chance({})


@pytest.mark.parametrize("text", ["[]", '{"made_by": "x", "fitted_on": "y", "curves": {}}', "no json"])
def test_what_is_no_calibration_file_is_refused(text: str, tmp_path: Path) -> None:
    """A file without curves, or of another kind."""
    path = tmp_path / "confidence.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises((ValidationError, ValueError)):
        read_curves(path)
