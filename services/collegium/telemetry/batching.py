"""A bounded queue of trees and one thread that writes them out, so that no event loop ever waits for it."""

import logging
from collections import deque
from collections.abc import Sequence
from threading import Condition, Thread
from time import monotonic
from typing import Protocol

from collegium.telemetry.sinks import Dropped, Sink, Tree, uncounted
from collegium.telemetry.spans import SpanRecord

_log = logging.getLogger(__name__)

_LAST_WRITE_S = 1.0


class Writer(Protocol):
    """Writes one batch, in the batch thread."""

    def write(self, batch: Sequence[SpanRecord]) -> bool:
        """Write the spans; False when they could not be written. May block within a bound of its own."""
        ...

    def close(self) -> None:
        """Interrupt what is under way and release everything."""
        ...


class Batches:
    """Collects trees and writes them in batches.

    Trees are taken and dropped whole. What does not fit, or cannot be written, goes to `spill` if there is one,
    else it is counted as dropped. The thread sleeps while there is nothing to write.

    Args:
        writer: Where batches go.
        name: The thread's, and the drop reason's, name.
        capacity_spans: How many spans may wait.
        batch_spans: How many spans a batch has at most, unless a single tree has more.
        delay_ms: How long a tree waits for others to join its batch.
        spill: Takes what this one cannot; it is flushed and closed together with this one.
        dropped: Told about spans that are lost.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        name: str,
        capacity_spans: int = 16_384,
        batch_spans: int = 512,
        delay_ms: int = 200,
        spill: Sink | None = None,
        dropped: Dropped = uncounted,
    ) -> None:
        self._writer = writer
        self._name = name
        self._capacity = capacity_spans
        self._batch_spans = batch_spans
        self._delay_s = delay_ms / 1000
        self._spill = spill
        self._dropped = dropped
        self._trees: deque[Tree] = deque()
        self._waiting_spans = 0
        self._taken = 0
        """Trees ever accepted."""
        self._done = 0
        """Trees ever written, spilt or dropped after having been accepted."""
        self._in_flight: Sequence[Tree] = ()
        self._hurry = False
        self._closed = False
        self._abandoned = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name=f"spans-{name}", daemon=True)
        self._thread.start()

    def submit(self, tree: Tree) -> None:
        """Take a tree, or pass it to the spill, or count it as dropped. Never blocks."""
        with self._changed:
            full = self._closed or self._waiting_spans + len(tree) > self._capacity
            if not full:
                self._trees.append(tree)
                self._taken += 1
                before = self._waiting_spans
                self._waiting_spans = before + len(tree)
                # Twice per batch: when there is something to wait for, and when a batch is complete.
                if before == 0 or before < self._batch_spans <= self._waiting_spans:
                    self._changed.notify_all()
        if full:
            self._lose([tree], "queue_full")

    def flush(self, timeout_ms: int) -> bool:
        """Wait until all trees accepted before are written or spilt; False when that took too long. Blocks."""
        with self._changed:
            target = self._taken
            self._hurry = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: self._done >= target, timeout_ms / 1000)
        return (self._spill is None or self._spill.flush(timeout_ms)) and done

    def close(self, timeout_ms: int) -> None:
        """Flush within the bound; what is left then goes to the spill, which is closed too. Idempotent. Blocks."""
        if self._closed:
            return
        self.flush(timeout_ms)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        # The exporter gives up a retry that is under way, so that the thread can end.
        self._writer.close()
        self._thread.join(_LAST_WRITE_S)
        with self._changed:
            # A request that cannot be interrupted may hang on; what it carries is not left to it.
            self._abandoned = True
            left = [*self._in_flight, *self._trees]
            self._trees.clear()
        self._lose(left, "not_exported")
        if self._spill is not None:
            self._spill.close(timeout_ms)

    def _run(self) -> None:
        while True:
            trees = self._next()
            if not trees:
                return
            if not self._closed:
                self._write(trees)
            elif self._claimed():
                self._lose(trees, "not_exported")
            with self._changed:
                self._done += len(trees)
                self._hurry = self._hurry and bool(self._trees)
                self._changed.notify_all()

    def _next(self) -> list[Tree]:
        with self._changed:
            while not self._trees and not self._closed:
                self._changed.wait()
            due = monotonic() + self._delay_s
            while not (self._hurry or self._closed or self._waiting_spans >= self._batch_spans):
                left = due - monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            batch: list[Tree] = []
            spans = 0
            while self._trees and (not batch or spans + len(self._trees[0]) <= self._batch_spans):
                batch.append(self._trees.popleft())
                spans += len(batch[-1])
            self._waiting_spans -= spans
            self._in_flight = batch
            return batch

    def _write(self, trees: Sequence[Tree]) -> None:
        try:
            written = self._writer.write([span for tree in trees for span in tree])
        except Exception:  # noqa: BLE001 - a span that cannot be encoded must not end the export of all others
            if len(trees) > 1:
                for tree in trees:
                    self._write([tree])
                return
            _log.exception("a span could not be written", extra={"sink": self._name})
            self._dropped(f"{self._name}_not_encodable", len(trees[0]))
            return
        if self._claimed() and not written:
            self._lose(trees, "not_exported")

    def _claimed(self) -> bool:
        """Whether the trees in flight are still this thread's to account for."""
        with self._changed:
            self._in_flight = ()
            return not self._abandoned

    def _lose(self, trees: Sequence[Tree], reason: str) -> None:
        for tree in trees:
            if self._spill is not None:
                self._spill.submit(tree)
            else:
                self._dropped(f"{self._name}_{reason}", len(tree))
