"""Following the compacted `control` topic: which runs were told to stop."""

import asyncio
import logging
from collections.abc import Callable

from collegium.agent.patience import Patience
from collegium.agent.stopped import StoppedRuns
from collegium.agent.tail import Tail
from collegium.log.port import Log, Record
from collegium_schemas.envelope import EnvelopeError, decode
from collegium_schemas.tasks import ControlScope, ControlState

_log = logging.getLogger(__name__)


class ControlTail(Tail):
    """Tells of every run that is stopped. Orders hold through an outage, and `caught_up` stays set.

    An order that cannot be read is logged and passed by: the topic is compacted, so its next version replaces it,
    and the orchestrator has ended the run in any case.
    """

    def __init__(
        self, log: Log, topic: str, stopped: StoppedRuns, on_stop: Callable[[StoppedRuns], None], patience: Patience
    ) -> None:
        super().__init__(log, topic, patience)
        self._stopped = stopped
        self._on_stop = on_stop

    async def caught_up_or(self, asked: asyncio.Event) -> None:
        """Wait until caught up, or until asked to end first."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self.caught_up, asked)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def begin(self) -> None:
        """The latest order of each run comes again, and holds."""

    def interrupted(self) -> None:
        """Orders that were heard hold meanwhile."""

    def take(self, record: Record) -> None:
        """Heed one order."""
        key = (record.key or b"").decode("utf-8", "replace")
        scope, _, name = key.partition("/")
        if scope != ControlScope.RUN:
            return
        if record.value is None:
            self._stopped.release(name)
            return
        try:
            order = decode(record.headers, record.value, ControlState)
        except EnvelopeError as error:
            _log.warning("control record %s at offset %d cannot be read: %s", key[:100], record.offset, error.reason)
            return
        if order.stopped:
            self._stopped.stop(order.name, order.run_accepted_at_ms)
            self._on_stop(self._stopped)
        else:
            self._stopped.release(order.name)
