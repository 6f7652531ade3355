"""Following the `effects` topic: where every effect of the runs that are kept stands."""

import asyncio
import logging
from collections import OrderedDict
from typing import NamedTuple

from collegium.agent.effects_book import FREE, Standing, State, fold
from collegium.agent.patience import Patience
from collegium.agent.tail import Tail
from collegium.log.port import Log, Record
from collegium_schemas.effects import EffectEnded, EffectIntended, archived_run
from collegium_schemas.envelope import EnvelopeError, decode
from collegium_schemas.tasks import TaskRequested

_log = logging.getLogger(__name__)


class _Archived(NamedTuple):
    """What the removal of a key says."""

    at_ms: int
    accepted_at_ms: int | None
    """Of the latest run of this name that is gone; None where no removal says so."""


class EffectTail(Tail):
    """Folds the topic's records. While `caught_up` is set, it knows everything that existed when it was opened.

    Memory holds one small entry for each effect of the runs that the orchestrator has not archived: it removes a
    run's keys with the run. Past `capacity` keys nothing new is claimed (`full`), rather than a key forgotten.
    """

    def __init__(self, log: Log, topic: str, patience: Patience, *, capacity: int) -> None:
        super().__init__(log, topic, patience)
        self._capacity = capacity
        self._standings: dict[str, Standing] = {}
        self._forgotten: OrderedDict[str, _Archived] = OrderedDict()
        """Keys of archived runs, the latest: Kafka keeps a tombstone for a day, and no attempt may take longer."""

    def __len__(self) -> int:
        return len(self._standings)

    @property
    def full(self) -> bool:
        """True when no further key may be claimed."""
        return len(self._standings) >= self._capacity

    def standing(self, key: str) -> Standing:
        """Where an effect stands, as far as the topic was read."""
        return self._standings.get(key, FREE)

    def archived_since(self, key: str, task: TaskRequested) -> bool:
        """True when the run of a task has been archived. A later run may have its name.

        Runs of one name are told apart by when they were accepted, which the task and the tombstone both say: the
        clocks of whoever dispatched and of whoever archived need not agree.
        """
        archived = self._forgotten.get(key)
        if archived is None:
            return False
        if task.run_accepted_at_ms is None or archived.accepted_at_ms is None:  # 0.1.0's deliveries do not say it
            return task.dispatched_at_ms <= archived.at_ms
        return task.run_accepted_at_ms <= archived.accepted_at_ms

    async def changed(self, key: str, before: Standing, within_s: float) -> None:
        """Wait until an effect stands otherwise than before, at most so long."""
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                while self.standing(key) == before:
                    await self.moved()
        except TimeoutError:
            return

    def begin(self) -> None:
        """What compaction has dropped must not be remembered."""
        self._standings.clear()
        self._forgotten.clear()

    def interrupted(self) -> None:
        """What is remembered grows old: nobody may act on it."""
        self.caught_up.clear()

    def _forget(self, key: str, archived: _Archived) -> None:
        """The run is archived. A task of it may still be redelivered, which must not execute the effect again."""
        self._standings.pop(key, None)
        before = self._forgotten.get(key, archived).accepted_at_ms
        if before is not None and (archived.accepted_at_ms is None or before > archived.accepted_at_ms):
            archived = archived._replace(accepted_at_ms=before)  # a clock was ahead; what was refused stays refused
        self._forgotten[key] = archived
        self._forgotten.move_to_end(key)
        if len(self._forgotten) > self._capacity:
            self._forgotten.popitem(last=False)

    def take(self, record: Record) -> None:
        """Fold one record into where its effect stands."""
        key = (record.key or b"").decode("utf-8", "replace")
        if record.value is None:
            self._forget(key, _Archived(record.timestamp_ms, archived_run(record.headers)))
            return
        try:
            effect = decode(record.headers, record.value, EffectIntended, EffectEnded)
        except EnvelopeError as error:
            _log.error("effect record %s at offset %d cannot be read: %s", key, record.offset, error.reason)
            self._standings[key] = Standing(State.UNKNOWN)  # what is not understood must not lead to a call
            return
        self._standings[effect.key] = fold(self._standings.get(effect.key), effect)
