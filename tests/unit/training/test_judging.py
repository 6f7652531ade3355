"""Figures of a judge, and the suites that it is judged on."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from collegium.entailment.onnx import Logits, probabilities
from collegium.entailment.package import Config
from collegium.entailment.windows import WindowRule
from entailment.calibrate import sureness
from entailment.card import SOURCES as ATTRIBUTED
from entailment.card import card
from entailment.evaluate import report
from entailment.metrics import fitted_temperature, partial_log_loss
from entailment.mixture import SOURCES
from entailment.pairs import NOT_ENTAILED, Label, Pair, exactly
from entailment.suites import read_suite

E, N, C = Label


def test_the_temperature_undoes_a_scale() -> None:
    """Logits that are twice too large ask for a temperature twice as high."""
    chance = np.random.default_rng(1)
    logits = chance.normal(size=(4_000, 3))
    drawn = [exactly((E, N, C)[int(chance.choice(3, p=row))]) for row in probabilities(logits)]
    assert fitted_temperature(2 * logits, drawn) == pytest.approx(2.0, rel=0.1)


def test_the_loss_ignores_what_was_not_on_offer() -> None:
    """The neutral logit changes nothing where annotators had no neutral."""
    reading = [exactly(E, frozenset({E, C}))]
    one, other = np.array([[1.0, -9.0, 0.0]]), np.array([[1.0, 9.0, 0.0]])
    assert partial_log_loss(one, reading, 1.0) == pytest.approx(partial_log_loss(other, reading, 1.0))
    assert partial_log_loss(np.array([[-9.0, 3.0, 3.0]]), [NOT_ENTAILED], 1.0) == pytest.approx(0.0, abs=1e-4)


def test_two_labels_that_are_both_right_count_as_one_answer() -> None:
    """0.4 against 0.3 and 0.3: not entailed, with 0.6."""
    pair = Pair("p", "h", NOT_ENTAILED, "med")
    assert sureness([pair], np.array([[0.4, 0.3, 0.3]])) == ([pytest.approx(0.6)], [True])


def test_a_config_comes_back_as_written(tmp_path: Path) -> None:
    """Labels, tokens, temperature, windows."""
    config = Config(max_tokens=96, window=WindowRule(2, 1, 300)).at(1.7)
    config.write(tmp_path)
    assert Config.read(tmp_path) == config


def test_the_model_card_names_every_source_with_its_licence() -> None:
    """Several ask for attribution; a card without a value for one of its blanks is an error."""
    assert {item.source for item in ATTRIBUTED} == {source.name for source in SOURCES}
    blanks = (
        "layers hidden megabytes labels max_tokens temperature sentences step pairs steps minutes seed plan best note"
    )
    written = card(dict.fromkeys(blanks.split(), "x"), {"snli_dev": 0.5}, ["12 ms"])
    assert "- `fever_dev`: FEVER (Thorne et al., 2018); text from Wikipedia. CC BY-SA 3.0." in written
    assert "- `snli_dev`: 0.500" in written
    with pytest.raises(KeyError):
        card({}, {}, [])


def test_a_part_without_both_kinds_has_no_ranking(tmp_path: Path) -> None:
    """Said as null, not as a number and not as NaN, which is no JSON."""
    _write(tmp_path / "claims.jsonl", [{"id": "1", "claim": "x", "label": "REFUTES", "evidence": ["One."]}])
    found = report(_Copying(), tmp_path, WindowRule(), 1.0, None)
    assert json.loads(json.dumps(found, allow_nan=False))["all"]["auroc_supported"] is None


class _Copying:
    """Holds that a premise entails what it contains, and contradicts the rest."""

    def logits(self, pairs: Sequence[tuple[str, str]]) -> Logits:
        """Sure of it."""
        return np.array([[5.0, 0.0, 0.0] if said in premise else [0.0, 0.0, 5.0] for premise, said in pairs])


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")


def test_pages_are_judged_by_their_best_window(tmp_path: Path) -> None:
    """The supporting sentence is in one of several windows; partial support is none."""
    page = {"sentences": ["One.", "Two.", "Three. Four.", "Five."]}
    labels = ("supported", "not_supported", "partially_supported") * 8
    _write(
        tmp_path / "claims.jsonl",
        [
            {"id": f"c{n}", "claim": "Four." if label == "supported" else "Six.", "label": label, "chunks": [page]}
            for n, label in enumerate(labels)
        ],
    )
    assert read_suite(tmp_path, WindowRule(2, 1))[0].windows == (
        "One. Two.",
        "Two. Three.",
        "Three. Four.",
        "Four. Five.",
    )
    found = report(_Copying(), tmp_path, WindowRule(2, 1), 1.0, None)
    for part in ("tuning_half", "reporting_half", "all"):
        figures = found[part]
        assert isinstance(figures, dict)
        assert figures["auroc_supported"] == 1.0


def test_labelled_pairs_are_judged_on_contradiction_too(tmp_path: Path) -> None:
    """Neutral pairs count against it, since the judge knows no neutral."""
    rows = [("NEUTRAL", "no"), ("ENTAILMENT", "a"), ("CONTRADICTION", "no")] * 8
    _write(
        tmp_path / "pairs.jsonl",
        [{"id": str(n), "premise": "a b", "hypothesis": said, "label": label} for n, (label, said) in enumerate(rows)],
    )
    figures = report(_Copying(), tmp_path, WindowRule(), 1.0, None)["all"]
    assert isinstance(figures, dict)
    assert figures["accuracy"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["auroc_contradiction"] == pytest.approx(0.75)


def test_claims_with_evidence_are_one_window(tmp_path: Path) -> None:
    """The sentences that were chosen as evidence, together."""
    row: dict[str, object] = {"id": "1", "claim": "x", "label": "REFUTES", "evidence": ["One.", "Two."]}
    _write(tmp_path / "claims.jsonl", [row])
    (case,) = read_suite(tmp_path, WindowRule())
    assert (case.windows, case.supported, case.label) == (("One. Two.",), False, None)
