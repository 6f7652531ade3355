"""What operators decide about drafting: `COLLEGIUM_DRAFTING_...`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DraftingSettings(BaseSettings):
    """Where further templates are."""

    model_config = SettingsConfigDict(
        env_prefix="COLLEGIUM_DRAFTING_", frozen=True, extra="forbid", env_ignore_empty=True
    )

    template_dirs: tuple[Path, ...] = Field(default=(), description="folders of templates, as a JSON list")
