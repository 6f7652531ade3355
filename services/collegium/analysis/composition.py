"""Puts the specialist together."""

import logging

from collegium.analysis.second_look import SecondLook
from collegium.analysis.settings import AnalysisSettings
from collegium.analysis.specialist import AnalysisSpecialist
from collegium.entailment.errors import EntailmentError
from collegium.entailment.onnx import OnnxEntailment
from collegium.entailment.package import package_folder

_logger = logging.getLogger(__name__)


def build(settings: AnalysisSettings) -> AnalysisSpecialist:
    """The specialist, with the model where it is wanted and installed; the log says why it is not."""
    try:
        return AnalysisSpecialist(second_look(settings))
    except EntailmentError as error:
        _logger.info("comparing by rules alone: %s", error)
    return AnalysisSpecialist()


def second_look(settings: AnalysisSettings) -> SecondLook | None:
    """The second layer with the installed model; None where it is not wanted.

    Raises:
        EntailmentUnavailable: something that it needs is not installed.
        EntailmentUnusable: the model's package does not fit this version.
    """
    if settings.entailment == "off":
        return None
    return SecondLook(OnnxEntailment(package_folder(), threads=settings.entailment_threads))
