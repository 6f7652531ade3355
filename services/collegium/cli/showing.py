"""Chooses how a watched run is shown, and shows it."""

from collegium.cli.following import follow
from collegium.cli.live import LiveScreen
from collegium.cli.outputs import read_output
from collegium.cli.session import Session
from collegium.cli.watching import JsonScreen, PlainScreen, Screen, ended, watch
from collegium.ledger.views import RunView
from collegium.log.port import Log, StartAt
from collegium.log.topics import TopicNames
from collegium_schemas.evidence import Delivery


async def show(
    session: Session, log: Log, names: TopicNames, run_id: str, *, start: int | StartAt, timeout_ms: int
) -> RunView:
    """Show a run until it has ended, and say where its report is.

    Raises:
        RunNotCompleted: it ended, but not as completed.
        TimedOut: it has not ended in time.
    """
    async with follow(log, names, run_id, start=start) as follower:
        view = await watch(
            follower, _screen(session), aside=session.out.aside, timeout_ms=timeout_ms, clock=session.now_ms
        )
    ended(view)
    if not session.out.json:
        await _tell_delivery(session, log, names, view)
    return view


async def _tell_delivery(session: Session, log: Log, names: TopicNames, view: RunView) -> None:
    if view.output("delivery") is not None:
        delivery = await read_output(log, names, view, "delivery", Delivery)
        for file in delivery.files:
            session.out.aside(f"report: {file.path}")
    elif view.output("report") is not None:
        session.out.aside(f"report: collegium report {view.run_id}")


def _screen(session: Session) -> Screen:
    if session.out.json:
        return JsonScreen(session.out)
    if session.out.console.is_terminal:
        return LiveScreen(session.out.console, session.now_ms)
    return PlainScreen(session.out)
