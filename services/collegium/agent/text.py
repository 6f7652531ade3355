"""Lines for people: what failures and notes look like in messages."""

from typing import Final

from pydantic import ValidationError

from collegium_schemas import envelope, limits

_ELLIPSIS: Final = "…"


def one_line(text: str, limit_chars: int = limits.MAX_TEXT_CHARS) -> str:
    """White space runs become single spaces; what UTF-8 cannot hold is replaced; the rest past the limit is cut."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return line if len(line) <= limit_chars else line[: limit_chars - 1] + _ELLIPSIS


def explain(error: BaseException) -> str:
    """An exception in one line: its class and message; of a validation error the faults, never the values."""
    if isinstance(error, ValidationError):
        return envelope.explain(error)
    message = one_line(str(error), 500)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
