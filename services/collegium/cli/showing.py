"""Chooses how a watched run is shown, and shows it."""

from collegium.cli.following import follow
from collegium.cli.live import LiveScreen
from collegium.cli.session import Session
from collegium.cli.watching import JsonScreen, PlainScreen, Screen, ended, watch
from collegium.log.port import Log, StartAt


async def show_live(session: Session, log: Log, run_id: str, *, start: int | StartAt, timeout_ms: int) -> None:
    """Show a run until it has ended.

    Raises:
        RunNotCompleted: it ended, but not as completed.
        TimedOut: it has not ended in time.
    """
    async with follow(log, session.names, run_id, start=start) as follower:
        view = await watch(
            follower, _screen(session), aside=session.out.aside, timeout_ms=timeout_ms, clock=session.now_ms
        )
    ended(view)
    if view.output("report") is not None:
        session.out.aside(f"read it with: collegium report {run_id}")


def _screen(session: Session) -> Screen:
    if session.out.json:
        return JsonScreen(session.out)
    if session.out.console.is_terminal:
        return LiveScreen(session.out.console, session.now_ms)
    return PlainScreen(session.out)
