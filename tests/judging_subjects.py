"""Subjects for tests of the evaluation harness, found by name in worker processes too."""

import os
import random
from pathlib import Path

from collegium.evaluation.cases import VerificationCase
from collegium.evaluation.judging import Material, Prediction


class Overlap:
    """Supported when every word of the claim stands in a source; draws a number for the note."""

    name = "overlap"

    def __init__(self, version: str = "1") -> None:
        self.version = version

    def judge(self, case: VerificationCase) -> Prediction:
        """By words alone."""
        words = set(case.claim.lower().split())
        share = len(words & set(" ".join(case.sources).lower().split())) / len(words)
        label = "supported" if share == 1.0 else "not_enough_evidence"
        note = f"{random.random()}"  # noqa: S311 - what a subject draws must not depend on process or order
        return Prediction(label=label, confidence=share, score=share, note=note)


class Failing(Overlap):
    """Raises an error on one case."""

    name = "failing"

    def judge(self, case: VerificationCase) -> Prediction:
        """All but c2."""
        if case.case_id == "c2":
            raise ValueError("no idea")
        return super().judge(case)


class Ending(Overlap):
    """Ends its process on one case, once it runs in a worker."""

    name = "ending"

    def judge(self, case: VerificationCase) -> Prediction:
        """All but c2."""
        if case.case_id == "c2":
            os._exit(3)
        return super().judge(case)


class Opposite(Overlap):
    """Says the other label."""

    name = "opposite"

    def judge(self, case: VerificationCase) -> Prediction:
        """The other way round."""
        said = super().judge(case)
        label = "not_enough_evidence" if said.label == "supported" else "supported"
        return said.model_copy(update={"label": label, "score": 1.0 - said.score})


def overlap(material: Material) -> Overlap:
    """Counts in the material's folder how often it was opened."""
    material.folder.mkdir(parents=True, exist_ok=True)
    Path(material.folder, f"opened-{os.getpid()}").touch()
    return Overlap()


def newer(material: Material) -> Overlap:
    """The same in another version."""
    del material
    return Overlap("2")


def failing(material: Material) -> Failing:
    """See `Failing`."""
    del material
    return Failing()


def ending(material: Material) -> Ending:
    """See `Ending`."""
    del material
    return Ending()


def opposite(material: Material) -> Opposite:
    """See `Opposite`."""
    del material
    return Opposite()


def silent(material: Material) -> str:
    """No subject at all."""
    del material
    return "nothing"
