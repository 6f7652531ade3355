"""Where a trial's services send their spans: as much of an OTLP/HTTP collector as the checker needs.

It is read with the protocol's own classes, and like the checker it imports nothing of the product.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Exported

from chaos.checker.spans import Span

MOST_SPANS = 150_000
"""Several times what the largest trial exports; beyond it they are counted, and the trial fails."""
_LARGEST_BYTES = 16 << 20
_PATH = "/v1/traces"


class Collector:
    """Keeps of each span what the checker looks at.

    Args:
        most: How many different spans it keeps.
    """

    def __init__(self, most: int = MOST_SPANS) -> None:
        self._most = most
        self.spans: set[Span] = set()
        self.dropped = 0
        """Spans that found no place."""

    def whole(self, decisions: int, runs: int) -> bool:
        """Whether there are as many decisions and roots as that, and no span waits for its parent."""
        known = {span.span_id for span in self.spans}
        roots = sum(not span.parent_id for span in self.spans)
        decided = sum(span.version > 0 for span in self.spans)
        return decided >= decisions and roots >= runs and {span.parent_id for span in self.spans} <= known | {""}

    async def take(self, request: web.Request) -> web.Response:
        """Answer one export."""
        self.keep(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    def keep(self, request: ExportTraceServiceRequest) -> None:
        """Keep a request's spans; one that was exported before is no further one."""
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.add(_span(span))

    def add(self, span: Span) -> None:
        """Keep one span, or count it."""
        if len(self.spans) < self._most:
            self.spans.add(span)
        elif span not in self.spans:
            self.dropped += 1


@asynccontextmanager
async def collecting(addresses: Sequence[str], port: int) -> AsyncGenerator[Collector]:
    """A collector that listens until the end, at this port of each address."""
    collector = Collector()
    app = web.Application(client_max_size=_LARGEST_BYTES)
    app.router.add_post(_PATH, collector.take)
    async with AsyncExitStack() as stack:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        for address in addresses:
            await web.TCPSite(runner, address, port).start()
        yield collector


def _span(span: Exported) -> Span:
    attributes: Mapping[str, AnyValue] = {pair.key: pair.value for pair in span.attributes}

    def text(name: str) -> str:
        return attributes[name].string_value if name in attributes else ""

    def number(name: str) -> int:
        return attributes[name].int_value if name in attributes else 0

    subtask = text("collegium.subtask.id")
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        run_id=text("collegium.run.id"),
        version=number("collegium.run.version"),
        task=f"{subtask}/{number('collegium.attempt')}" if subtask else "",
    )
