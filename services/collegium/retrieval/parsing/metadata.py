"""Versions and dates as documents, paths and questions write them."""

import re
from datetime import UTC, date, datetime
from pathlib import PurePosixPath

_VERSION = re.compile(r"(?<![\w.])v?(\d{1,4}(?:\.\d{1,4}){1,3})(?:\.[xX])?(?![\w]|\.\d)")
_IN_NAME = re.compile(r"(?:^|[^\w.]|[a-zA-Z_-])v?(\d{1,4}(?:\.\d{1,4}){1,3})(?:\.[xX])?(?=$|[^\w.]|[_-]|\.\D)")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})(?:-(\d{2}))?")


def versions_in(text: str) -> tuple[str, ...]:
    """The versions that a text names, such as `3.9` or `2.8.1`, in order and without repeats."""
    return tuple(dict.fromkeys(match.group(1) for match in _VERSION.finditer(text)))


def version_of_path(path: PurePosixPath) -> str | None:
    """The version that a path tells, the innermost directory or file name that has one deciding."""
    for part in reversed(path.parts):
        found = _IN_NAME.findall(part)
        if found:
            return found[-1]
    return None


def iso_date(value: object) -> str | None:
    """A date as ISO 8601 text from what a file's metadata holds, or None when it is no date."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    found = _ISO_DATE.search(str(value)) if value is not None else None
    if not found:
        return None
    year, month, day = found.groups()
    try:
        date(int(year), int(month), int(day or 1))
    except ValueError:
        return None
    return f"{year}-{month}-{day}" if day else f"{year}-{month}"
