"""A node's connection to the brokers: requests take time, may be lost, late or cut off, and outlive their sender.

A request is carried outside the node. It arrives even when the node was killed or paused meanwhile, as bytes on a
network do; its answer is dropped when nobody is left to hear it.
"""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from enum import StrEnum
from random import Random
from typing import Any, Final, TypeVar

from collegium.log.errors import LogError, LogUnavailable
from collegium.simulation.loop import VirtualLoop

T = TypeVar("T")

REQUEST_TIMEOUT_S: Final = 0.8
HEARTBEAT_S: Final = 0.3
SESSION_TIMEOUT_S: Final = 1.5
OUTSIDE: Final = copy_context()


def _nothing() -> None:
    """Nobody wants to know."""


class Fate(StrEnum):
    """What may become of one request."""

    LOST = "lost"
    """It never arrives; the sender hears nothing."""
    ANSWER_LOST = "answer_lost"
    """It is carried out; the sender hears nothing."""
    LATE = "late"
    """The sender gives up waiting, and then it arrives."""
    TWICE = "twice"
    """It is carried out, and once more a little later: only what is not idempotent shows it."""
    SWALLOWED = "swallowed"
    """Of a record: it is acknowledged and never written, as when a leader dies with it. Of a request: lost."""
    REFUSED = "refused"
    """The broker refuses it, and nothing of it happens."""


class Fates:
    """What waits for the next requests of each kind; nodes that share it have each fate come to whoever asks first."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[Fate, Callable[[], None]]]] = {}

    def arm(self, operation: str, fate: Fate, met: Callable[[], None] = _nothing) -> None:
        """The next request of this kind has this fate; `met` is called when one has."""
        self._waiting.setdefault(operation, []).append((fate, met))

    def disarm(self) -> None:
        """No request or record that is sent from now on has a special fate."""
        self._waiting.clear()

    def next(self, operation: str) -> Fate | None:
        """The fate of a request that is made now."""
        waiting = self._waiting.get(operation) if self._waiting else None
        if not waiting:
            return None
        fate, met = waiting.pop()
        met()
        return fate


class Link:
    """One node's way to the brokers.

    Args:
        name: The node, for messages.
        loop: The world's loop.
        random: Draws latencies.
        fates: What waits for its requests; its own when absent.
    """

    def __init__(self, name: str, loop: VirtualLoop, random: Random, fates: Fates | None = None) -> None:
        self._name = name
        self._loop = loop
        self._random = random.random
        self.fates = fates or Fates()
        self._blocked: list[Callable[[], None]] = []
        self._watchers: list[Callable[[], None]] = []
        self._silences = 0
        self.severed = False
        """True once the node is dead: nothing leaves it any more."""
        self._silent = False
        self.partitioned = False
        """True while nothing passes, in either direction."""
        self.fetch_stalled = False
        """True while polls return nothing."""
        self.slowness = 1.0
        """How many times longer everything takes."""

    @property
    def heard(self) -> bool:
        """Whether heartbeats reach the group's coordinator."""
        return not (self.severed or self._silent or self.partitioned)

    def record_fate(self, topic: str) -> Fate | None:
        """What becomes of one record of a topic behind its acknowledgement; None is nothing."""
        return self.fates.next(topic)

    def watch(self, silent: Callable[[], None]) -> None:
        """Call this whenever no heartbeat has been heard for the session time-out."""
        self._watchers.append(silent)

    def _falls_silent(self) -> None:
        self._silences += 1
        silence = self._silences

        def expire() -> None:
            if not self.heard and silence == self._silences:
                for watcher in self._watchers:
                    watcher()

        self.after(SESSION_TIMEOUT_S, expire)

    def sever(self) -> None:
        """The node is dead."""
        if self.heard:
            self._falls_silent()
        self.severed = True
        self._blocked.clear()

    def pause(self) -> None:
        """The node is paused: no heartbeat leaves it."""
        if self.heard:
            self._falls_silent()
        self._silent = True

    def resume(self) -> None:
        """The node goes on."""
        self._silent = False

    def cut(self) -> None:
        """Nothing passes from now on, in either direction, until `mend`."""
        if self.heard:
            self._falls_silent()
        self.partitioned = True

    def mend(self) -> None:
        """Everything passes again. Of what was held back, each request arrives late or never."""
        self.partitioned = False
        blocked, self._blocked = self._blocked, []
        for arrive in blocked:
            if self._random() < 0.5:
                self.after(self.latency_s(), arrive)

    def after(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Call something outside every node."""
        self._loop.call_later(delay_s, callback, context=OUTSIDE)

    def draw(self) -> float:
        """A number in [0, 1)."""
        return self._random()

    def latency_s(self) -> float:
        """How long a request or an answer takes."""
        draw = self._random()
        base = 0.0005 + 0.003 * draw
        return (base if draw < 0.97 else base * 20) * self.slowness

    def check(self) -> None:
        """Raise when the node is dead.

        Raises:
            LogUnavailable: nothing leaves it any more.
        """
        if self.severed:
            raise LogUnavailable(f"{self._name} is dead")

    async def call(
        self, operation: str, effect: Callable[[], T], *, unknown: Callable[[str], LogError] = LogUnavailable
    ) -> T:
        """Have something done at the brokers and wait for the answer.

        Args:
            operation: Its kind, for fates.
            effect: Does it, outside the node.
            unknown: Makes the error for an answer that does not come.

        Raises:
            LogError: what the effect raised, or `unknown`.
        """
        answer: asyncio.Future[Any] = self._loop.create_future()

        def told(outcome: Any, error: LogError | None) -> None:  # noqa: ANN401 - whatever the effect returns
            if answer.done() or self.severed:
                return
            if error is None:
                answer.set_result(outcome)
            else:
                answer.set_exception(error)

        self.send(operation, effect, told, unknown=unknown)
        return await answer

    def send(
        self,
        operation: str,
        effect: Callable[[], T],
        told: Callable[[T | None, LogError | None], None],
        *,
        unknown: Callable[[str], LogError] = LogUnavailable,
    ) -> None:
        """The same without waiting: `told` gets the result or the error, outside the node.

        Raises:
            LogUnavailable: the node is dead.
        """
        self.check()
        fate = self.fates.next(operation)

        def silence() -> None:
            self.after(REQUEST_TIMEOUT_S, lambda: told(None, unknown(f"{operation} of {self._name} was not answered")))

        def arrive() -> None:
            if self.partitioned:
                self._blocked.append(lambda: quietly(effect))
                silence()
                return
            try:
                outcome = effect()
            except LogError as error:
                told(None, error)
            else:
                told(outcome, None)

        match fate:
            case None | Fate.TWICE:
                self.after(self.latency_s(), arrive)
            case Fate.REFUSED:
                self.after(self.latency_s(), lambda: told(None, unknown(f"{operation} of {self._name} was refused")))
            case Fate.LOST | Fate.SWALLOWED | Fate.ANSWER_LOST | Fate.LATE:
                silence()
        delay_s = self._unheard_s(fate)
        if delay_s is not None:
            self.after(delay_s, lambda: quietly(effect))

    def _unheard_s(self, fate: Fate | None) -> float | None:
        """When a request is carried out without anyone hearing of it; None is never."""
        match fate:
            case Fate.TWICE:
                return self.latency_s() * 20
            case Fate.ANSWER_LOST:
                return self.latency_s()
            case Fate.LATE:
                return REQUEST_TIMEOUT_S * (1 + 2 * self._random())
            case _:
                return None

    def notify(self, callback: Callable[[], None]) -> None:
        """Tell the node something with the answer to one of its next heartbeats."""
        if self.severed:
            return

        def tell() -> None:
            if self.heard:
                callback()
            else:
                self.notify(callback)

        self.after(0.01 + HEARTBEAT_S * self._random(), tell)


def quietly(effect: Callable[[], object]) -> None:
    """Carry out what nobody waits for."""
    try:
        effect()
    except LogError:
        return
