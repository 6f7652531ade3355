"""SASL and TLS against a real broker that asks for them, and what is told when they are wrong."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from collegium.embedded.runtime import KafkaRuntime
from collegium_schemas.objective import RunStatus
from live_system import live_system
from needs import needs
from secured_kafka import PASSWORD, SecuredKafka, secured_kafka
from service_processes import collegium, service_process

pytestmark = [pytest.mark.asyncio(loop_scope="session"), needs("openssl")]

SERVICES: dict[str, tuple[str, ...]] = {
    "orchestrator": ("collegium.orchestrator",),
    "ledger": ("collegium.ledger",),
    "specialist": ("collegium.agent.noop", "--role", "worker"),
}
WRONG = "wrong-8842aa0c"
IMPATIENT = {"COLLEGIUM_KAFKA_CONNECT_TIMEOUT_MS": "500"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def secured(kafka_runtime: KafkaRuntime, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecuredKafka]:
    """The broker."""
    async with secured_kafka(kafka_runtime, tmp_path_factory.mktemp("secured")) as kafka:
        yield kafka


async def test_all_services_work_over_tls_with_credentials(secured: SecuredKafka, tmp_path: Path) -> None:
    """A run completes, the ledger folds it, and no process has written the password anywhere."""
    access = secured.access("scram-sha-512")
    async with (
        live_system(secured.open_bootstrap, tmp_path, access=access) as system,
        service_process(tmp_path / "ledger", "collegium.ledger", settings=system.environment) as ledger,
    ):
        assert system.environment["COLLEGIUM_KAFKA_BOOTSTRAP"] == secured.scram_bootstrap
        await ledger.ready()
        run_id = await system.submit()
        assert await system.status(run_id) is RunStatus.COMPLETED
        shown = await system.cli("show", run_id, "--json")
        assert json.loads(shown.out)["status"] == "completed"
        await ledger.until_metric("collegium_ledger_records_total", 2)
        outputs = [process.output for process in (*system.processes, ledger)]
    assert not any(PASSWORD in text for text in (*outputs, shown.out, shown.err))
    assert not await asyncio.to_thread(holders, tmp_path)


def holders(directory: Path) -> list[Path]:
    """Files below a directory that hold the password."""
    return [path for path in directory.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


@pytest.mark.parametrize("kind", ["sasl-plain", "scram-sha-256", "mutual-tls"])
async def test_every_door_opens_with_its_settings(secured: SecuredKafka, tmp_path: Path, kind: str) -> None:
    """Each mechanism: topics are created, and an objective is sent and acknowledged."""
    prefix = f"door-{uuid.uuid4().hex[:8]}."
    settings = {
        **secured.access(kind),
        "COLLEGIUM_KAFKA_TOPIC_PREFIX": prefix,
        "COLLEGIUM_DATA_DIR": str(tmp_path),
    }
    for line in (("topics", "create"), ("topics", "check"), ("submit", "What is a topic?")):
        ended = await collegium(*line, settings=settings)
        assert ended.status == 0, ended.err
        assert PASSWORD not in ended.out + ended.err


async def test_a_wrong_password_is_told_in_one_line_that_does_not_hold_it(
    secured: SecuredKafka, tmp_path: Path
) -> None:
    """Every service ends with 1 after its bound, and says what to look at."""
    waits = {f"COLLEGIUM_{name}_START_WAIT_MS": "500" for name in ("ORCHESTRATOR", "LEDGER", "AGENT")}
    settings = {**secured.access("scram-sha-512", WRONG), **waits, **IMPATIENT}
    async with AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(service_process(tmp_path / name, *line, settings=settings))
            for name, line in SERVICES.items()
        ]
        assert [await process.ended() for process in processes] == [1, 1, 1]
    for process in processes:
        told = process.output.splitlines()[-1]
        assert "COLLEGIUM_KAFKA_SASL_USERNAME" in told
        assert "COLLEGIUM_KAFKA_SASL_PASSWORD" in told
        assert WRONG not in process.output
        assert "Traceback" not in process.output


FAULTS: dict[str, tuple[str, dict[str, str], str]] = {
    "wrong password": ("scram-sha-512", {"SASL_PASSWORD": WRONG}, "COLLEGIUM_KAFKA_SASL_PASSWORD"),
    "another authority": ("scram-sha-512", {"SSL_CAFILE": "other.pem"}, "COLLEGIUM_KAFKA_SSL_CAFILE"),
    "no such file": ("scram-sha-512", {"SSL_CAFILE": "absent.pem"}, "absent.pem"),
    "no certificate in the file": ("scram-sha-512", {"SSL_CAFILE": "server.properties"}, "server.properties"),
    "no client certificate": ("mutual-tls", {"SSL_CERTFILE": "", "SSL_KEYFILE": ""}, "COLLEGIUM_KAFKA_SSL_CERTFILE"),
    "key of another certificate": ("mutual-tls", {"SSL_KEYFILE": "other.key"}, "other.key"),
    "plain text to a TLS port": ("scram-sha-512", {"SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "SECURITY_PROTOCOL"),
    "TLS to a plain port": ("sasl-plain", {"SECURITY_PROTOCOL": "SASL_SSL"}, "SECURITY_PROTOCOL"),
    "no credentials": ("sasl-plain", {"SECURITY_PROTOCOL": "PLAINTEXT"}, "SECURITY_PROTOCOL"),
    "a mechanism that is not enabled": ("sasl-plain", {"SASL_MECHANISM": "SCRAM-SHA-256"}, "SASL_MECHANISM"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_wrong_setting_is_told_by_name(secured: SecuredKafka, tmp_path: Path, fault: str) -> None:
    """One line on standard error, with the variable or file to look at, and never a secret."""
    kind, changed, says = FAULTS[fault]
    settings = {**secured.access(kind), **IMPATIENT, "COLLEGIUM_DATA_DIR": str(tmp_path)}
    for name, value in changed.items():
        settings.pop(f"COLLEGIUM_KAFKA_{name}", None)
        if value:
            in_directory = str(secured.directory / value) if "FILE" in name else value
            settings[f"COLLEGIUM_KAFKA_{name}"] = in_directory
    ended = await collegium("topics", "check", settings=settings)
    assert ended.status in {2, 4}, ended.err
    assert ended.err.count("\n") == 1, ended.err
    assert says in ended.err
    assert PASSWORD not in ended.err
    assert WRONG not in ended.err
