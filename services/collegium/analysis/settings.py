"""What operators decide about analysis: `COLLEGIUM_ANALYSIS_...`."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AnalysisSettings(BaseSettings):
    """Whether the entailment model is asked about counterparts that the rules take for two wordings."""

    model_config = SettingsConfigDict(
        env_prefix="COLLEGIUM_ANALYSIS_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    entailment: Literal["auto", "off"] = Field(
        default="auto", description="auto: where `collegium[entailment]` and its model are installed"
    )
    entailment_threads: int = Field(default=1, ge=1, le=64, description="threads of one computation")
