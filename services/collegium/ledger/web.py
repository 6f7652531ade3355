"""The ledger over HTTP: runs, one run, its history, latencies. Answers are the contracts of `views`, as JSON."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, Protocol

from aiohttp import web

from collegium.ledger.listing import newest
from collegium.ledger.reading import HistoryReader
from collegium.ledger.shelf import Shelf
from collegium.log.errors import LogError
from collegium_schemas.base import Contract
from collegium_schemas.objective import RunStatus

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 10_000
_JSON: Final = "application/json"


class Views(Protocol):
    """Where answers come from: the stream."""

    @property
    def shelf(self) -> Shelf:
        """The kept runs."""
        ...

    @property
    def ready(self) -> bool:
        """Whether the shelf has been restored."""
        ...

    @property
    def complete(self) -> bool:
        """Whether it holds runs of every partition."""
        ...


class LedgerApi:
    """Routes that answer 503 until `attach` has been called and the views are ready."""

    def __init__(self) -> None:
        self._views: Views | None = None
        self._reader: HistoryReader | None = None

    def attach(self, views: Views, reader: HistoryReader) -> None:
        """Answer from these from now on."""
        self._views = views
        self._reader = reader

    def unready(self) -> bool | str:
        """True when ready, else what is awaited."""
        if self._views is None:
            return "waiting for Kafka and its topics"
        return True if self._views.ready else "views are being restored"

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The routes."""
        return (
            web.get("/runs", self.runs),
            web.get("/runs/{run_id}", self.run),
            web.get("/runs/{run_id}/events", self.events),
            web.get("/latencies", self.latencies),
        )

    async def runs(self, request: web.Request) -> web.Response:
        """`GET /runs?status=&limit=&prefix=`: the newest runs."""
        views = self._ready_views()
        status = _status(request)
        limit = _limit(request, DEFAULT_LIMIT)
        prefix = request.query.get("prefix", "")
        return _answer(newest(views.shelf.summaries(), status, limit, prefix, complete=views.complete))

    async def run(self, request: web.Request) -> web.Response:
        """`GET /runs/ID`: everything about one run."""
        run_id = request.match_info["run_id"].lower()
        view = self._ready_views().shelf.view(run_id)
        if view is None:
            raise _fault(HTTPStatus.NOT_FOUND, "not_found", f"this ledger keeps no run {run_id[:64]}")
        return _answer(view)

    async def events(self, request: web.Request) -> web.Response:
        """`GET /runs/ID/events?limit=`: the run's decisions in order, read from run-events."""
        run_id = request.match_info["run_id"].lower()
        view = self._ready_views().shelf.view(run_id)
        if view is None or self._reader is None:
            raise _fault(HTTPStatus.NOT_FOUND, "not_found", f"this ledger keeps no run {run_id[:64]}")
        try:
            limit = _limit(request, MAX_LIMIT)
            decisions = await self._reader.decisions(run_id, history=view.history, limit=limit)
        except LogError as error:
            raise _fault(HTTPStatus.SERVICE_UNAVAILABLE, "log_unavailable", str(error)) from error
        body = b"[" + b",".join(decided.to_json() for decided in decisions) + b"]"
        return web.Response(body=body, content_type=_JSON)

    async def latencies(self, request: web.Request) -> web.Response:
        """`GET /latencies`: percentiles by role and stage."""
        views = self._ready_views()
        return _answer(views.shelf.latencies(complete=views.complete))

    def _ready_views(self) -> Views:
        missing = self.unready()
        if self._views is None or missing is not True:
            raise _fault(HTTPStatus.SERVICE_UNAVAILABLE, "unready", str(missing))
        return self._views


def _answer(body: Contract) -> web.Response:
    return web.Response(body=body.to_json(), content_type=_JSON)


def _status(request: web.Request) -> RunStatus | None:
    text = request.query.get("status")
    if not text:
        return None
    try:
        return RunStatus(text)
    except ValueError as error:
        known = ", ".join(status.value for status in RunStatus)
        raise _fault(HTTPStatus.BAD_REQUEST, "bad_request", f"status must be one of {known}") from error


def _limit(request: web.Request, default: int) -> int:
    text = request.query.get("limit", str(default))
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_LIMIT:
        return int(text)
    raise _fault(HTTPStatus.BAD_REQUEST, "bad_request", f"limit must be a number from 1 to {MAX_LIMIT}")


def _fault(status: HTTPStatus, kind: str, message: str) -> web.HTTPException:
    faults = {
        HTTPStatus.BAD_REQUEST: web.HTTPBadRequest,
        HTTPStatus.NOT_FOUND: web.HTTPNotFound,
        HTTPStatus.SERVICE_UNAVAILABLE: web.HTTPServiceUnavailable,
    }
    return faults[status](text=json.dumps({"error": kind, "message": message}), content_type=_JSON)
