"""Show a run's trace as a waterfall."""

from collections.abc import Sequence

import click

from collegium.cli.command import command
from collegium.cli.errors import NotFound
from collegium.cli.output import JsonValue
from collegium.cli.session import Session
from collegium.cli.tracing import jaeger_url, run_spans
from collegium.telemetry.spans import StoredSpan
from collegium.telemetry.waterfall import Waterfall


@command("collegium trace latest", "collegium trace 0199c5a0 --json")
@click.argument("run")
def trace(session: Session, run: str) -> None:
    """Show the trace of RUN over all processes, from this machine's span files and from Jaeger where one is set.

    RUN is a run_id, the unique beginning of one, or `latest`.
    """
    trace_id, spans = session.run(_trace(session, run))
    described: list[JsonValue] = [_described(span) for span in spans]
    session.out.answer({"trace_id": trace_id, "spans": described}, Waterfall(spans))


async def _trace(session: Session, reference: str) -> tuple[str | None, Sequence[StoredSpan]]:
    view = await session.lookup.view(reference)
    spans = await run_spans(session, view)
    if not spans:
        raise NotFound(
            f"no spans of trace {view.trace_id} are here: set COLLEGIUM_JAEGER_URL when services export to a "
            "collector, or COLLEGIUM_DATA_DIR to the services' data directory"
        )
    url = jaeger_url(session)
    if url is not None:
        session.out.aside(f"in the browser: {url.rstrip('/')}/trace/{view.trace_id}")
    return view.trace_id, spans


def _described(span: StoredSpan) -> JsonValue:
    return {
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "kind": span.kind,
        "service": span.service,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "attributes": {name: value for name, value in span.attributes.items()},
        "links": [{"trace_id": link.trace_id, "span_id": link.span_id} for link in span.links],
        "error": span.error,
    }
