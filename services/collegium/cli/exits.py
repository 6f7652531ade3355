"""Exit codes of every command, in one table."""

from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """What a command's exit code means."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    KAFKA_UNREACHABLE = 4
    TOPICS_WRONG = 5
    TIMED_OUT = 6
    REFUSED = 7
    INTERRUPTED = 130


MEANINGS: Final[dict[Exit, str]] = {
    Exit.OK: "done; for a watched run: it completed",
    Exit.FAILED: "the run did not complete, or the command failed",
    Exit.USAGE: "wrong arguments or settings",
    Exit.NOT_FOUND: "the run, corpus, file or playbook does not exist",
    Exit.KAFKA_UNREACHABLE: "no Kafka broker is known or answers",
    Exit.TOPICS_WRONG: "topics are missing or have wrong partition counts",
    Exit.TIMED_OUT: "what was waited for did not happen in time",
    Exit.REFUSED: "the run's state does not allow it",
    Exit.INTERRUPTED: "interrupted by Ctrl-C",
}


def table() -> str:
    """The exit codes as lines for `--help`."""
    return "\n".join(f"  {code:>3}  {MEANINGS[code]}" for code in Exit)
