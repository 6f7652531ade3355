"""The committed sentences are sound, and the check would say if they were not."""

import json
from pathlib import Path

from evaluation.tampering_sentences import faults_of

DATA = Path(__file__).parents[2] / "evaluation" / "data" / "tampering" / "sentences.jsonl"


def test_the_committed_sentences_are_sound() -> None:
    """Each stands in its source, once, and each kind of tampering has its share."""
    assert faults_of(DATA) == []


def test_what_is_not_sound_is_told(tmp_path: Path) -> None:
    """A sentence that its source does not hold, one that is there twice, and kinds without a share."""
    rows = [
        {"id": "a:1", "sentence": "The ferry carries 180 passengers.", "source": "The ferry is red."},
        {"id": "a:1", "sentence": "The ferry is red.", "source": "So: The ferry\n is red."},
    ]
    path = tmp_path / "sentences.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")

    told = faults_of(path)

    assert told[:2] == ["a:1: the sentence does not stand in its source", "id 'a:1' is there 2 times"]
    assert any(one.startswith("date: 0 changes") for one in told)
