"""Puts the specialist together."""

import logging

from collegium.entailment.errors import EntailmentError, EntailmentUnusable
from collegium.entailment.onnx import OnnxEntailment
from collegium.entailment.package import package_folder
from collegium.entailment.remembering import Remembering
from collegium.verification.second_opinion import SecondOpinion
from collegium.verification.settings import VerificationSettings
from collegium.verification.specialist import VerificationSpecialist
from collegium.verification.weighing import Weights

_logger = logging.getLogger(__name__)


def build(settings: VerificationSettings) -> VerificationSpecialist:
    """The specialist, with the second layer where it is wanted and installed; the log says once why it is not."""
    try:
        return VerificationSpecialist(second_opinion(settings))
    except EntailmentError as error:
        # Not installed is a choice; installed and of no use is a mistake.
        level = logging.WARNING if isinstance(error, EntailmentUnusable) else logging.INFO
        _logger.log(level, "verifying by rules alone: %s", error)
    return VerificationSpecialist()


def second_opinion(settings: VerificationSettings) -> SecondOpinion | None:
    """The second layer with the installed model; None where it is not wanted.

    Raises:
        EntailmentUnavailable: something that it needs is not installed.
        EntailmentUnusable: the model's package does not fit this version.
    """
    if settings.entailment == "off":
        return None
    model = OnnxEntailment(package_folder(), threads=settings.entailment_threads)
    try:
        return SecondOpinion(Remembering(model), Weights.of(model.config.support))
    except ValueError as error:
        raise EntailmentUnusable("config.json of collegium-entailment", f"support: {error}") from error
