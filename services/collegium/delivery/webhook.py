"""Webhooks: a target over HTTP. What it can promise is what its receiver promises (docs/effects.md).

Every request carries the effect's key as `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header). Redirects
are not followed, proxies of the environment not used, and the address that was checked is the one that is connected to.
"""

import json
from typing import Final

import httpx
from pydantic import AnyHttpUrl, SecretStr

from collegium.agent.effects import EffectCall, Found, NotDone, Sought
from collegium.delivery.addresses import Resolve, permitted_address, resolve
from collegium.delivery.errors import HostDenied, NoClearAnswer
from collegium.delivery.settings import WebhookSettings
from collegium_schemas.tasks import FailureKind

_MAX_ANSWER_BYTES: Final = 4_096
_MAX_NOTE_CHARS: Final = 500
_REFUSALS: Final = {
    401: FailureKind.UNAUTHORISED,
    403: FailureKind.UNAUTHORISED,
    408: FailureKind.DEPENDENCY_UNAVAILABLE,
    425: FailureKind.DEPENDENCY_UNAVAILABLE,
    429: FailureKind.RATE_LIMITED,
}
_PASSING: Final = frozenset({408, 425, 429})
_IN_PROGRESS: Final = 409
"""Another request with this key is being worked on: nobody knows how that ends."""
_REDIRECTS: Final = range(300, 400)
"""Often the answer to a form that was taken over; it is not followed, so nobody knows."""
_GONE: Final = frozenset({404, 410})


class Webhook:
    """Implements `collegium.agent.effects.Target`.

    Args:
        settings: Where it is, and what its receiver promises.
        allow_loopback: Whether it may be on this machine.
        resolver: Finds addresses of hosts.
    """

    kind = "webhook"

    def __init__(self, settings: WebhookSettings, *, allow_loopback: bool = False, resolver: Resolve = resolve) -> None:
        self._settings = settings
        self._allow_loopback = allow_loopback
        self._resolver = resolver
        self._timeout = httpx.Timeout(settings.timeout_ms / 1000)

    @property
    def deduplicates(self) -> bool:
        """What its receiver promises."""
        return self._settings.deduplicates

    @property
    def timeout_ms(self) -> int:
        """As configured."""
        return self._settings.timeout_ms

    async def call(self, call: EffectCall) -> str:
        """Send it; the receipt is the status and the beginning of the answer."""
        url, content = self._settings.url, call.content
        if call.withdraws is not None:
            if self._settings.withdraw_url is None:
                message = "the webhook has no withdraw_url: what was sent to it cannot be taken back"
                raise NotDone(FailureKind.TOOL_ERROR, message, permanent=True)
            url, content = self._settings.withdraw_url, json.dumps({"withdraws": call.withdraws}).encode()
        headers = {"Idempotency-Key": call.key, "Content-Type": "application/json"}
        try:
            status, text = await self._ask("POST", url, headers=headers, content=content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotDone(FailureKind.DEPENDENCY_UNAVAILABLE, f"no connection to {url.host}: {error}") from error
        except HostDenied as error:
            raise NotDone(FailureKind.POLICY_DENIED, str(error), permanent=True) from error
        except httpx.LocalProtocolError:  # its text, and what led to it, may name the token
            message = f"the request for {url.host} cannot be sent: look at the webhook's url and token"
            raise NotDone(FailureKind.TOOL_ERROR, message, permanent=True) from None
        if 200 <= status < 300 or (call.withdraws is not None and status in _GONE):
            return f"{status} {text}".strip()
        if status >= 500 or status in _REDIRECTS or status == _IN_PROGRESS:
            raise NoClearAnswer(status)
        kind = _REFUSALS.get(status, FailureKind.TOOL_ERROR)
        raise NotDone(kind, f"the webhook answered {status}: {text}", permanent=status not in _PASSING)

    async def find(self, key: str) -> Sought:
        """Ask the receiver about the key, where it can be asked."""
        if self._settings.query_url is None:
            return Sought(Found.CANNOT_TELL)
        status, text = await self._ask("GET", self._settings.query_url, params={"key": key})
        if status == 200:
            return Sought(Found.DONE, f"{status} {text}".strip())
        return Sought(Found.ABSENT if status == 404 else Found.CANNOT_TELL)

    async def _ask(
        self,
        method: str,
        url: AnyHttpUrl,
        *,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        content: bytes = b"",
    ) -> tuple[int, str]:
        host, port = url.host or "", url.port or 0
        try:
            address = await permitted_address(host, port, allow_loopback=self._allow_loopback, resolver=self._resolver)
        except OSError as error:
            raise httpx.ConnectError(f"{host} cannot be resolved: {error}") from error
        wanted = httpx.URL(str(url)).copy_merge_params(params or {})
        sent = {"Host": wanted.netloc.decode(), "Accept-Encoding": "identity", **(headers or {})}
        if self._settings.token is not None:
            sent["Authorization"] = f"Bearer {self._settings.token.get_secret_value()}"
        async with (
            httpx.AsyncClient(timeout=self._timeout, follow_redirects=False, trust_env=False) as client,
            client.stream(
                method,
                wanted.copy_with(host=address),
                headers=sent,
                content=content,
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            text, whole = await _beginning(answer)
            return answer.status_code, self._without_secrets(text, whole=whole)[:_MAX_NOTE_CHARS]

    def secrets(self) -> tuple[SecretStr, ...]:
        """What no log and no trace may show."""
        return () if self._settings.token is None else (self._settings.token,)

    def _without_secrets(self, text: str, *, whole: bool) -> str:
        """What an answer echoes of our token, be it cut off, goes into no receipt and no reason."""
        for secret in self.secrets():
            token = secret.get_secret_value()
            for form in (json.dumps(token)[1:-1], token):
                text = text.replace(form, "***")
                cut = 0 if whole else _overlap(text, form)
                text = text[: len(text) - cut]
        return text


def _overlap(text: str, secret: str) -> int:
    """How many characters at a text's end are a secret's beginning."""
    return next((size for size in range(len(secret) - 1, 0, -1) if text.endswith(secret[:size])), 0)


async def _beginning(answer: httpx.Response) -> tuple[str, bool]:
    """The first bytes of an answer on one line, and whether that is all; the rest is not read."""
    found = b""
    async for chunk in answer.aiter_raw():
        found += chunk[: _MAX_ANSWER_BYTES - len(found)]
        if len(found) >= _MAX_ANSWER_BYTES:
            break
    return " ".join(found.decode("utf-8", "replace").split()), len(found) < _MAX_ANSWER_BYTES
