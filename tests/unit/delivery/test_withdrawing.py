"""Taking back what a subtask has delivered to several targets."""

from pathlib import Path

import pytest

from collegium.agent.effects import EffectCall, NotDone
from collegium.agent.specialist import SpecialistFailure
from collegium.delivery.files import Publication
from collegium.delivery.settings import WebhookSettings
from collegium.delivery.specialist import DeliverySpecialist
from collegium.delivery.webhook import Webhook
from collegium_schemas.tasks import FailureKind
from effect_worlds import JournalTarget
from report_worlds import RUN_ID, Bench, DirectDesk, task


class Away(JournalTarget):
    """A journal that cannot be reached."""

    async def call(self, call: EffectCall) -> str:
        """Refuse for now."""
        raise NotDone(FailureKind.DEPENDENCY_UNAVAILABLE, "away")


def publication() -> bytes:
    """What was delivered."""
    return Publication(run_id=RUN_ID, title="A report", files={"report.md": "text"}).to_json()


async def test_a_target_that_cannot_be_withdrawn_does_not_stop_the_others(tmp_path: Path) -> None:
    """The report goes, and the refusal is still said."""
    hook = Webhook(WebhookSettings.model_validate({"url": "https://hooks.example/"}))
    specialist = DeliverySpecialist(tmp_path, {"hook": hook})
    delivered = task("delivery", "a goal")
    await DirectDesk(delivered, specialist.effect_targets).execute("reports", publication())
    assert (tmp_path / "reports" / RUN_ID / "report.md").exists()
    undo = delivered.model_copy(
        update={"subtask_id": "undo.delivery", "compensates": "delivery", "effects": ("reports", "hook")}
    )
    with pytest.raises(SpecialistFailure, match="withdraw_url") as refused:
        await specialist.perform(undo, Bench(effects=DirectDesk(undo, specialist.effect_targets)))
    assert refused.value.permanent
    assert not (tmp_path / "reports" / RUN_ID / "report.md").exists()


async def test_what_may_succeed_later_is_tried_again(tmp_path: Path) -> None:
    """A refusal for good beside one that passes does not end the attempts."""
    hook = Webhook(WebhookSettings.model_validate({"url": "https://hooks.example/"}))
    specialist = DeliverySpecialist(tmp_path, {"hook": hook, "away": Away(tmp_path / "journal", "away")})
    undo = task("delivery", "a goal").model_copy(
        update={"subtask_id": "undo.delivery", "compensates": "delivery", "effects": ("away", "hook")}
    )
    with pytest.raises(SpecialistFailure, match="away") as refused:
        await specialist.perform(undo, Bench(effects=DirectDesk(undo, specialist.effect_targets)))
    assert not refused.value.permanent
