"""Reads a run's trace from this machine's span files and, where one is set, from Jaeger.

Both, since a span that a collector did not take is in the files.
"""

from collections.abc import Sequence

from collegium.cli.errors import NotFound, TimedOut
from collegium.cli.session import Session
from collegium.ledger.views import RunView
from collegium.telemetry.errors import TraceUnavailable
from collegium.telemetry.jaeger import JaegerQuery
from collegium.telemetry.setup import TelemetrySettings
from collegium.telemetry.spans import StoredSpan
from collegium.telemetry.store import LocalTraceStore
from collegium.telemetry.tree import unique


async def run_spans(session: Session, view: RunView) -> Sequence[StoredSpan]:
    """The spans of a run's trace that are there by now.

    Raises:
        NotFound: the run has no trace.
        TimedOut: Jaeger does not answer.
    """
    if view.trace_id is None:
        raise NotFound(f"run {view.run_id} has no trace")
    traces_dir = TelemetrySettings(data_dir=session.settings.data_dir).traces_dir
    session.out.detail(f"reading span files in {traces_dir}")
    local = LocalTraceStore(traces_dir).read(view.trace_id)
    url = jaeger_url(session)
    if url is None:
        return local
    session.out.detail(f"asking Jaeger at {url}")
    try:
        async with JaegerQuery(url) as jaeger:
            return unique([*await jaeger.trace(view.trace_id), *local])
    except TraceUnavailable as error:
        raise TimedOut(f"{error}: check COLLEGIUM_JAEGER_URL, or unset it to read local span files") from error


def jaeger_url(session: Session) -> str | None:
    """Jaeger's query address: COLLEGIUM_JAEGER_URL, else the running stack's."""
    stack_url = session.stack.jaeger_url if session.stack is not None else None
    return session.settings.jaeger_url or stack_url
