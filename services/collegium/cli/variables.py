"""Which COLLEGIUM_ variables of the environment anything here reads."""

from typing import Final

from pydantic import AliasChoices, AliasPath
from pydantic_settings import BaseSettings

from collegium.agent.settings import AgentSettings
from collegium.analysis.settings import AnalysisSettings
from collegium.cli.settings import CliSettings, DebugSettings
from collegium.delivery.settings import DeliverySettings
from collegium.embedded.settings import EmbeddedSettings
from collegium.ledger.settings import LedgerSettings
from collegium.log.settings import KafkaSettings
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.retrieval.settings import RetrievalSettings
from collegium.telemetry.setup import TelemetrySettings
from collegium.verification.settings import VerificationSettings

PREFIX: Final = "COLLEGIUM_"
_ALL: Final[tuple[type[BaseSettings], ...]] = (
    AgentSettings,
    AnalysisSettings,
    CliSettings,
    DebugSettings,
    DeliverySettings,
    EmbeddedSettings,
    KafkaSettings,
    LedgerSettings,
    OrchestratorSettings,
    RetrievalSettings,
    TelemetrySettings,
    VerificationSettings,
)
_OF_COMPOSE: Final = "COLLEGIUM_TAG"


def known_variables() -> frozenset[str]:
    """The names of all variables with our prefix, of every service and of the Compose file."""
    names = {name for settings in _ALL for name in _variables(settings)}
    return frozenset(name for name in names if name.startswith(PREFIX)) | {_OF_COMPOSE}


def _variables(settings: type[BaseSettings]) -> tuple[str, ...]:
    prefix = settings.model_config.get("env_prefix", "")
    found: list[str] = []
    for name, field in settings.model_fields.items():
        match field.validation_alias:
            case None:
                found.append(f"{prefix}{name}".upper())
            case str() as alias:
                found.append(alias)
            case AliasChoices() | AliasPath():  # nobody here uses them
                raise TypeError(f"{settings.__name__}.{name} is read by more than one name")
    return tuple(found)
