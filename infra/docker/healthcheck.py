"""Ask the service in this container whether it is ready; exit 0 or 1 as Docker's HEALTHCHECK wants it.

Standard library only and run with ``-I -S``: it starts every few seconds in every container, so it must not
pay for importing the service.
"""

import os
import socket
import sys

TIMEOUT_S = 2.0


def ready(port: int) -> bool:
    """Return whether ``GET /readyz`` on the loopback address answers 200 within the time-out."""
    request = b"GET /readyz HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.sendall(request)
            with connection.makefile("rb") as answer:
                status_line = answer.readline(256)
    except OSError:
        return False
    return status_line.split(b" ")[1:2] == [b"200"]


if __name__ == "__main__":
    # A container's health probe is composed by nobody: the image's environment is its only argument.
    sys.exit(0 if ready(int(os.environ["COLLEGIUM_HTTP_PORT"])) else 1)  # noqa: TID251 - see above
