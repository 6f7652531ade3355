"""How far a run is in its budget, and the learning rate that belongs to it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use: minutes of training, or pairs; whichever ends first when both are given.

    Time counts only while it trains, over all its processes: a killed run does not lose what it had left.
    """

    minutes: float | None
    pairs: int | None

    def __post_init__(self) -> None:
        if self.minutes is None and self.pairs is None:
            raise ValueError("a budget needs minutes or pairs")

    def used(self, seconds: float, pairs: int) -> float:
        """The share that is used up, at least 0 and at most 1."""
        shares = [0.0]
        if self.minutes is not None:
            shares.append(seconds / (60 * self.minutes))
        if self.pairs is not None:
            shares.append(pairs / self.pairs)
        return min(1.0, max(shares))


def rate(used: float, peak: float, warm: float = 0.06) -> float:
    """Linear up to `peak` while the first `warm` of the budget lasts, then linear down to nothing."""
    return peak * (used / warm if used < warm else (1.0 - used) / (1.0 - warm))
