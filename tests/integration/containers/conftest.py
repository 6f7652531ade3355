"""The public images, free ports and the compose project that the tests of this folder run in."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from testcontainers.compose import DockerCompose
from testcontainers.core.config import testcontainers_config

from collegium.embedded.ports import free_ports

REPOSITORY = Path(__file__).parents[3]
_IMAGES = Path(__file__).parent / "standins/images.py"
_IMAGE_TAG = "test"
_IMAGES_TIMEOUT_S = 1_200


@pytest.fixture(scope="session")
def public_images() -> None:
    """Kafka's, Jaeger's and Python's images are in the engine: pulled, or stand-ins."""
    # Testcontainers' reaper is one more image from a registry; every container here is a context manager.
    testcontainers_config.ryuk_disabled = True
    command = [sys.executable, str(_IMAGES)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_IMAGES_TIMEOUT_S)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="session")
def project(public_images: None, tmp_path_factory: pytest.TempPathFactory) -> DockerCompose:
    """docker-compose.yml as a project of its own, on free ports; not started."""
    kafka, jaeger, otlp, ledger = free_ports(4)
    settings = tmp_path_factory.mktemp("compose") / "env"
    settings.write_text(
        # The project's name is part of its volumes' names: a user's are not touched when this one is taken down.
        f"COMPOSE_PROJECT_NAME=collegium-test-{os.getpid()}\n"
        f"COLLEGIUM_TAG={_IMAGE_TAG}\n"
        f"KAFKA_HOST_PORT={kafka}\nJAEGER_HOST_PORT={jaeger}\nOTLP_HOST_PORT={otlp}\nLEDGER_HOST_PORT={ledger}\n"
    )
    return DockerCompose(REPOSITORY, env_file=str(settings), wait=True)


@pytest.fixture(scope="session")
def service_images(project: DockerCompose) -> str:
    """Every image of our own, built as `docker compose build` builds them; returns their tag."""
    command = [*project.compose_command_property, "build", "--quiet"]
    result = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=_IMAGES_TIMEOUT_S
    )
    assert result.returncode == 0, result.stderr
    return _IMAGE_TAG


@pytest.fixture(scope="module")
def compose(project: DockerCompose, service_images: str) -> Iterator[DockerCompose]:
    """The whole system: up and healthy; down with its volumes at the end."""
    with project:
        yield project
