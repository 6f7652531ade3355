"""Ports for servers: free, distinct, and never one that an outgoing connection could be given."""

import socket
from pathlib import Path

import pytest

from collegium.embedded.ports import LOOPBACK, candidates, free_port, free_ports, is_free, outgoing_ports


def test_no_port_is_one_that_an_outgoing_connection_could_be_given() -> None:
    """Otherwise a client that dials a dead server's port can be connected to itself, and hold the port."""
    outgoing = outgoing_ports()
    with socket.create_server((LOOPBACK, 0)) as given:
        assert given.getsockname()[1] in outgoing, "the kernel's range is read correctly"
    assert not [port for _ in range(20) for port in free_ports(10) if port in outgoing]


def test_ports_drawn_together_are_distinct_and_free() -> None:
    """One call serves a whole cluster."""
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert all(map(is_free, ports))


def test_a_port_that_a_server_has_is_not_free() -> None:
    """And so another one is given than the preferred one."""
    with socket.socket() as server:
        wanted = free_port()
        server.bind((LOOPBACK, wanted))
        server.listen()
        assert not is_free(wanted)
        assert free_port(wanted) != wanted
    assert free_port(wanted) == wanted


def test_a_client_that_dials_a_dead_server_never_holds_its_port() -> None:
    """The fault itself: many connections from ports of the kernel's choice, none of them the server's."""
    port = free_port()
    for _ in range(2_000):
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            client.connect((LOOPBACK, port))
    assert is_free(port)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("32768\t60999\n", range(32_768, 61_000)), ("1024 65535", range(1_024, 65_536)), ("", range(32_768, 65_536))],
)
def test_the_kernels_range_is_read(tmp_path: Path, text: str, expected: range) -> None:
    """As Linux writes it; what cannot be read stands for the widest range in use elsewhere."""
    source = tmp_path / "range"
    source.write_text(text)
    assert outgoing_ports(source) == expected
    assert outgoing_ports(tmp_path / "absent") == range(32_768, 65_536)


def test_candidates_lie_on_both_sides_of_the_range() -> None:
    """None is left when every port is given to outgoing connections: then the kernel's choice has to do."""
    both = candidates(range(32_768, 61_000))
    assert (both[0], both[-1]) == (20_000, 65_535)
    assert 32_767 in both
    assert 32_768 not in both
    assert candidates(range(1_024, 65_536)) == []
