"""A small real process for tests of the supervisor: serves /readyz on COLLEGIUM_HTTP_PORT.

    python probed_service.py [crash | refuse | crash-once FILE | stubborn | parent]

crash: ends at once with exit code 3; crash-once: does so until FILE exists; refuse: ends with 2, as for a wrong
setting; stubborn: ignores SIGTERM; parent: has a child of its own, whose process id is its first line of output.
"""

import http.server
import os
import pathlib
import signal
import subprocess
import sys


class _Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Ready, whatever is asked for."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the log belongs to the test."""


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run until SIGTERM."""
    match sys.argv[1:]:
        case ["crash"]:
            _say("about to crash")
            return 3
        case ["refuse"]:
            _say("COLLEGIUM_LIMIT: no number")
            return 2
        case ["crash-once", marker] if not pathlib.Path(marker).exists():
            pathlib.Path(marker).touch()
            return 3
        case ["stubborn"]:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case ["parent"]:
            _say(str(subprocess.Popen(["sleep", "600"]).pid))
        case _:
            pass
    if sys.argv[1:] != ["stubborn"]:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    http.server.HTTPServer(("127.0.0.1", int(os.environ["COLLEGIUM_HTTP_PORT"])), _Ready).serve_forever()  # noqa: TID251 - a service of its own
    return 0


if __name__ == "__main__":
    sys.exit(main())
