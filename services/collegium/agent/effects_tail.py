"""Following the `effects` topic: where every effect of the runs that are kept stands."""

import asyncio
import logging
from collections import OrderedDict
from typing import Final

from collegium.agent.effects_book import FREE, Standing, State, fold
from collegium.agent.patience import Patience
from collegium.agent.tail import Tail
from collegium.log.port import Log, Record
from collegium_schemas.effects import EffectEnded, EffectIntended, effect_record_key
from collegium_schemas.envelope import EnvelopeError, decode

_log = logging.getLogger(__name__)
_ARCHIVED: Final = Standing(State.CLOSED)
"""Of what was removed with its run: a task of it that is redelivered must not start over."""


class EffectTail(Tail):
    """Folds the topic's records. While `caught_up` is set, it knows everything that existed when it was opened.

    Memory holds one small entry for each effect of the runs that the orchestrator has not archived: it removes a
    run's keys with the run. Past `capacity` keys nothing new is claimed (`full`), rather than a key forgotten.
    """

    def __init__(self, log: Log, topic: str, patience: Patience, *, capacity: int) -> None:
        super().__init__(log, topic, patience)
        self._capacity = capacity
        self._standings: dict[str, Standing] = {}
        self._forgotten: OrderedDict[str, None] = OrderedDict()
        """Keys of archived runs, the latest: Kafka keeps a tombstone for a day, and no attempt may take longer."""

    def __len__(self) -> int:
        return len(self._standings)

    @property
    def full(self) -> bool:
        """True when no further key may be claimed."""
        return len(self._standings) >= self._capacity

    def standing(self, record_key: str) -> Standing:
        """Where an effect stands, as far as the topic was read: closed once its run is archived.

        Args:
            record_key: The key of its records (`collegium_schemas.effects.effect_record_key`).
        """
        return _ARCHIVED if self.archived(record_key) else self._standings.get(record_key, FREE)

    def archived(self, record_key: str) -> bool:
        """True when the effect's run has been archived."""
        return record_key in self._forgotten

    async def changed(self, record_key: str, before: Standing, within_s: float) -> None:
        """Wait until an effect stands otherwise than before, at most so long."""
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                while self.standing(record_key) == before:
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

    def _forget(self, record_key: str) -> None:
        self._standings.pop(record_key, None)
        self._forgotten[record_key] = None
        self._forgotten.move_to_end(record_key)
        if len(self._forgotten) > self._capacity:
            self._forgotten.popitem(last=False)

    def take(self, record: Record) -> None:
        """Fold one record into where its effect stands."""
        record_key = (record.key or b"").decode("utf-8", "replace")
        if record.value is None:
            self._forget(record_key)
            return
        if self.archived(record_key):
            return  # a late word; whoever reads the topic after Kafka has dropped the removal has no task of the run
        try:
            effect = _read(record, record_key)
        except EnvelopeError as error:
            _log.error("effect record %s at offset %d cannot be read: %s", record_key, record.offset, error.reason)
            self._standings[record_key] = Standing(State.UNKNOWN)  # what is not understood must not lead to a call
            return
        self._standings[record_key] = fold(self._standings.get(record_key), effect)


def _read(record: Record, record_key: str) -> EffectIntended | EffectEnded:
    effect = decode(record.headers, record.value, EffectIntended, EffectEnded)
    if (meant := effect_record_key(effect.key, effect.run_accepted_at_ms)) != record_key:
        raise EnvelopeError(f"its body belongs under {meant}")
    return effect
