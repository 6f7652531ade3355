"""What operators decide about delivery: `COLLEGIUM_DELIVERY_...`."""

import re
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from collegium_schemas.base import Name

Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?$", to_lower=True)]
_VISIBLE: Final = re.compile(r"[!-~]+")


def _sendable(token: SecretStr) -> SecretStr:
    """A token that a header cannot hold would be named in the error of every call."""
    if not _VISIBLE.fullmatch(token.get_secret_value()):
        raise ValueError("a token consists of visible ASCII characters; look for a line end or a space in it")
    return token


Token = Annotated[SecretStr, AfterValidator(_sendable)]


class WebhookSettings(BaseModel):
    """One webhook, as an operator describes it. A playbook step names it in `effects`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: AnyHttpUrl
    """Asked by POST, with the effect's key as `Idempotency-Key`."""
    token: Token | None = None
    """Sent as a bearer token."""
    query_url: AnyHttpUrl | None = None
    """Asked by GET with `?key=`: 200 says that the key's request was done, 404 that it was not."""
    withdraw_url: AnyHttpUrl | None = None
    """Asked by POST with `{"withdraws": KEY}`; without it, what was sent cannot be taken back."""
    deduplicates: bool = False
    """True when the receiver promises that a second request with the same key changes nothing."""
    timeout_ms: int = Field(default=10_000, ge=100, le=120_000)

    def urls(self) -> tuple[AnyHttpUrl, ...]:
        """Everything that may be asked."""
        return tuple(url for url in (self.url, self.query_url, self.withdraw_url) if url is not None)

    @model_validator(mode="after")
    def _no_secret_in_a_url(self) -> Self:
        if any(url.username or url.password for url in self.urls()):
            raise ValueError("a url holds a user or password: put the secret into `token`")
        return self


class DeliverySettings(BaseSettings):
    """Where reports may go besides the data directory."""

    model_config = SettingsConfigDict(
        env_prefix="COLLEGIUM_DELIVERY_", frozen=True, extra="forbid", env_ignore_empty=True, hide_input_in_errors=True
    )

    webhooks: dict[Name, WebhookSettings] = Field(
        default_factory=dict, max_length=32, description="JSON: name -> url, token, query_url, withdraw_url, ..."
    )
    allowed_hosts: tuple[Host, ...] = Field(default=(), description="JSON list of hosts that webhooks may be on")
    allow_loopback: bool = Field(default=False, description="let webhooks reach this machine itself")

    @model_validator(mode="after")
    def _hosts_are_allowed(self) -> Self:
        if "reports" in self.webhooks:
            raise ValueError("a webhook cannot be named reports: that is the data directory's target")
        for name, webhook in self.webhooks.items():
            for url in webhook.urls():
                if (url.host or "").lower() not in self.allowed_hosts:
                    raise ValueError(f"webhook {name}: add {url.host} to COLLEGIUM_DELIVERY_ALLOWED_HOSTS, or mend it")
        return self
