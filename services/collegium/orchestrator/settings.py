"""What operators decide about the orchestrator: `COLLEGIUM_ORCHESTRATOR_...`."""

from pathlib import Path
from typing import Final

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SHORTEST_LOST_MS: Final = 10_000
"""Two beats of a worker, which shows life every 5 s unless told otherwise; less would give up healthy ones."""


class OrchestratorSettings(BaseSettings):
    """Bounds and playbooks of an orchestrator process."""

    model_config = SettingsConfigDict(env_prefix="COLLEGIUM_ORCHESTRATOR_", frozen=True, extra="forbid")

    playbook_dirs: tuple[Path, ...] = Field(default=(), description="more directories of playbooks, as a JSON list")
    batch_records: int = Field(default=500, ge=1, le=5_000, description="inputs in one transaction")
    inbox_records: int = Field(default=4_000, ge=10, description="waiting inputs of a partition at which it is paused")
    ended_runs: int = Field(default=20_000, ge=1, description="terminal runs that a partition remembers")
    archive_after_ms: int = Field(default=86_400_000, ge=1_000, description="how long a terminal run is remembered")
    heartbeat_lost_ms: int = Field(
        default=20_000, ge=0, description="how long a worker may show no life; 0: for ever, else at least 10,000"
    )
    transaction_ms: int = Field(default=15_000, ge=500, description="how long a commit may take")
    start_wait_ms: int = Field(
        default=60_000, ge=0, description="how long to wait for Kafka and its topics at the start"
    )

    @field_validator("heartbeat_lost_ms")
    @classmethod
    def _outlasts_a_beat(cls, lost_ms: int) -> int:
        if 0 < lost_ms < SHORTEST_LOST_MS:
            raise ValueError(f"workers show life every 5 s: give 0, or at least {SHORTEST_LOST_MS}")
        return lost_ms
