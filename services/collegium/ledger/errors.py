"""What can go wrong with the ledger, by what its operator can do.

LedgerError
└── StreamFailed   restart the process: it restores its views from Kafka and reads on where they end
"""


class LedgerError(Exception):
    """Root of what the ledger raises."""


class StreamFailed(LedgerError):
    """The stream of events could not start or has broken."""
