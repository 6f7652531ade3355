"""How long work shows itself: bars in a terminal, or nothing."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text


class SetupProgress(Protocol):
    """Told about long work. Tasks are named; several may be open at once."""

    def begin(self, task: str, total_bytes: int | None = None) -> None:
        """Work starts; without a total it has no measure."""
        ...

    def advance(self, task: str, count_bytes: int) -> None:
        """Some of a task's bytes are done."""
        ...

    def end(self, task: str) -> None:
        """A task is done."""
        ...


class SilentProgress:
    """Shows nothing: for tests and for output that a program reads."""

    def begin(self, task: str, total_bytes: int | None = None) -> None:
        """Nothing to show."""

    def advance(self, task: str, count_bytes: int) -> None:
        """Nothing to show."""

    def end(self, task: str) -> None:
        """Nothing to show."""


class TerminalProgress:
    """Bars on a console (standard error by default, so that results can be piped). A context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._bars = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            _Measure(),
            TimeElapsedColumn(),
            console=console or Console(stderr=True),
        )
        self._ids: dict[str, TaskID] = {}
        self._unmeasured: set[str] = set()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, task: str, total_bytes: int | None = None) -> None:
        """Open a bar, or a moving one without a measure."""
        if total_bytes is None:
            self._unmeasured.add(task)
        self._ids[task] = self._bars.add_task(task, total=total_bytes, measured=total_bytes is not None)

    def advance(self, task: str, count_bytes: int) -> None:
        """Move a bar."""
        self._bars.advance(self._ids[task], count_bytes)

    def end(self, task: str) -> None:
        """Fill a bar."""
        if task in self._unmeasured:
            self._bars.update(self._ids[task], total=1, completed=1)


class _Measure(DownloadColumn):
    """Bytes, for the tasks that have them."""

    def render(self, task: Task) -> Text:
        return super().render(task) if task.fields["measured"] else Text("")
