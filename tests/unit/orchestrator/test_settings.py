"""What an operator may set for an orchestrator."""

import pytest
from pydantic import ValidationError

from collegium.orchestrator.settings import OrchestratorSettings


@pytest.mark.parametrize("lost_ms", [0, 10_000, 20_000])
def test_silence_is_never_or_after_two_beats_a_loss(lost_ms: int) -> None:
    """0 turns it off."""
    assert OrchestratorSettings(heartbeat_lost_ms=lost_ms).heartbeat_lost_ms == lost_ms


@pytest.mark.parametrize("lost_ms", [-1, 1, 5_000, 9_999])
def test_a_bound_that_gives_up_healthy_workers_is_refused(lost_ms: int) -> None:
    """They beat every 5 s; the process says so at its start."""
    with pytest.raises(ValidationError, match="heartbeat_lost_ms"):
        OrchestratorSettings(heartbeat_lost_ms=lost_ms)
