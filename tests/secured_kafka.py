"""A real broker that asks who one is: SASL without and with TLS, and TLS with client certificates.

Certificates come from a CA of the test's own, made with openssl.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from collegium.embedded.children import Child
from collegium.embedded.kafka import broker_answers
from collegium.embedded.kafka_config import NodePorts, log4j2_properties, new_cluster_id, server_properties, single_node
from collegium.embedded.logs import last_lines
from collegium.embedded.ports import LOOPBACK, free_ports
from collegium.embedded.probe import until
from collegium.embedded.runtime import BROKER_CLASS, STORAGE_TOOL_CLASS, KafkaRuntime

USER = "collegium"
PASSWORD = "sesame-3f9d1c77"
_PREFIX = "COLLEGIUM_KAFKA_"
_BOUND_S = 60.0
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"

_MAKE_CERTIFICATES = """
set -eu
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other-ca -keyout other.key -out other.pem
printf 'subjectAltName=IP:127.0.0.1' > names
for who in server client; do
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$who" -keyout $who.key -out $who.csr
    openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out $who.pem
done
cat server.key server.pem > server-store.pem
"""


@dataclass(frozen=True)
class SecuredKafka:
    """A broker's listeners."""

    open_bootstrap: str
    """Without access control, for tests that look at what happened."""
    sasl_bootstrap: str
    scram_bootstrap: str
    mutual_bootstrap: str
    directory: Path

    def access(self, kind: str, password: str = PASSWORD) -> dict[str, str]:
        """The settings, as environment variables, that open one of the doors."""
        ca = {f"{_PREFIX}SSL_CAFILE": str(self.directory / "ca.pem")}
        credentials = {f"{_PREFIX}SASL_USERNAME": USER, f"{_PREFIX}SASL_PASSWORD": password}
        match kind:
            case "sasl-plain":
                protocol, bootstrap, more = "SASL_PLAINTEXT", self.sasl_bootstrap, credentials
            case "mutual-tls":
                protocol, bootstrap = "SSL", self.mutual_bootstrap
                more = ca | {
                    f"{_PREFIX}SSL_CERTFILE": str(self.directory / "client.pem"),
                    f"{_PREFIX}SSL_KEYFILE": str(self.directory / "client.key"),
                }
            case _:
                protocol, bootstrap = "SASL_SSL", self.scram_bootstrap
                more = ca | credentials | {f"{_PREFIX}SASL_MECHANISM": kind.upper()}
        return {f"{_PREFIX}BOOTSTRAP": bootstrap, f"{_PREFIX}SECURITY_PROTOCOL": protocol, **more}


def _properties(directory: Path, ports: Mapping[str, int]) -> str:
    node = single_node(NodePorts(ports["BROKER"], ports["CONTROLLER"]), directory / "log")
    doors = {name: port for name, port in ports.items() if name != "CONTROLLER"}
    more = {
        "listeners": ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in ports.items()),
        "advertised.listeners": ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in doors.items()),
        "listener.security.protocol.map": (
            "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,SCRAM:SASL_SSL,MUTUAL:SSL"
        ),
        "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl.plain.sasl.jaas.config": f'{_PLAIN} user_{USER}="{PASSWORD}";',
        "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.scram.scram-sha-256.sasl.jaas.config": _SCRAM,
        "listener.name.scram.scram-sha-512.sasl.jaas.config": _SCRAM,
        "listener.name.mutual.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(directory / "server-store.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(directory / "ca.pem"),
    }
    # Of two lines for a property Java takes the last.
    return server_properties(node) + "".join(f"{name}={value}\n" for name, value in more.items())


def _write(directory: Path, ports: Mapping[str, int]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "log4j2.properties").write_text(log4j2_properties())
    (directory / "server.properties").write_text(_properties(directory, ports))
    return directory / "server.properties"


async def _to_its_end(command: tuple[str, ...], log: Path, cwd: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(_BOUND_S):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    await asyncio.to_thread(log.write_bytes, output)


@asynccontextmanager
async def secured_kafka(runtime: KafkaRuntime, directory: Path) -> AsyncIterator[SecuredKafka]:
    """The broker, as long as the block lasts."""
    names = ("BROKER", "CONTROLLER", "SASL", "SCRAM", "MUTUAL")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    properties = await asyncio.to_thread(_write, directory, ports)
    await _to_its_end(("sh", "-c", _MAKE_CERTIFICATES), directory / "openssl.log", directory)
    users = [
        word
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for word in ("--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]")
    ]
    arguments = ["format", "--cluster-id", new_cluster_id(), "--config", str(properties), *users]
    await _to_its_end(runtime.command(STORAGE_TOOL_CLASS, arguments, heap_mb=128), directory / "format.log", directory)
    configured = runtime.with_flags(f"-Dlog4j2.configurationFile={directory / 'log4j2.properties'}")
    log = directory / "broker.log"
    child = await Child.spawn(configured.command(BROKER_CLASS, [str(properties)], heap_mb=256), log_path=log)
    at = {name: f"{LOOPBACK}:{port}" for name, port in ports.items()}
    try:
        async with asyncio.timeout(_BOUND_S):
            await until(lambda: broker_answers(at["BROKER"], timeout_s=5))
        yield SecuredKafka(at["BROKER"], at["SASL"], at["SCRAM"], at["MUTUAL"], directory)
    except TimeoutError:
        raise AssertionError("\n".join(last_lines(log))) from None
    finally:
        await child.stop(5)
