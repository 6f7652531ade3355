"""What a command can end with besides success, by what the user can do.

CliError
├── UsageFault         2   call it differently
├── NotFound           3   name something that exists
├── KafkaUnreachable   4   start Kafka, or point to another one
├── TopicsWrong        5   create or mend topics
├── TimedOut           6   wait longer, or look why nothing happens
├── Refused            7   the state of things does not allow it
└── RunNotCompleted    1   read the run's reason
"""

from collections.abc import Sequence
from typing import ClassVar, Final, TypeVar, cast

from collegium.cli.exits import Exit

E = TypeVar("E", bound=Exception)

_MOST_PROBLEMS: Final = 2


class CliError(Exception):
    """Root of all; a subclass decides the exit code. The message is one line that says what to do."""

    exit: ClassVar[Exit] = Exit.FAILED
    kind: ClassVar[str] = "failed"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = " ".join(message.split())


class UsageFault(CliError):
    """An argument, option or setting cannot be used."""

    exit = Exit.USAGE
    kind = "usage"


class NotFound(CliError):
    """What was named does not exist."""

    exit = Exit.NOT_FOUND
    kind = "not_found"


class KafkaUnreachable(CliError):
    """No broker is known, or none answers."""

    exit = Exit.KAFKA_UNREACHABLE
    kind = "kafka_unreachable"


class TopicsWrong(CliError):
    """Topics are missing or have wrong partition counts."""

    exit = Exit.TOPICS_WRONG
    kind = "topics_wrong"


class TimedOut(CliError):
    """What was waited for did not happen within the bound."""

    exit = Exit.TIMED_OUT
    kind = "timed_out"


class Refused(CliError):
    """The state of the run or system does not allow it."""

    exit = Exit.REFUSED
    kind = "refused"


class RunNotCompleted(CliError):
    """The run ended, but not as completed."""

    exit = Exit.FAILED
    kind = "run_not_completed"


def topic_problems(problems: Sequence[str]) -> str:
    """Problems with topics in one line that stays readable when everything is missing."""
    shown = "; ".join(problems[:_MOST_PROBLEMS])
    more = len(problems) - _MOST_PROBLEMS
    return f"{shown}; and {more} more problems (`collegium topics check --json` lists them)" if more > 0 else shown


def first_of(group: ExceptionGroup[E]) -> E:
    """The first error in nested groups of them."""
    first = group.exceptions[0]
    if isinstance(first, ExceptionGroup):
        return first_of(cast("ExceptionGroup[E]", first))
    return first
