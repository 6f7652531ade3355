"""Asks the ledger over HTTP."""

from http import HTTPStatus
from typing import TypeVar

import httpx
from pydantic import ValidationError

from collegium.ledger.views import LatencyReport, RunPage, RunView
from collegium_schemas.base import Contract
from collegium_schemas.objective import RunStatus

C = TypeVar("C", bound=Contract)


class LedgerUnavailable(Exception):
    """The ledger does not answer, or not in a way that this version understands."""


class LedgerClient:
    """The ledger's HTTP interface.

    Args:
        url: Its address, without a trailing slash.
        timeout_ms: How long one answer may take.
    """

    def __init__(self, url: str, *, timeout_ms: int) -> None:
        self.url = url
        self._timeout_s = timeout_ms / 1000

    async def runs(self, *, status: RunStatus | None = None, limit: int, prefix: str = "") -> RunPage:
        """The newest runs.

        Raises:
            LedgerUnavailable: no usable answer in time.
        """
        params: dict[str, str | int] = {"limit": limit}
        if status is not None:
            params["status"] = status.value
        if prefix:
            params["prefix"] = prefix
        page = await self._get("/runs", RunPage, params)
        if page is None:
            raise LedgerUnavailable(f"{self.url} has no /runs")
        return page

    async def run(self, run_id: str) -> RunView | None:
        """One run, or None when the ledger does not know it.

        Raises:
            LedgerUnavailable: no usable answer in time.
        """
        return await self._get(f"/runs/{run_id}", RunView, {})

    async def latencies(self) -> LatencyReport | None:
        """Per-stage latencies.

        Raises:
            LedgerUnavailable: no usable answer in time.
        """
        return await self._get("/latencies", LatencyReport, {})

    async def _get(self, path: str, kind: type[C], params: dict[str, str | int]) -> C | None:
        try:
            async with httpx.AsyncClient(timeout=self._timeout_s, trust_env=False) as client:
                answer = await client.get(self.url + path, params=params)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LedgerUnavailable(f"{self.url}: {type(error).__name__}: {error}") from error
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if answer.status_code != HTTPStatus.OK:
            raise LedgerUnavailable(f"{self.url}{path} answered {answer.status_code}")
        try:
            return kind.read(answer.content)
        except ValidationError as error:
            raise LedgerUnavailable(f"{self.url}{path} answered something else") from error
