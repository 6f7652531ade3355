"""How Jaeger is found and started."""

from pathlib import Path

import pytest

from collegium.embedded.jaeger import IMAGE, JaegerPorts, JaegerSource, bundled_config, find_binary, jaeger_service

PORTS = JaegerPorts(ui=1, otlp_http=2, otlp_grpc=3, query_grpc=4, health=5)
ROOT = Path(__file__).parents[3]


def _binary(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.touch(mode=0o755)
    return path


def test_a_named_binary_wins(tmp_path: Path) -> None:
    """Over one that was built into the cache."""
    _binary(tmp_path / "jaeger" / "abc" / "jaeger")
    named = _binary(tmp_path / "mine" / "jaeger")
    assert find_binary(named, tmp_path) == named


def test_a_named_binary_that_is_missing_is_not_replaced_by_another(tmp_path: Path) -> None:
    """Whoever named one would not want a different version in silence."""
    _binary(tmp_path / "jaeger" / "abc" / "jaeger")
    assert find_binary(tmp_path / "typo", tmp_path) is None


def test_a_binary_runs_on_the_chosen_ports_with_our_configuration(tmp_path: Path) -> None:
    """Every address that the configuration lets override is overridden."""
    service = jaeger_service(JaegerSource(binary=Path("/bin/jaeger")), PORTS, tmp_path)
    assert service.command == ("/bin/jaeger", "--config", str(tmp_path / "jaeger.yaml"))
    assert (tmp_path / "jaeger.yaml").read_text("utf-8") == bundled_config()
    assert {name for name in service.environment if f"${{env:{name}:-" in bundled_config()} == set(service.environment)
    assert sorted(service.environment.values()) == [f"127.0.0.1:{port}" for port in range(1, 6)]
    assert (service.http_port, service.probe_path) == (1, "/")


def test_the_image_is_published_on_the_loopback_interface_only(tmp_path: Path) -> None:
    """`-p 16686:16686` would open it to the network."""
    command = jaeger_service(JaegerSource(image=IMAGE), PORTS, tmp_path).command
    published = [word for word in command if word.startswith("--publish=")]
    assert published == ["--publish=127.0.0.1:1:16686", "--publish=127.0.0.1:2:4318"]
    assert command[-1] == IMAGE


@pytest.mark.skipif(not (ROOT / "infra").is_dir(), reason="tests run beside an installed package, without infra/")
def test_the_configuration_for_running_by_hand_is_the_same() -> None:
    """infra/jaeger/jaeger.yaml is a copy of the one in the package."""
    assert (ROOT / "infra" / "jaeger" / "jaeger.yaml").read_text("utf-8") == bundled_config()
