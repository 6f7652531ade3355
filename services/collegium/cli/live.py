"""The live board of a watched run on a terminal."""

from contextlib import AbstractContextManager

from rich.console import Console
from rich.live import Live

from collegium.cli.following import Decision
from collegium.cli.rendering import live_board
from collegium.cli.watching import Watched
from collegium.ledger.folding import RunRecord
from collegium.log.port import Clock
from collegium_schemas.tasks import TaskProgress


class LiveScreen:
    """Redraws the whole run a few times a second; the last picture stays."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def showing(self) -> AbstractContextManager[object]:
        """The board is on the terminal while this is open."""
        return self._live

    def decision(self, before: RunRecord, after: RunRecord, decision: Decision) -> None:
        """Shown at the next tick."""

    def progress(self, progress: TaskProgress) -> None:
        """Shown at the next tick."""

    def tick(self, watched: Watched) -> None:
        """Draw."""
        terminal = watched.view is not None and watched.view.status.terminal
        rows = 10_000 if terminal else self._console.height - 1
        self._live.update(live_board(watched.view, watched.progress, self._clock(), rows), refresh=True)
