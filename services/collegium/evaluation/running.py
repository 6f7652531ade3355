"""Puts cases to a subject, in this process or in several; what was answered before is not asked again."""

import random
import signal
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import active_children, get_context
from threading import current_thread, main_thread
from typing import Any, Final, Generic

from collegium.evaluation.answers import Answer, Answers
from collegium.evaluation.cases import CaseT, Suite, digest_of
from collegium.evaluation.errors import SubjectFailed
from collegium.evaluation.judging import Material, Prediction, Subject, open_subject

MOST_WORKERS: Final = 64
_LOOK_S: Final = 0.25
_AHEAD: Final = 4
"""Cases that wait for each worker at most."""

_OPENED: Final[dict[str, Subject[Any]]] = {}
"""The subject of a worker process, by its path: opened once, when the process starts."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    answered: int
    taken_up: int
    """Of the answered: known from an earlier run."""
    cases: int


@dataclass(frozen=True, slots=True)
class Run(Generic[CaseT]):
    """A suite's cases with the answers to them, in order."""

    suite: Suite[CaseT]
    subject: str
    version: str
    answers: tuple[Answer, ...]
    taken_up: int


@dataclass(frozen=True, slots=True)
class _Asked(Generic[CaseT]):
    key: str
    case: CaseT


def run(
    suite: Suite[CaseT],
    subject_path: str,
    material: Material,
    answers: Answers[Answer],
    *,
    workers: int = 1,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Run[CaseT]:
    """Put every case to the subject.

    Args:
        suite: The cases.
        subject_path: `module:attribute` (see `judging`).
        material: What the subject is opened with.
        answers: Where answers are kept; what it knows already is not asked again.
        workers: Processes; 1 asks in this one.
        on_progress: Called after each answer.

    Raises:
        SubjectInvalid: the subject cannot be opened.
        SubjectFailed: it raised an error; the answers before that are kept.
        ValueError: `workers` is out of bounds.
    """
    if not 1 <= workers <= MOST_WORKERS:
        raise ValueError(f"workers must be between 1 and {MOST_WORKERS}")
    subject: Subject[CaseT] = open_subject(subject_path, material)
    asked = [_Asked(_key(subject, suite.documents_sha256, case), case) for case in suite.cases]
    known = answers.known()
    found = {one.key: known[one.key] for one in asked if one.key in known}
    taken_up = len(found)
    open_cases = [one for one in asked if one.key not in found]
    told = (
        _here(subject, open_cases)
        if workers == 1 or not open_cases
        else _in_processes(subject, subject_path, material, open_cases, workers)
    )
    for answer in told:
        answers.keep(answer)
        found[answer.key] = answer
        on_progress(Progress(len(found), taken_up, len(asked)))
    return Run(suite, subject.name, subject.version, tuple(found[one.key] for one in asked), taken_up)


def _key(subject: Subject[CaseT], documents_sha256: str, case: CaseT) -> str:
    return digest_of((subject.name, subject.version, documents_sha256, case))


def _here(subject: Subject[CaseT], asked: Iterable[_Asked[CaseT]]) -> Iterator[Answer]:
    return (_answer(subject, one) for one in asked)


def _answer(subject: Subject[CaseT], asked: _Asked[CaseT]) -> Answer:
    """Ask one case. Whoever draws numbers draws the same ones for the same case, in whatever process and order."""
    random.seed(asked.key)
    began = time.perf_counter()
    try:
        said = subject.judge(asked.case)
    except Exception as error:
        raise SubjectFailed(subject.name, asked.case.case_id, f"{type(error).__name__}: {error}") from error
    ms = (time.perf_counter() - began) * 1_000
    if not isinstance(said, Prediction):  # pyright: ignore[reportUnnecessaryIsInstance] - a user's subject may not be typed
        raise SubjectFailed(subject.name, asked.case.case_id, f"it answered {type(said).__name__}, no Prediction")
    return Answer(
        key=asked.key,
        case_id=asked.case.case_id,
        subject=subject.name,
        version=subject.version,
        prediction=said,
        ms=round(ms, 3),
    )


def _in_processes(
    subject: Subject[CaseT], path: str, material: Material, asked: Sequence[_Asked[CaseT]], workers: int
) -> Iterator[Answer]:
    """Answers as they come; as many cases are handed out as the workers need to be busy."""
    waiting = iter(asked)
    with _interrupts() as stop, _pool(path, material, min(workers, len(asked))) as pool:
        pending: dict[Future[Answer], str] = {}
        case_id = asked[0].case.case_id
        try:
            while True:
                if stop():
                    raise KeyboardInterrupt
                for one in islice(waiting, workers * _AHEAD - len(pending)):
                    case_id = one.case.case_id
                    pending[pool.submit(_answer_in_worker, path, one)] = case_id
                if not pending:
                    return
                done, _ = wait(pending, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
                for future in done:
                    case_id = pending.pop(future)
                    yield future.result()
        except BrokenProcessPool as error:
            raise SubjectFailed(subject.name, case_id, "a worker process ended, at this case or one near it") from error


@contextmanager
def _pool(path: str, material: Material, workers: int) -> Generator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start_worker, initargs=(path, material))
    try:
        yield pool
    except KeyboardInterrupt:
        for worker in active_children():  # a case may take minutes
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts() -> Generator[Callable[[], bool]]:
    """Ctrl-C as a question: raised amid a lock's own work, it would leave the lock broken, and the pool stuck."""
    if current_thread() is not main_thread():
        yield lambda: False
        return
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: noted.append(number))
    try:
        yield lambda: bool(noted)
    finally:
        signal.signal(signal.SIGINT, before)


def _start_worker(path: str, material: Material) -> None:
    """Open the subject; Ctrl-C is for the process that hands out the cases."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _OPENED[path] = open_subject(path, material)


def _answer_in_worker(path: str, asked: _Asked[Any]) -> Answer:
    return _answer(_OPENED[path], asked)
