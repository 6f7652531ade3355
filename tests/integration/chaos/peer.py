"""One end of a conversation between hosts: `peer.py listen|send|echo|dial ADDRESS [WORDS]`."""

import socket
import sys

_DATAGRAMS = 7000
_STREAM = 7002
_BYTES = 100


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main(mode: str, address: str, words: str = "") -> None:
    """Talk until killed, except for `send`."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    match mode:
        case "listen":
            datagrams.bind((address, _DATAGRAMS))
            _say("up")
            while True:
                _say(datagrams.recv(_BYTES).decode())
        case "send":
            datagrams.sendto(words.encode(), (address, _DATAGRAMS))
        case "echo":
            server = socket.create_server((address, _STREAM))
            _say("up")
            other, _ = server.accept()
            while heard := other.recv(_BYTES):
                other.sendall(heard)
        case _:
            stream = socket.create_connection((address, _STREAM))
            for line in sys.stdin:
                stream.sendall(line.encode())
                _say(stream.recv(_BYTES).decode().strip())


if __name__ == "__main__":
    main(*sys.argv[1:])
