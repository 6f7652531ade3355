"""What can go wrong in delivery, by what the caller can do.

DeliveryError
├── UnreviewedDraft      nothing to deliver: the review is not of this draft
├── AlreadyDelivered     an operator decides: the run's report exists with other content
├── FilesystemTrouble    mend the data directory (space, permissions), then try again
├── HostDenied           an operator decides: the webhook's host is not allowed, or leads to a forbidden address
└── NoClearAnswer        ask the webhook by key: it may have done what it was asked for, or not
"""


class DeliveryError(Exception):
    """Root of everything that delivery raises."""


class UnreviewedDraft(DeliveryError):
    """There is no draft whose content the review names."""


class AlreadyDelivered(DeliveryError):
    """The report's place holds something else; nothing was written."""

    def __init__(self, path: str, effect_key: str, reason: str) -> None:
        super().__init__(f"{path} is already delivered and {reason}; nothing was changed")
        self.path = path
        self.effect_key = effect_key


class FilesystemTrouble(DeliveryError):
    """The report could not be written; nothing of it is visible."""

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"cannot write the report to {path}: {error.strerror or error}")
        self.path = path
        self.error = error


class HostDenied(DeliveryError):
    """A webhook may not be called there."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"webhook host {host}: {reason}")
        self.host = host


class NoClearAnswer(DeliveryError):
    """A webhook answered with a status that does not say whether it did it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the webhook answered {status}, which does not say whether it did it")
        self.status = status
