"""Reads files in a process of its own, so that a hostile one costs a bounded time and no more than itself."""

import socket
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Protocol, Self

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.files import Limits
from collegium.retrieval.parsing.worker import ANSWER, READY, REQUEST, Request

# -P: a module in the current directory, which may be that of the files, must not be taken for one of ours.
WORKER: Final = (sys.executable, "-P", "-m", "collegium.retrieval.parsing.worker")
_START_TIMEOUT_S: Final = 60.0


class Reader(Protocol):
    """What turns a file's bytes into text."""

    def read(self, name: str, data: bytes) -> ParsedText:
        """Read the bytes of a file of this name.

        Raises:
            DocumentError: they cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.wait()


class IsolatedReader:
    """A reader whose parsers run in one worker process, started by the first file and replaced when it is lost.

    A context manager; leaving it ends the worker.
    """

    def __init__(self, limits: Limits, command: tuple[str, ...] = WORKER) -> None:
        self._limits = limits
        self._command = command
        self._worker: _Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def read(self, name: str, data: bytes) -> ParsedText:
        """Read a file's bytes; its name says which parser does.

        Raises:
            DocumentError: they cannot be read, or not within the limits of time and memory.
        """
        if self._worker is None:
            self._worker = self._start()
        finished = False
        try:
            answer = ANSWER.validate_json(self._ask(self._worker, name, data))
            finished = not answer.exhausted
        finally:  # a worker that has not answered may answer later, which would then be taken for another file's
            if not finished:
                self._end()
        if answer.parsed is not None:
            return answer.parsed
        if answer.exhausted:
            raise DocumentError(
                f"reading it takes more than {self._limits.max_read_memory_bytes / 2**30:g} GiB of memory",
                "split it into several files, or leave it out",
            )
        raise DocumentError(answer.reason, answer.advice)

    def _ask(self, worker: _Worker, name: str, data: bytes) -> bytes:
        try:
            worker.connection.send_bytes(REQUEST.dump_json(Request(name, self._limits.max_document_chars)))
            worker.connection.send_bytes(data)
            if worker.connection.poll(self._limits.max_read_s):
                return worker.connection.recv_bytes()
        except (EOFError, ConnectionError) as error:
            raise DocumentError(
                "the program that reads it crashed on it", "open it with its own program and save it again"
            ) from error
        raise DocumentError(
            f"it took longer than {self._limits.max_read_s:g} s to read",
            "simplify it, such as by saving it as plain text, or leave it out",
        )

    def _start(self) -> _Worker:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            descriptor = theirs.fileno()
            limits = (str(self._limits.max_read_s), str(self._limits.max_read_memory_bytes))
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*self._command, str(descriptor), *limits],
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            worker = _Worker(process, Connection(ours.detach()))
        started = False
        try:
            started = worker.connection.poll(_START_TIMEOUT_S) and worker.connection.recv_bytes() == READY
        except (EOFError, ConnectionError) as error:
            raise _not_started() from error
        finally:
            if not started:
                worker.end()
        if not started:
            raise _not_started()
        return worker

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None


def _not_started() -> DocumentError:
    return DocumentError(
        "the process that reads files does not start", "see what `collegium doctor` says, or try again"
    )
