"""What operators decide about a specialist: `COLLEGIUM_AGENT_...`, and the data directory."""

import os
import socket
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from collegium.agent.config import RuntimeConfig
from collegium.agent.patience import Patience
from collegium.log.topics import TopicNames


class AgentSettings(BaseSettings):
    """Bounds of one specialist process."""

    model_config = SettingsConfigDict(
        env_prefix="COLLEGIUM_AGENT_", frozen=True, extra="forbid", populate_by_name=True, env_ignore_empty=True
    )

    data_dir: Path = Field(
        default=Path(".collegium"),
        validation_alias="COLLEGIUM_DATA_DIR",
        description="corpora, reports and state files",
    )
    concurrency: int = Field(default=8, ge=1, le=1_000, description="attempts performed at once, and tool threads")
    high_water: int = Field(default=64, ge=1, le=100_000, description="tasks in flight at which no more are taken")
    low_water: int = Field(default=32, ge=0, description="tasks in flight at which taking goes on")
    commit_interval_ms: int = Field(default=50, ge=1, le=10_000, description="how often offsets are committed at most")
    heartbeat_ms: int = Field(default=5_000, ge=100, le=600_000, description="how often a running attempt shows life")
    drain_ms: int = Field(
        default=20_000, ge=0, le=600_000, description="how long running attempts may go on at the end"
    )
    read_timeout_ms: int = Field(default=5_000, ge=100, le=600_000, description="for one read of the shared context")
    cache_bytes: int = Field(default=67_108_864, ge=0, description="context content kept in memory")
    start_wait_ms: int = Field(
        default=60_000, ge=0, description="how long to wait for Kafka and its topics at the start"
    )
    outage_ms: int = Field(default=60_000, ge=0, description="how long Kafka may be away before the process ends")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.low_water >= self.high_water:
            raise ValueError(f"low_water ({self.low_water}) must be below high_water ({self.high_water})")
        return self

    def runtime(self, role: str, names: TopicNames) -> RuntimeConfig:
        """The runtime's bounds, for this process."""
        return RuntimeConfig(
            worker=f"{role}@{socket.gethostname()}:{os.getpid()}"[-128:],
            names=names,
            concurrency=self.concurrency,
            high_water=self.high_water,
            low_water=self.low_water,
            commit_interval_ms=self.commit_interval_ms,
            heartbeat_ms=self.heartbeat_ms,
            drain_ms=self.drain_ms,
            read_timeout_ms=self.read_timeout_ms,
            cache_bytes=self.cache_bytes,
            patience=Patience(bound_ms=self.outage_ms),
        )
