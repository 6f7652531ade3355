"""What can go wrong with a fault that was asked for.

FaultError
└── BadFault   correct COLLEGIUM_FAULT: the process does not start with a fault that would never happen
"""


class FaultError(Exception):
    """Root of everything that this package raises."""


class BadFault(FaultError):
    """A fault's specification cannot be carried out."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text!r} is no fault: {reason}; POINT:PASSING:ACTION is, such as owner.6.sent:3:kill")
        self.text = text
        self.reason = reason
