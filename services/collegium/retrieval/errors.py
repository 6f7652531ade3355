"""What can go wrong in retrieval, by what the caller can do about it.

RetrievalError
├── CorpusError            give up, or ask a human: the message says what to run
│   ├── CorpusMissing      no such corpus: add documents first
│   ├── CorpusDamaged      files of the corpus are missing or unreadable: add the documents again
│   ├── CorpusBusy         another process writes to it: try again later
│   └── InvalidCorpusName  the name cannot be a directory
├── DocumentError          one file cannot be read: report it and go on with the others
└── VectorsUnavailable     the optional extra is not installed or its files are wrong: search without vectors
"""

from pathlib import Path


class RetrievalError(Exception):
    """Root of everything that retrieval raises."""


class CorpusError(RetrievalError):
    """A corpus as a whole cannot be used.

    Attributes:
        corpus: its name.
    """

    def __init__(self, corpus: str, message: str) -> None:
        self.corpus = corpus
        super().__init__(message)


class CorpusMissing(CorpusError):
    """There is no corpus of this name.

    Attributes:
        known: the names that exist, in order.
    """

    def __init__(self, corpus: str, known: tuple[str, ...]) -> None:
        self.known = known
        have = f"existing: {', '.join(known)}" if known else "none exists yet"
        super().__init__(
            corpus,
            f"corpus {corpus!r} does not exist ({have}); add documents to it with "
            f"`collegium corpus add --corpus {corpus} PATH...`",
        )


class CorpusDamaged(CorpusError):
    """Files of a corpus are gone or unreadable.

    Attributes:
        path: the file.
    """

    def __init__(self, corpus: str, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            corpus,
            f"corpus {corpus!r} is damaged at {path} ({reason}); add its documents again with "
            f"`collegium corpus add --corpus {corpus} PATH...`",
        )


class CorpusBusy(CorpusError):
    """Another process has been writing to the corpus for longer than we wait."""

    def __init__(self, corpus: str, waited_s: float) -> None:
        self.waited_s = waited_s
        super().__init__(
            corpus,
            f"corpus {corpus!r} is being written by another process (waited {waited_s:g} s); try again when it is done",
        )


class InvalidCorpusName(CorpusError):
    """The name cannot name a corpus."""

    def __init__(self, corpus: str) -> None:
        super().__init__(
            corpus,
            f"{corpus!r} is no corpus name: use 1 to 64 letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit",
        )


class DocumentError(RetrievalError):
    """One file cannot become a document.

    Attributes:
        reason: what is wrong with it, in a few words.
        advice: what its owner can do.
    """

    def __init__(self, reason: str, advice: str) -> None:
        self.reason = reason
        self.advice = advice
        super().__init__(f"{reason}; {advice}")


class VectorsUnavailable(RetrievalError):
    """Sentence vectors cannot be computed on this machine; search works without them."""
