"""What every aiokafka client of one log shares: address, credentials, bounds, and how its errors are told."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, TypedDict, TypeVar

from aiokafka import errors as kafka_errors

from collegium.log.errors import LogError, LogMisconfigured, LogUnavailable, RecordTooLarge, TopicMismatch
from collegium.log.settings import KafkaSettings

_logger = logging.getLogger(__name__)

RETRY_BACKOFF_MS: Final = 100
_CONNECT_AGAIN_S: Final = 0.5

_Client = TypeVar("_Client")


class ClientArguments(TypedDict):
    """Keyword arguments that all aiokafka clients take."""

    bootstrap_servers: str
    client_id: str
    retry_backoff_ms: int
    security_protocol: str
    ssl_context: ssl.SSLContext | None
    sasl_mechanism: str
    sasl_plain_username: str | None
    sasl_plain_password: str | None


@dataclass(frozen=True, slots=True)
class Connection:
    """Settings as aiokafka wants them."""

    settings: KafkaSettings
    arguments: ClientArguments = field(repr=False)  # it holds the password

    @property
    def request_timeout_s(self) -> float:
        """How long a request may take."""
        return self.settings.request_timeout_ms / 1_000

    def unavailable(self, doing: str, timeout_ms: int) -> LogUnavailable:
        """The error for a broker that does not answer."""
        spoken = self.settings.security_protocol
        spoken += " with these credentials" if self.arguments["sasl_plain_username"] is not None else ""
        return LogUnavailable(
            f"Kafka at {self.settings.bootstrap} did not let us {doing} within {timeout_ms / 1_000:g} s: check that "
            "the broker runs, that COLLEGIUM_KAFKA_BOOTSTRAP names it, that its advertised listeners can be reached "
            f"from here, and that it speaks {spoken} (COLLEGIUM_KAFKA_SECURITY_PROTOCOL)"
        )

    def told(self, error: kafka_errors.KafkaError, doing: str) -> LogError:
        """An aiokafka error in the words of the port."""
        match error:
            case kafka_errors.MessageSizeTooLargeError() | kafka_errors.RecordListTooLargeError():
                return RecordTooLarge(f"could not {doing}: {error}")
            case kafka_errors.UnknownTopicOrPartitionError():
                return TopicMismatch((f"could not {doing}: the topic or partition does not exist",))
            case kafka_errors.KafkaTimeoutError() | kafka_errors.KafkaUnavailableError():
                return self.unavailable(doing, self.settings.request_timeout_ms)
            case _ if error.retriable:
                return LogUnavailable(f"Kafka at {self.settings.bootstrap} could not {doing}: {error!r}")
            case _:
                return LogError(f"Kafka at {self.settings.bootstrap} refused to {doing}: {error!r}")

    def bounded(self, doing: str, timeout_ms: int | None = None) -> "Bounded":
        """A context that times out, and tells errors in the words of the port."""
        return Bounded(self, doing, self.settings.request_timeout_ms if timeout_ms is None else timeout_ms)

    async def opened(self, open_once: Callable[[], Awaitable[_Client]], doing: str, timeout_ms: int) -> _Client:
        """Open a client; while no broker answers, try again."""
        async with self.bounded(doing, timeout_ms):
            while True:
                try:
                    return await open_once()
                except kafka_errors.KafkaConnectionError:
                    _logger.debug("no broker answers at %s yet", self.settings.bootstrap)
                await asyncio.sleep(_CONNECT_AGAIN_S)


class Bounded:
    """Times out, and turns time-outs and aiokafka's errors into the port's."""

    __slots__ = ("_connection", "_doing", "_timeout", "_timeout_ms")

    def __init__(self, connection: Connection, doing: str, timeout_ms: int) -> None:
        self._connection = connection
        self._doing = doing
        self._timeout_ms = timeout_ms
        self._timeout = asyncio.timeout(timeout_ms / 1_000)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise self._connection.unavailable(self._doing, self._timeout_ms) from late
        if isinstance(error, kafka_errors.KafkaError):
            raise self._connection.told(error, self._doing) from error


def connection(settings: KafkaSettings, client_id: str) -> Connection:
    """What aiokafka needs to know; reads the certificate files.

    Raises:
        LogMisconfigured: one of them cannot be used.
    """
    ssl_context = _ssl_context(settings) if settings.security_protocol.endswith("SSL") else None
    sasl = settings.security_protocol.startswith("SASL")
    password = settings.sasl_password
    arguments = ClientArguments(
        bootstrap_servers=settings.bootstrap,
        client_id=client_id,
        retry_backoff_ms=RETRY_BACKOFF_MS,
        security_protocol=settings.security_protocol,
        ssl_context=ssl_context,
        sasl_mechanism=settings.sasl_mechanism,
        sasl_plain_username=settings.sasl_username if sasl else None,
        sasl_plain_password=password.get_secret_value() if sasl and password is not None else None,
    )
    return Connection(settings, arguments)


def _ssl_context(settings: KafkaSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ssl_cafile)
    except OSError as error:  # without the file's name
        raise LogMisconfigured(
            f"COLLEGIUM_KAFKA_SSL_CAFILE={settings.ssl_cafile} cannot be used: {_reason(error)}"
        ) from error
    if settings.ssl_certfile is not None:
        try:
            # Without a password OpenSSL would ask for one at the terminal.
            context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile, password="")
        except OSError as error:
            raise LogMisconfigured(
                f"COLLEGIUM_KAFKA_SSL_CERTFILE={settings.ssl_certfile} and "
                f"COLLEGIUM_KAFKA_SSL_KEYFILE={settings.ssl_keyfile} cannot be used: {_reason(error)}"
            ) from error
    return context


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no PEM file").replace("_", " ").lower()
    return error.strerror or str(error)
