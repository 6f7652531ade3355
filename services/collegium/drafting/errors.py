"""What can be wrong with drafting's own files.

TemplateInvalid: edit or remove the file
"""

from pathlib import Path


class TemplateInvalid(Exception):
    """A template cannot be used.

    Attributes:
        path: its file, or the folder that was to hold some.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
