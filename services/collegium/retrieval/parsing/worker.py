"""A process that reads files for another: `python -m collegium.retrieval.parsing.worker FD SECONDS BYTES`.

A parser may hang, take all memory or crash on a hostile file; here that ends this process alone. See `reading`.
"""

import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import PurePath
from typing import Final

from pydantic import TypeAdapter

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.parsing.formats import Format, format_of, parse

READY: Final = b"ready"
_GRACE_S: Final = 5.0

Parse = Callable[[Format, bytes, int], ParsedText]


@dataclass(frozen=True, slots=True)
class Request:
    """What to read; the file's bytes follow as a message of their own."""

    name: str
    max_chars: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: the text, or why there is none.

    `exhausted` says that memory ran out: the process ends after such an answer.
    """

    parsed: ParsedText | None = None
    reason: str = ""
    advice: str = ""
    exhausted: bool = False


REQUEST: Final = TypeAdapter(Request)
ANSWER: Final = TypeAdapter(Answer)


def serve(connection: Connection, *, timeout_s: float, parse: Parse) -> None:
    """Answer requests until the other side hangs up or memory runs out."""
    connection.send_bytes(READY)
    exhausted = False
    while not exhausted:
        try:
            request = REQUEST.validate_json(connection.recv_bytes())
            data = connection.recv_bytes()
        except (EOFError, ConnectionResetError):
            return
        # The other side kills us sooner; the alarm is for when it was killed itself, so that nothing hangs on.
        signal.setitimer(signal.ITIMER_REAL, timeout_s + _GRACE_S)
        answer = _answer(request, data, parse)
        signal.setitimer(signal.ITIMER_REAL, 0)
        exhausted = answer.exhausted
        try:
            connection.send_bytes(ANSWER.dump_json(answer))
        except BrokenPipeError:
            return


def _answer(request: Request, data: bytes, parse: Parse) -> Answer:
    form = format_of(PurePath(request.name))
    if form is None:
        return Answer(reason=f"{request.name} is of no known type", advice="convert it first")
    try:
        return Answer(parse(form, data, request.max_chars))
    except DocumentError as error:
        return Answer(reason=error.reason, advice=error.advice)
    except MemoryError:
        return Answer(exhausted=True)


def limit_memory(max_bytes: int) -> None:
    """Bound the address space of this process, where the platform does that (macOS accepts no such limit)."""
    if sys.platform != "linux":
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def main(arguments: list[str], parse: Parse = parse) -> None:
    """Serve the socket whose number, time-out and memory limit are given.

    Args:
        arguments: the socket's file descriptor, seconds for one file, bytes of address space.
        parse: reads one file's bytes.
    """
    descriptor, timeout_s, max_bytes = arguments
    limit_memory(int(max_bytes))
    with Connection(int(descriptor)) as connection:
        serve(connection, timeout_s=float(timeout_s), parse=parse)


if __name__ == "__main__":
    main(sys.argv[1:])
