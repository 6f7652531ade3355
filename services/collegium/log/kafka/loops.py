"""Which event loop a process should run that talks to Kafka."""

import asyncio
from collections.abc import Callable

import uvloop

from collegium.log.settings import KafkaSettings


def loop_factory(settings: KafkaSettings) -> Callable[[], asyncio.AbstractEventLoop]:
    """The faster loop, but for TLS.

    uvloop closes a TLS connection only when the peer has answered, which Kafka does not, or after 30 s (uvloop #471):
    a partition could not be restored within a minute.
    """
    return asyncio.new_event_loop if settings.security_protocol.endswith("SSL") else uvloop.new_event_loop
