"""The fault that a process is asked for: `COLLEGIUM_FAULT`."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from collegium.faults.errors import BadFault
from collegium.faults.spec import Fault


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return Fault.parse(value)
    except BadFault as error:
        raise ValueError(str(error)) from error


class FaultSettings(BaseSettings):
    """Absent in production, and then the points cost nothing."""

    model_config = SettingsConfigDict(env_prefix="COLLEGIUM_", frozen=True, extra="forbid", env_ignore_empty=True)

    fault: Annotated[Fault | None, NoDecode, BeforeValidator(_parsed)] = Field(
        default=None, description="POINT:PASSING:ACTION, for tests only: kill, stop or exit at a named place"
    )
