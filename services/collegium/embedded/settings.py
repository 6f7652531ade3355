"""What users decide about the embedded stack: `COLLEGIUM_...`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from collegium.embedded.setup import default_cache_dir


class EmbeddedSettings(BaseSettings):
    """Where things are on this machine; each field is an environment variable such as COLLEGIUM_CACHE_DIR."""

    model_config = SettingsConfigDict(env_prefix="COLLEGIUM_", frozen=True, extra="forbid")

    data_dir: Path = Field(
        default=Path(".collegium"), description="the broker's data, logs and the running stack's state"
    )
    cache_dir: Path = Field(default_factory=default_cache_dir, description="fetched jars, shared by all clones")
    kafka_bootstrap: str | None = Field(default=None, min_length=1, description="another Kafka; none of our own then")
    kafka_port: int = Field(default=9092, ge=0, le=65_535, description="the embedded broker's port when it is free")
    kafka_heap_mb: int = Field(default=384, ge=128, le=65_536, description="the embedded broker's heap")
    maven_url: str | None = Field(default=None, pattern=r"^https?://", description="a mirror of Maven Central")
    jaeger_binary: Path | None = Field(default=None, description="a Jaeger binary that is not on the PATH")
