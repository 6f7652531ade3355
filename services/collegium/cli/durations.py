"""Durations and points in time as people write and read them."""

import re
from datetime import UTC, datetime
from typing import Final

import click

_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SECOND_MS: Final = 1_000
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000


def parse_ms(text: str) -> int:
    """Milliseconds of a duration such as `90s`, `10m` or `1h30m`.

    Raises:
        ValueError: it is none.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration: write it like 90s, 10m or 1h30m")
    return int(sum(float(number) * _UNIT_MS[unit] for number, unit in parts))


def parse_deadline(text: str, now_ms: int) -> datetime:
    """The point in time that `10m` (from now) or an RFC 3339 time means.

    Raises:
        ValueError: it is neither, has no offset, or is not after `now_ms`.
    """
    try:
        moment_ms = now_ms + parse_ms(text)
        return datetime.fromtimestamp(moment_ms / 1000, UTC)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no deadline: write 10m, or a time such as 2030-01-31T18:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC: write {text}Z or {text}+01:00")
    if moment.timestamp() * 1000 <= now_ms:
        raise ValueError(f"the deadline {text} is in the past")
    return moment


def spoken(elapsed_ms: int) -> str:
    """A duration for people: `85ms`, `1.24s`, `2m05s`, `3h12m`."""
    if elapsed_ms < _SECOND_MS:
        return f"{elapsed_ms}ms"
    if elapsed_ms < _MINUTE_MS:
        return f"{elapsed_ms / 1000:.2f}s"
    if elapsed_ms < _HOUR_MS:
        return f"{elapsed_ms // _MINUTE_MS}m{elapsed_ms % _MINUTE_MS // 1000:02d}s"
    return f"{elapsed_ms // _HOUR_MS}h{elapsed_ms % _HOUR_MS // _MINUTE_MS:02d}m"


def age(elapsed_ms: int) -> str:
    """How long ago, roughly: `8s`, `5m`, `3h`, `12d`."""
    for unit, unit_ms in (("d", _DAY_MS), ("h", _HOUR_MS), ("m", _MINUTE_MS)):
        if elapsed_ms >= unit_ms:
            return f"{elapsed_ms // unit_ms}{unit}"
    return f"{max(0, elapsed_ms) // 1000}s"


def clock(at_ms: int) -> str:
    """A point in time in local time, such as `2026-01-31 18:00:05`."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


class Duration(click.ParamType):
    """An option's duration, in milliseconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds, or a usage error."""
        if isinstance(value, int):
            return value
        try:
            return parse_ms(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
