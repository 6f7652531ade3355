"""What the command line reads from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DebugSettings(BaseSettings):
    """Whether faults of the program itself are shown with their stack."""

    model_config = SettingsConfigDict(env_prefix="COLLEGIUM_", frozen=True, extra="forbid")

    debug: bool = False


class CliSettings(BaseSettings):
    """Where the command line finds things; each field is an environment variable such as COLLEGIUM_DATA_DIR."""

    model_config = SettingsConfigDict(env_prefix="COLLEGIUM_", frozen=True, extra="forbid")

    data_dir: Path = Path(".collegium")
    """Corpora, reports, logs, traces and the running stack's `stack.json`."""
    ledger_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Where the ledger answers; else the running stack's."""
    ledger_timeout_ms: Annotated[int, Field(ge=50, le=60_000)] = 2_000
    """How long the ledger may take before the topics are read directly."""
    jaeger_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Jaeger's query address, such as http://127.0.0.1:16686; else the local trace files are read."""
