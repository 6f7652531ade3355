"""What operators decide about the ledger: `COLLEGIUM_LEDGER_...`."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LedgerSettings(BaseSettings):
    """Bounds of a ledger process."""

    model_config = SettingsConfigDict(env_prefix="COLLEGIUM_LEDGER_", frozen=True, extra="forbid")

    runs: int = Field(default=2_000, ge=1, le=1_000_000, description="runs kept; the oldest ended ones go first")
    start_wait_ms: int = Field(default=60_000, ge=0, description="how long Kafka, topics and restoring may take")
    history_timeout_ms: int = Field(default=10_000, ge=100, description="how long reading one run's history may take")
    stall_ms: int = Field(default=10_000, ge=1_000, description="how long restoring may make no progress")
    stop_timeout_ms: int = Field(default=10_000, ge=100, description="how long the stream may take to stop")
