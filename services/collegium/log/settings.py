"""How to reach Kafka."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from collegium.log.topics import DEFAULT_PREFIX

Bound = Annotated[int, Field(ge=100, le=600_000)]
"""Milliseconds that something may take."""


class KafkaSettings(BaseSettings):
    """Connection and bounds; each field is also an environment variable, such as COLLEGIUM_KAFKA_BOOTSTRAP."""

    model_config = SettingsConfigDict(env_prefix="COLLEGIUM_KAFKA_", frozen=True, extra="forbid")

    bootstrap: str = Field(
        default="127.0.0.1:9092", min_length=1, description="host:port of some brokers, comma separated"
    )
    topic_prefix: str = Field(default=DEFAULT_PREFIX, max_length=64, pattern=r"^[a-zA-Z0-9._-]*$")

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = Field(default=None, description="PEM file of authorities; the system's when absent")
    ssl_certfile: Path | None = Field(default=None, description="PEM file with the client's certificate")
    ssl_keyfile: Path | None = Field(default=None, description="PEM file with the client's key")

    connect_timeout_ms: Bound = Field(default=5_000, description="until a broker must answer at the start")
    request_timeout_ms: Bound = Field(
        default=15_000, description="until a request, acknowledgement or commit must be answered"
    )
    transaction_timeout_ms: Bound = Field(
        default=20_000, description="until the broker aborts an abandoned transaction"
    )
    session_timeout_ms: Bound = Field(default=6_000, description="until a silent group member loses its partitions")
    heartbeat_interval_ms: Bound = Field(default=1_000, description="how soon a group member hears of a rebalance")
    rebalance_timeout_ms: Bound = Field(default=10_000, description="until a member must give its partitions back")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.security_protocol.startswith("SASL") and (self.sasl_username is None or self.sasl_password is None):
            raise ValueError(f"{self.security_protocol} needs sasl_username and sasl_password")
        if self.ssl_keyfile is not None and self.ssl_certfile is None:
            raise ValueError("ssl_keyfile needs ssl_certfile")
        if self.heartbeat_interval_ms * 2 > self.session_timeout_ms:
            raise ValueError("heartbeat_interval_ms must be at most half of session_timeout_ms")
        return self

    def secrets(self) -> tuple[SecretStr, ...]:
        """Values that must not appear in any log or trace."""
        return () if self.sasl_password is None else (self.sasl_password,)
