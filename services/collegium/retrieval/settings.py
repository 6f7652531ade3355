"""What operators decide about retrieval: `COLLEGIUM_RETRIEVAL_...`."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from collegium.retrieval.specialist import MIN_COVERAGE
from collegium_schemas import limits


class RetrievalSettings(BaseSettings):
    """Bounds of a search, and whether sentence vectors are used."""

    model_config = SettingsConfigDict(
        env_prefix="COLLEGIUM_RETRIEVAL_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    passages: int = Field(default=10, ge=1, le=limits.MAX_PASSAGES, description="passages returned for one question")
    min_coverage: float = Field(
        default=MIN_COVERAGE,
        ge=0.0,
        le=1.0,
        description="share of a question's information that the best passage must hold",
    )
    vectors: Literal["auto", "off"] = Field(default="auto", description="auto: where `collegium[vectors]` is installed")
    vector_threads: int = Field(default=1, ge=1, le=64, description="threads of one sentence's computation")
    open_corpora: int = Field(default=4, ge=1, le=256, description="corpora kept open")
