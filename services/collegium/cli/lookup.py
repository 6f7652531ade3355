"""Finds runs: from the ledger when it answers, else from the topics directly."""

import re
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Final

from collegium.cli.errors import NotFound, UsageFault
from collegium.cli.ledger_client import LedgerClient, LedgerUnavailable
from collegium.ledger.listing import newest
from collegium.ledger.reading import HistoryReader
from collegium.ledger.views import RunPage, RunView
from collegium.log.port import Log
from collegium.log.topics import TopicNames
from collegium_schemas.objective import RunStatus

LATEST: Final = "latest"
MAX_RUNS: Final = 10_000
_FULL: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PREFIX: Final = re.compile(r"[0-9a-f-]{1,36}")

OpenLog = Callable[[], AbstractAsyncContextManager[Log]]


class RunLookup:
    """Run views by reference.

    Args:
        ledger: The ledger's client, or None when its address is not known.
        open_log: Opens a connection to Kafka, for when the ledger does not help.
        names: Gives the topics' names; only called when Kafka is needed.
        detail: Told how an answer was found.
    """

    def __init__(
        self,
        ledger: LedgerClient | None,
        open_log: OpenLog,
        names: Callable[[], TopicNames],
        detail: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._open_log = open_log
        self._names = names
        self._detail = detail

    async def page(self, *, status: RunStatus | None = None, limit: int = MAX_RUNS, prefix: str = "") -> RunPage:
        """Runs, newest first."""
        if self._ledger is not None:
            try:
                page = await self._ledger.runs(status=status, limit=limit, prefix=prefix)
            except LedgerUnavailable as error:
                self._detail(f"the ledger does not answer ({error}): reading run-events directly")
            else:
                if page.complete:
                    self._detail("answered by the ledger")
                    return page
                self._detail("the ledger does not own every partition: reading run-events directly")
        else:
            self._detail("no ledger is known: reading run-events directly")
        async with self._open_log() as log:
            records = await HistoryReader(log, self._names()).records(prefix=prefix)
        summaries = (record.summary for record in records.values())
        return newest([summary for summary in summaries if summary is not None], status, limit)

    async def resolve(self, reference: str) -> str:
        """The full run_id that a reference stands for: a run_id, a unique beginning of one, or `latest`.

        Raises:
            NotFound: no run is meant.
            UsageFault: several are, or it cannot be a reference.
        """
        reference = reference.strip().lower()
        if _FULL.fullmatch(reference):
            return reference
        if reference != LATEST and not _PREFIX.fullmatch(reference):
            raise UsageFault(f"{reference!r} is no run: give a run_id, the beginning of one, or `latest`")
        if reference == LATEST:
            page = await self.page(limit=1)
            if not page.runs:
                raise NotFound('there is no run yet: start one with `collegium submit "GOAL"`')
            return page.runs[0].run_id
        page = await self.page(prefix=reference)
        return chosen(reference, [summary.run_id for summary in page.runs])

    async def view(self, reference: str) -> RunView:
        """The run that a reference stands for.

        Raises:
            NotFound: there is no such run.
            UsageFault: the reference is ambiguous.
        """
        run_id = await self.resolve(reference)
        if self._ledger is not None:
            try:
                view = await self._ledger.run(run_id)
            except LedgerUnavailable as error:
                self._detail(f"the ledger does not answer ({error}): reading run-events directly")
            else:
                if view is not None:
                    self._detail("answered by the ledger")
                    return view
                self._detail("the ledger does not know the run (yet): reading run-events directly")
        else:
            self._detail("no ledger is known: reading run-events directly")
        async with self._open_log() as log:
            view = (await HistoryReader(log, self._names()).record(run_id)).view()
        if view is None:
            raise NotFound(f"there is no run {run_id}: `collegium runs` lists them")
        return view


def chosen(reference: str, run_ids: Collection[str]) -> str:
    """The one run_id among those that begin with a reference.

    Raises:
        NotFound: there is none.
        UsageFault: there are several.
    """
    if not run_ids:
        raise NotFound(f"no run begins with {reference!r}: `collegium runs` lists them")
    if len(run_ids) > 1:
        some = ", ".join(sorted(run_ids)[:3])
        raise UsageFault(f"{len(run_ids)} runs begin with {reference!r}, such as {some}: give more of the run_id")
    return next(iter(run_ids))
