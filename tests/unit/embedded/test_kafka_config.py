"""The broker's configuration."""

from dataclasses import replace
from pathlib import Path

import pytest

from collegium.embedded.errors import PathUnusable
from collegium.embedded.kafka_config import (
    NodeConfig,
    NodePorts,
    cluster_nodes,
    new_cluster_id,
    server_properties,
    single_node,
)
from collegium_schemas.limits import MAX_MESSAGE_BYTES

PORTS = NodePorts(broker=1111, controller=2222)


def _properties(node: NodeConfig) -> dict[str, str]:
    return dict(line.split("=", 1) for line in server_properties(node).splitlines())


def test_every_listener_is_on_the_loopback_interface() -> None:
    """Nothing of the embedded broker can be reached from another machine."""
    properties = _properties(single_node(PORTS, Path("/data")))
    assert properties["listeners"] == "BROKER://127.0.0.1:1111,CONTROLLER://127.0.0.1:2222"
    assert properties["advertised.listeners"] == "BROKER://127.0.0.1:1111"
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:2222"


def test_one_node_asks_for_one_copy_of_everything() -> None:
    """With the defaults of three, groups and transactions would never start."""
    properties = _properties(single_node(PORTS, Path("/data")))
    copies = {name: value for name, value in properties.items() if "replication.factor" in name or "min.isr" in name}
    assert len(copies) == 6
    assert set(copies.values()) == {"1"}


def test_three_nodes_keep_three_copies_of_which_two_must_agree() -> None:
    """Several nodes name the same voters and lose one of them without losing data."""
    ports = [NodePorts(1001, 2001), NodePorts(1002, 2002, "10.1.2.3"), NodePorts(1003, 2003)]
    nodes = cluster_nodes(ports, [Path("/data/1"), Path("/data/2"), Path("/data/3")])
    properties = _properties(nodes[1])
    assert properties["node.id"] == "2"
    assert properties["log.dirs"] == "/data/2"
    assert properties["listeners"] == "BROKER://10.1.2.3:1002,CONTROLLER://10.1.2.3:2002"
    assert {_properties(node)["controller.quorum.voters"] for node in nodes} == {
        "1@127.0.0.1:2001,2@10.1.2.3:2002,3@127.0.0.1:2003"
    }
    assert properties["default.replication.factor"] == "3"
    assert properties["transaction.state.log.min.isr"] == "2"


def test_topics_are_never_made_by_accident() -> None:
    """A mistyped topic is an error, and no new topic with the wrong partition count."""
    assert _properties(single_node(PORTS, Path("/data")))["auto.create.topics.enable"] == "false"


def test_the_largest_message_of_the_contracts_fits() -> None:
    """The broker's bound lies above ours, so that ours gives the error."""
    assert int(_properties(single_node(PORTS, Path("/data")))["message.max.bytes"]) > MAX_MESSAGE_BYTES


def test_a_path_survives_the_properties_format() -> None:
    """Java reads the file as Latin-1 with backslash escapes."""
    text = server_properties(single_node(PORTS, Path("/home/Zoë 😀/a\\b")))
    assert "log.dirs=/home/Zo\\u00eb \\ud83d\\ude00/a\\\\b\n" in text


@pytest.mark.parametrize("path", ["/a,b", "/a\nb"])
def test_a_path_that_kafka_would_misread_is_refused(path: str) -> None:
    """A comma would mean two directories."""
    with pytest.raises(PathUnusable, match="data directory without commas"):
        server_properties(single_node(PORTS, Path(path)))


def test_cluster_ids_have_kafkas_form() -> None:
    """22 characters of URL-safe base64, not looking like an option."""
    ids = {new_cluster_id() for _ in range(300)}
    assert len(ids) == 300
    assert {len(cluster_id) for cluster_id in ids} == {22}
    assert not any(cluster_id.startswith("-") for cluster_id in ids)


def test_a_lone_broker_keeps_its_leaderships_while_it_stops() -> None:
    """Nobody could take them over, and giving them up loses the ends of transactions under way."""
    lone = single_node(PORTS, Path("/data"))
    assert _properties(lone)["controlled.shutdown.enable"] == "false"
    one_of_three = replace(lone, voters=((1, 1), (2, 2), (3, 3)))
    assert "controlled.shutdown.enable" not in _properties(one_of_three)
