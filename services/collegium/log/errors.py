"""What can go wrong with the log, by what the caller can do.

LogError
├── LogMisconfigured   an operator has to change settings
├── LogUnavailable     wait and try again: the broker cannot be reached
├── OutcomeUnknown     drop the producer and everything assumed, restore from the log
│   └── Fenced         the same, and know that another process owns the work now
├── RecordTooLarge     send less
├── TransactionHangs   an operator has to end a transaction whose end the broker has lost
├── OffsetLost         the offset asked for no longer exists; the content is gone
└── TopicMismatch      an operator has to create or mend topics
"""


class LogError(Exception):
    """Root of everything that a Log adapter raises."""


class LogMisconfigured(LogError):
    """A setting or a file that it names cannot be used."""


class LogUnavailable(LogError):
    """The log cannot be reached within the bound; nothing is known to have been lost."""


class OutcomeUnknown(LogError):
    """A transaction may or may not have been committed. Never retry in place: restore and compare."""


class Fenced(OutcomeUnknown):
    """Another producer has started with the same transactional id; this one must stop."""


class RecordTooLarge(LogError):
    """A record is over the topic's size limit; nothing of it was written."""


class TransactionHangs(LogError):
    """Records wait for the end of their transaction, which the broker does not have under way any more."""

    def __init__(self, topic: str, partition: int) -> None:
        super().__init__(
            f"{topic}-{partition} holds a transaction that nobody will end: see 'hanging transactions' in "
            "docs/operations.md; until it is ended this partition is not served, and nothing is lost"
        )
        self.topic = topic
        self.partition = partition


class OffsetLost(LogError):
    """No record can be read at an offset: it was compacted, expired or aborted, or never existed."""

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        super().__init__(f"{topic}-{partition} has no readable record at offset {offset}")
        self.topic = topic
        self.partition = partition
        self.offset = offset


class TopicMismatch(LogError):
    """Topics are missing or do not have the partitions they must have."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
