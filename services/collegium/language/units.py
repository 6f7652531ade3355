"""Units of measure: how they are written, and the canonical unit with the factor to it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's canonical name and how many of those one of it is.

    `other_factor` is the second common reading: `KB` is 1,024 bytes to most software and 1,000 to most disks.
    """

    name: str
    factor: Fraction
    other_factor: Fraction | None = None


_ONE: Final = Fraction(1)
_TIME: Final = {
    Fraction(1, 1_000_000): "ns nanosecond nanoseconds",
    Fraction(1, 1_000): "us µs microsecond microseconds",
    Fraction(1): "ms msec msecs millis millisecond milliseconds",
    Fraction(1_000): "s sec secs second seconds",
    Fraction(60_000): "min mins minute minutes",
    Fraction(3_600_000): "h hr hrs hour hours",
    Fraction(86_400_000): "d day days",
    Fraction(604_800_000): "week weeks",
}
_OTHER: Final = {
    "percent": "% percent pct percentage",
    "month": "month months",
    "year": "year years yr yrs",
    "m": "metre metres meter meters",
    "km": "km kilometre kilometres kilometer kilometers",
    "celsius": "°C",
    "fahrenheit": "°F",
    "usd": "$ USD dollar dollars",
    "eur": "€ EUR euro euros",
    "gbp": "£ GBP",
    "iops": "IOPS",
}
_PREFIXES: Final = ("kilo", "mega", "giga", "tera", "peta")


def _build() -> dict[str, Unit]:
    units = {spelt: Unit("ms", factor) for factor, words in _TIME.items() for spelt in words.split()}
    units |= {spelt: Unit(name, _ONE) for name, words in _OTHER.items() for spelt in words.split()}
    units |= {spelt: Unit("bytes", _ONE) for spelt in ("B", "byte", "bytes")}
    units |= {spelt: Unit("bits", _ONE) for spelt in ("bit", "bits")}
    for power, prefix in enumerate(_PREFIXES, 1):
        letter = prefix[0]
        binary, decimal = Fraction(1024**power), Fraction(1000**power)
        loose = Unit("bytes", binary, decimal)
        short = (f"{letter.upper()}B", f"{letter}B", f"{letter}b", f"{prefix}byte", f"{prefix}bytes")
        units |= dict.fromkeys(short, loose)
        exact = Unit("bytes", binary)
        start = prefix[:2]
        units |= dict.fromkeys((f"{letter.upper()}iB", f"{letter}ib", f"{start}bibyte", f"{start}bibytes"), exact)
        bits = Unit("bits", decimal)
        units |= dict.fromkeys((f"{letter.upper()}bit", f"{letter.upper()}bps", f"{prefix}bit", f"{prefix}bits"), bits)
        units[f"{letter.upper()}Hz" if letter != "k" else "kHz"] = Unit("hertz", decimal)
    units["Hz"] = Unit("hertz", _ONE)
    return units


_UNITS: Final = _build()
_FOLDED: Final = {spelt.lower(): unit for spelt, unit in _UNITS.items() if len(spelt) > 2}

SUFFIX_UNITS: Final = {
    "ns": "ns",
    "ms": "ms",
    "seconds": "seconds",
    "secs": "seconds",
    "minutes": "minutes",
    "hours": "hours",
    "bytes": "bytes",
    "mb": "MiB",
    "kb": "KiB",
    "percent": "percent",
}
"""The last part of a configuration name and the unit that its value then has, as in `max.block.ms`."""


def unit_of(word: str) -> Unit | None:
    """The unit that a word names; short forms are case-sensitive (`B` is bytes, `b` nothing)."""
    return _UNITS.get(word) or _FOLDED.get(word.lower())
