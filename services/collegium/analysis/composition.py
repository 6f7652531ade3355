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
    if settings.entailment == "off":
        return AnalysisSpecialist()
    try:
        return AnalysisSpecialist(SecondLook(OnnxEntailment(package_folder(), threads=settings.entailment_threads)))
    except EntailmentError as error:
        _logger.info("comparing by rules alone: %s", error)
    return AnalysisSpecialist()
