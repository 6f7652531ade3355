"""Drafting as a specialist: what a playbook's parameters ask of it."""

import pytest

from collegium.agent.specialist import SpecialistFailure
from collegium.analysis.examine import examine
from collegium.drafting.specialist import DraftingSpecialist
from collegium_schemas.base import Scalar
from collegium_schemas.evidence import Draft
from collegium_schemas.tasks import FailureKind
from report_worlds import Bench, evidence, kafka_passages, output, task

GOAL = "How do producers wait for acknowledgements of replicas?"


async def _draft(**params: Scalar) -> Draft:
    found = [evidence(GOAL, *kafka_passages())]
    asked = task("drafting", GOAL).model_copy(update={"params": params})
    success = await DraftingSpecialist().perform(asked, Bench(*found, examine(found)))
    draft = output(success, Draft)
    assert success.confidence == draft.confidence
    return draft


async def test_a_step_names_its_template() -> None:
    """Without a name, a report."""
    assert [one.part for one in (await _draft()).layout] == ["summary", "findings", "disagreements"]
    assert (await _draft(template="how-to")).layout[0].heading == "Steps"


async def test_an_unknown_template_fails_for_good_and_says_which_there_are() -> None:
    """Another attempt cannot help."""
    with pytest.raises(SpecialistFailure, match="no template 'essay'; known: briefing, comparison") as raised:
        await _draft(template="essay")

    assert (raised.value.kind, raised.value.permanent) == (FailureKind.INVALID_OUTPUT, True)


@pytest.mark.parametrize(("least", "answered"), [(0.0, True), (1.0, False), ("high", True), (7, True)])
async def test_a_step_says_how_sure_an_answer_must_be(least: Scalar, answered: bool) -> None:  # noqa: FBT001 - a case
    """What is no share asks for nothing."""
    draft = await _draft(least_confidence=least)

    assert bool(draft.sentences()) is answered
    assert any("Not enough evidence" in one for one in draft.limitations) is not answered
