"""What docker-compose.yml and the Dockerfile promise, read from the files: no engine is needed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from collegium.embedded.kafka_config import NodePorts, server_properties, single_node
from collegium_schemas.limits import MAX_MESSAGE_BYTES

REPOSITORY = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
DOCKERFILE = (REPOSITORY / "infra/docker/Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}

# Not services: the command line is the `cli` image, the embedded stack replaces compose, the simulation needs nothing.
NO_SERVICE = {"cli", "embedded", "simulation"}
PROCESSES = sorted(
    main.parent.name
    for main in (REPOSITORY / "services/collegium").glob("*/__main__.py")
    if main.parent.name not in NO_SERVICE
)


def test_everything_listens_on_the_loopback_address_only() -> None:
    """Every published port names 127.0.0.1: compose publishes on all interfaces by default."""
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert [port for port in published if not str(port).startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_have_no_privileges(name: str) -> None:
    """Read-only root, no capabilities, no new privileges; memory, processes and logs are bounded."""
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service  # the image's own, which is not root
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"]["max-size"]


def test_every_service_can_be_scaled_but_those_with_a_published_port() -> None:
    """A fixed name or host port admits one container only; the ledger and the infrastructure are single."""
    assert [name for name, service in SERVICES.items() if "container_name" in service] == []
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"kafka", "jaeger", "ledger"}


def test_every_process_has_an_image_target_and_a_compose_service() -> None:
    """A service folder with a `__main__` is built by a stage of its name that starts it."""
    started = dict(re.findall(r'^FROM runtime AS (\w+)\nCMD \["python", "-m", "collegium\.(\w+)"\]$', DOCKERFILE, re.M))
    assert [name for name in PROCESSES if started.get(name) != name] == []
    assert [name for name in PROCESSES if OURS.get(name, {}).get("build", {}).get("target") != name] == []


def test_public_images_are_pinned_to_a_version() -> None:
    """No `latest` and no floating tag: a pull must give what was tested."""
    public = [service["image"] for service in SERVICES.values() if "build" not in service]
    base = re.findall(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.M)
    assert base == ["python:3.11-slim-bookworm"]
    assert [image for image in public if not re.search(r":\d+\.\d+\.\d+$", image)] == []


def test_the_broker_is_configured_like_the_embedded_one() -> None:
    """What a message may weigh and which topics exist by themselves does not depend on how the broker is run."""
    embedded = dict(
        line.split("=", 1) for line in server_properties(single_node(NodePorts(9092, 9093), Path("logs"))).splitlines()
    )
    same = (
        "auto.create.topics.enable",
        "group.initial.rebalance.delay.ms",
        "group.min.session.timeout.ms",
        "message.max.bytes",
        "offsets.topic.num.partitions",
        "process.roles",
        "transaction.state.log.num.partitions",
    )
    compose = SERVICES["kafka"]["environment"]
    assert {key: compose[f"KAFKA_{key.replace('.', '_').upper()}"] for key in same} == {
        key: embedded[key] for key in same
    }
    assert int(compose["KAFKA_MESSAGE_MAX_BYTES"]) > MAX_MESSAGE_BYTES
