"""Which snapshot a run reads: the one that was current when its first task came, however the corpus changes since."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

PIN_LIFE_S: Final = 6 * 3600.0
"""A run's first task is longer ago only when it waited for a person; it then goes on with what is current."""
MOST_PINS: Final = 100_000
_BUSY_TIMEOUT_S: Final = 5.0


class RunPins:
    """The snapshots of recent runs, in a file that all processes on the corpus share.

    Args:
        path: of the file; it is made by the first run.
        most: runs that are remembered; the oldest goes first.
        clock: seconds since the epoch.
    """

    def __init__(self, path: Path, *, most: int = MOST_PINS, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._most = most
        self._clock = clock

    def pin(self, run_id: str, revision: str) -> str:
        """The revision that the run reads: that of its first call, which is this one when there is none yet.

        Raises:
            sqlite3.Error: when the file cannot be read or written.
        """
        with closing(self._connect()) as connection, connection:
            known = connection.execute("SELECT revision FROM pins WHERE run = ?", [run_id]).fetchone()
            if known is not None:
                return str(known[0])
            connection.execute("DELETE FROM pins WHERE at < ?", [self._clock() - PIN_LIFE_S])
            connection.execute(
                "DELETE FROM pins WHERE run IN (SELECT run FROM pins ORDER BY at DESC LIMIT -1 OFFSET ?)",
                [self._most - 1],
            )
            connection.execute("INSERT OR IGNORE INTO pins VALUES (?, ?, ?)", [run_id, revision, self._clock()])
            (now,) = connection.execute("SELECT revision FROM pins WHERE run = ?", [run_id]).fetchone()
            return str(now)

    def pinned(self) -> tuple[str, ...]:
        """The revisions that recent runs read, the last pinned first; none when that cannot be told."""
        if not self._path.is_file():
            return ()
        try:
            with closing(self._connect()) as connection:
                rows = connection.execute(
                    "SELECT revision FROM pins WHERE at >= ? GROUP BY revision ORDER BY max(at) DESC",
                    [self._clock() - PIN_LIFE_S],
                ).fetchall()
        except sqlite3.Error:
            return ()  # a run then goes on with what is current
        return tuple(str(row[0]) for row in rows)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")  # after a power failure, runs go on with what is current
        connection.execute("CREATE TABLE IF NOT EXISTS pins (run TEXT PRIMARY KEY, revision TEXT, at REAL)")
        connection.execute("CREATE INDEX IF NOT EXISTS pins_at ON pins (at)")
        return connection
