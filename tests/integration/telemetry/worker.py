"""A process that takes part in a trace: run with a role and a traceparent; its telemetry comes from settings."""

import asyncio
import os
import signal
import sys

from collegium.telemetry.setup import TelemetrySettings, telemetry
from collegium.telemetry.tracing import Link, derived_span
from collegium_schemas.base import TraceContext


async def main(role: str, traceparent: str) -> None:
    """Do one attempt; `dies` is killed inside its second one, after the first was exported."""
    sender = TraceContext(traceparent=traceparent)
    cause = derived_span(sender, "the attempt before")
    async with telemetry(TelemetrySettings(), service_name=f"collegium-{role}") as seen:
        for attempt in (1, 2):
            with seen.tracing.span(f"process attempt {attempt}", kind="consumer", parent=sender):
                links = [Link(cause, {"collegium.link": "retry"})]
                with seen.tracing.span(f"invoke_agent {role}", links=links, attributes={"collegium.attempt": attempt}):
                    with seen.tracing.span("execute_tool search") as tool:
                        tool.event("found", {"passages": 3})
                    if role == "dies" and attempt == 2:
                        os.kill(os.getpid(), signal.SIGKILL)
            await seen.tracing.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
