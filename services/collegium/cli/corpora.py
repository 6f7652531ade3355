"""Corpora from the command line."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from collegium.cli.errors import CliError, NotFound, Refused, UsageFault
from collegium.cli.session import Session
from collegium.retrieval.corpus import AddReport, Corpus
from collegium.retrieval.documents import FileReport, FileStatus
from collegium.retrieval.errors import CorpusBusy, CorpusError, CorpusMissing, InvalidCorpusName


@contextmanager
def corpus_faults() -> Generator[None]:
    """Turn a corpus's errors into the command line's."""
    try:
        yield
    except CorpusError as error:
        raise _fault(error) from error


def _fault(error: CorpusError) -> CliError:
    match error:
        case CorpusMissing():
            return NotFound(str(error))
        case InvalidCorpusName():
            return UsageFault(str(error))
        case CorpusBusy():
            return Refused(str(error))
        case _:
            return CliError(str(error))


def add_documents(session: Session, name: str, paths: Iterable[Path]) -> AddReport:
    """Add files and directories to a corpus, and tell about each file that is new or cannot be read.

    Raises:
        NotFound: a path does not exist.
        UsageFault: the corpus's name cannot be one.
    """
    given = tuple(paths)
    for path in given:
        if not path.exists():
            raise NotFound(f"there is no file or directory {path}")

    def tell(file: FileReport) -> None:
        if file.status is FileStatus.SKIPPED:
            session.out.aside(f"skipped {file.path}: {file.reason}; {file.advice}")
        elif file.status is not FileStatus.UNCHANGED:
            session.out.detail(f"{file.status.value} {file.path}" + "".join(f" ({note})" for note in file.notes))

    with corpus_faults():
        return Corpus(session.settings.data_dir, name).add(given, tell)
