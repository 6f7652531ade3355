"""Errors of the entailment model.

EntailmentError
├── EntailmentUnavailable   it is not installed: go on with rules alone, or install it
└── EntailmentUnusable      its files are there and cannot be used: install a version that fits
"""


class EntailmentError(Exception):
    """The model cannot be asked."""


class EntailmentUnavailable(EntailmentError):
    """A package that it needs is not installed.

    Attributes:
        package: The missing one.
    """

    def __init__(self, package: str) -> None:
        self.package = package
        super().__init__(
            f"{package} is not installed; install `collegium[entailment]` and the package in models/entailment"
        )


class EntailmentUnusable(EntailmentError):
    """The package's files are not what this version reads.

    Attributes:
        path: The file.
        fault: What is wrong with it.
    """

    def __init__(self, path: str, fault: str) -> None:
        self.path = path
        self.fault = fault
        super().__init__(f"{path}: {fault}")
