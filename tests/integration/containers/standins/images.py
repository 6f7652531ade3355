"""Get the three public images that the containers build on, or make stand-ins for them.

``python tests/integration/containers/standins/images.py`` leaves ``python:3.11-slim-bookworm``,
``apache/kafka:4.2.1`` and ``jaegertracing/jaeger:2.13.0`` in the local Docker engine. An image that is there stays;
otherwise it is pulled; where no registry can be reached, a stand-in with the same name and the same interface is
made from what package registries offer:

* Python: Debian's own packages by debootstrap (needs root), with this machine's CA bundle and pip settings;
* Kafka: the jars and the Java runtime that `collegium.embedded` uses;
* Jaeger: the binary that ``infra/jaeger/build.sh`` builds from Jaeger's Go module.

Stand-ins carry the label ``collegium.standin``, which what is built on them inherits; ``--remove`` removes both.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collegium.embedded.jaeger import find_binary
from collegium.embedded.progress import SilentProgress
from collegium.embedded.settings import EmbeddedSettings
from collegium.embedded.setup import prepare_kafka

PYTHON = "python:3.11-slim-bookworm"
KAFKA = "apache/kafka:4.2.1"
JAEGER = "jaegertracing/jaeger:2.13.0"

_LABEL = "collegium.standin=true"
_HERE = Path(__file__).parent
_REPOSITORY = _HERE.parents[3]
_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PIP_SETTINGS = Path("/etc/pip.conf")
_STEP_TIMEOUT_S = 1_200


class ImageError(Exception):
    """An image can be neither pulled nor made; the message says which tool failed and what it said."""


@dataclass(frozen=True, slots=True)
class Image:
    """One public image and how to make its stand-in in an empty folder."""

    tag: str
    build: Callable[[Path], None]


def ensure(image: Image) -> str:
    """Make the image available to the local engine; returns how: ``present``, ``pulled`` or ``stand-in``.

    Raises:
        ImageError: It can be neither pulled nor made.
    """
    if _succeeds("docker", "image", "inspect", image.tag):
        return "present"
    if _succeeds("docker", "pull", "--quiet", image.tag):
        return "pulled"
    with tempfile.TemporaryDirectory(prefix="collegium-standin-") as folder:
        image.build(Path(folder))
    return "stand-in"


def _build_python(folder: Path) -> None:
    root = folder / "root"
    packages = "python3,python3-pip,python3-venv,ca-certificates"
    _run("debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(root))
    shutil.copyfile(_CA_BUNDLE, root / "etc/ssl/certs/ca-certificates.crt")
    settings = f"[global]\ncert = {_CA_BUNDLE}\n"
    (root / "etc/pip.conf").write_text(_PIP_SETTINGS.read_text() if _PIP_SETTINGS.exists() else settings)
    # In the official image, Python lives in /usr/local/bin and pip may install into it.
    (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink()
    for name, target in {"python": "python3", "python3": "python3", "pip": "pip3"}.items():
        (root / "usr/local/bin" / name).symlink_to(f"/usr/bin/{target}")
    for unneeded in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"):
        shutil.rmtree(root / unneeded)
    (root / "var/lib/apt/lists/partial").mkdir(parents=True)
    archive = folder / "root.tar"
    _run("tar", "--create", "--numeric-owner", "--file", str(archive), "--directory", str(root), ".")
    changes = ("--change", 'CMD ["python3"]', "--change", "ENV LANG=C.UTF-8", "--change", f"LABEL {_LABEL}")
    _run("docker", "import", *changes, str(archive), PYTHON)


def _build_kafka(folder: Path) -> None:
    runtime = asyncio.run(prepare_kafka(EmbeddedSettings().cache_dir, progress=SilentProgress(), tune=False))
    shutil.copytree(_HERE / "kafka", folder, dirs_exist_ok=True)
    shutil.copytree(runtime.java.parent.parent, folder / "jre", symlinks=True)
    (folder / "libs").mkdir()
    for jar in runtime.class_path:
        shutil.copy(jar, folder / "libs")
    _docker_build(folder, KAFKA)


def _build_jaeger(folder: Path) -> None:
    cache = EmbeddedSettings().cache_dir
    if find_binary(None, cache) is None:
        _run(str(_REPOSITORY / "infra/jaeger/build.sh"))
    binary = find_binary(None, cache)
    if binary is None:
        raise ImageError("infra/jaeger/build.sh left no binary in the cache")
    shutil.copytree(_HERE / "jaeger", folder, dirs_exist_ok=True)
    shutil.copy(binary, folder / "jaeger")
    _docker_build(folder, JAEGER)


IMAGES = (Image(PYTHON, _build_python), Image(KAFKA, _build_kafka), Image(JAEGER, _build_jaeger))


def _docker_build(folder: Path, tag: str) -> None:
    _run("docker", "build", "--quiet", "--label", _LABEL, "--tag", tag, str(folder))


def _succeeds(*command: str) -> bool:
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=_STEP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return False
    return result.returncode == 0


def _run(*command: str) -> None:
    try:
        subprocess.run(command, capture_output=True, check=True, text=True, timeout=_STEP_TIMEOUT_S)
    except FileNotFoundError as error:
        raise ImageError(f"{command[0]} is not installed (Debian: apt-get install {command[0]})") from error
    except subprocess.CalledProcessError as error:
        raise ImageError(f"{' '.join(command)} failed:\n{(error.stderr or error.stdout)[-2000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise ImageError(f"{' '.join(command)} took longer than {_STEP_TIMEOUT_S} s") from error


def _remove() -> None:
    listed = subprocess.run(
        ["docker", "images", "--quiet", "--filter", f"label={_LABEL}"], capture_output=True, text=True, check=True
    )
    for image in dict.fromkeys(listed.stdout.split()):
        _run("docker", "rmi", "--force", image)


def main() -> int:
    """Make all images available, saying how each was got."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--remove", action="store_true", help="remove the stand-ins instead")
    if parser.parse_args().remove:
        _remove()
        return 0
    for image in IMAGES:
        try:
            sys.stdout.write(f"{image.tag}: {ensure(image)}\n")
        except ImageError as error:
            sys.stderr.write(f"{image.tag}: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
