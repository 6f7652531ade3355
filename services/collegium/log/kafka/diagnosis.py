"""Why no broker lets us in: aiokafka logs it and goes on, people want to read it in the error."""
# pyright: reportUnknownVariableType=false

import asyncio
import ssl
from socket import gaierror
from typing import cast

from aiokafka import errors as kafka_errors
from aiokafka.conn import collect_hosts, create_conn

from collegium.log.kafka.connection import Connection


async def why_unavailable(connection: Connection, timeout_ms: int) -> str:
    """What the first broker that can be named answers to one more attempt, and which setting to look at.

    The setting is told by its name; no value of a secret is part of the answer.
    """
    arguments = connection.arguments
    said = "no address is given"
    addresses = cast("list[tuple[str, int, int]]", collect_hosts(arguments["bootstrap_servers"]))
    for host, port, _ in addresses:
        try:
            async with asyncio.timeout(timeout_ms / 1_000):
                opened = await create_conn(
                    host,
                    port,
                    client_id=arguments["client_id"],
                    request_timeout_ms=timeout_ms,
                    ssl_context=arguments["ssl_context"],
                    security_protocol=arguments["security_protocol"],
                    sasl_mechanism=arguments["sasl_mechanism"],
                    sasl_plain_username=arguments["sasl_plain_username"],
                    sasl_plain_password=arguments["sasl_plain_password"],
                )
        except (OSError, TimeoutError, kafka_errors.KafkaError) as error:
            said = f"{host}:{port}: {_meaning(error, arguments['security_protocol'])}"
        else:
            opened.close()
            return (
                f"{host}:{port} takes the connection and then does not answer: check that it speaks "
                f"{arguments['security_protocol']} there (COLLEGIUM_KAFKA_SECURITY_PROTOCOL)"
            )
    return said


def _meaning(error: Exception, protocol: str) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate is not trusted ({error.verify_message}): COLLEGIUM_KAFKA_SSL_CAFILE must name the "
                "authority that signed it"
            )
        case ssl.SSLError():
            reason = (error.reason or "no TLS").replace("_", " ").lower()
            return (
                f"TLS failed ({reason}): check COLLEGIUM_KAFKA_SECURITY_PROTOCOL={protocol} and COLLEGIUM_KAFKA_SSL_*"
            )
        case gaierror():
            return "there is no such host: check COLLEGIUM_KAFKA_BOOTSTRAP"
        case ConnectionRefusedError():
            return "nobody listens there: check that the broker runs, and COLLEGIUM_KAFKA_BOOTSTRAP"
        case kafka_errors.UnsupportedSaslMechanismError():
            return "it does not offer this mechanism: check COLLEGIUM_KAFKA_SASL_MECHANISM"
        case kafka_errors.SaslAuthenticationFailed() | kafka_errors.AuthenticationFailedError():
            return (
                "it refuses the credentials: check COLLEGIUM_KAFKA_SASL_USERNAME, COLLEGIUM_KAFKA_SASL_PASSWORD and "
                "COLLEGIUM_KAFKA_SASL_MECHANISM"
            )
        case _:
            return (
                f"it closes the connection or does not answer: check that it speaks {protocol} there "
                "(COLLEGIUM_KAFKA_SECURITY_PROTOCOL), and whether it asks for a certificate "
                "(COLLEGIUM_KAFKA_SSL_CERTFILE)"
            )
