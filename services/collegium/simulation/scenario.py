"""What a seed means: the size of the world, its work, and everything that goes wrong in it. Pure."""

from dataclasses import dataclass, replace
from random import Random
from typing import Final
from uuid import UUID

from collegium.orchestrator.core.sizes import MAX_DISPATCHED_BYTES
from collegium.simulation.playbooks import GOALS
from collegium.simulation.specialists import Temper
from collegium_schemas.limits import MAX_MESSAGE_BYTES
from collegium_schemas.objective import Action

_MOST_FAULTS: Final = 24

_LEAST_RECORD_BYTES: Final = 1_700
"""Room for the largest event, task and part of state of the worlds' playbooks."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    number: int
    """Its place in the seed's list; names it when a failure is replayed with fewer."""
    at_s: float
    kind: str
    """A key of `collegium.simulation.faults.KINDS`."""
    draws: tuple[float, float, float]
    """Numbers in [0, 1) from which the kind chooses whom, how long and how much."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One objective, and what its user does about it."""

    number: int
    """Its place in the seed's list."""
    at_s: float
    run_id: str
    named: bool
    """False sends it without run_id and key, so that one is derived."""
    keyed: bool
    """True sends it to its home; False to any partition."""
    goal: str
    playbook: str
    again_after_s: float | None
    """When the same objective is sent once more."""
    words: tuple[tuple[float, Action], ...]
    """Interventions, by seconds after the objective."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the world is, and where its bounds lie."""

    partitions: int = 2
    orchestrators: int = 2
    agents: int = 1
    """Processes of each role."""
    batch_records: int = 500
    inbox_records: int = 4_000
    decoded_runs: int = 2_000
    ended_runs: int = 20_000
    archive_after_ms: int = 3_600_000
    record_bytes: int = MAX_MESSAGE_BYTES
    written_bytes: int = 16_777_216
    dispatched_bytes: int = MAX_DISPATCHED_BYTES
    concurrency: int = 4
    deduplicates: bool = True
    """Whether the outside takes an effect's key into account."""
    tells: bool = True
    """Whether the outside can say what happened."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world before it begins."""

    seed: int
    sizes: Sizes
    temper: Temper
    in_order: bool
    """True leaves callbacks in asyncio's order; False lets the seed choose."""
    submissions: tuple[Submission, ...]
    faults: tuple[Fault, ...]
    calm_at_s: float
    """Faults stop, and what is broken is mended."""

    def with_faults(self, numbers: frozenset[int]) -> "Scenario":
        """The same world, in which only these of its faults happen."""
        return replace(self, faults=tuple(fault for fault in self.faults if fault.number in numbers))

    def with_submissions(self, numbers: frozenset[int]) -> "Scenario":
        """The same world, in which only these of its objectives are sent."""
        return replace(self, submissions=tuple(each for each in self.submissions if each.number in numbers))


def scenario(seed: int, kinds: dict[str, float]) -> Scenario:
    """The world of a seed.

    Args:
        seed: Any number.
        kinds: Fault kinds and how often each happens, relative to each other.
    """
    random = Random(f"scenario/{seed}")  # noqa: S311 - a seed must give the same world again
    calm_at_s = random.uniform(2.0, 6.0)
    faults = _faults(random, kinds, calm_at_s)
    return Scenario(
        seed=seed,
        sizes=_written(seed, _sizes(random)),
        temper=_temper(random),
        in_order=random.random() < 0.25,
        submissions=_submissions(random, calm_at_s),
        faults=faults,
        calm_at_s=calm_at_s,
    )


def _faults(random: Random, kinds: dict[str, float], calm_at_s: float) -> tuple[Fault, ...]:
    """Each seed has its own choice of kinds, so that rare combinations come up (swarm testing, Groce et al. 2012)."""
    if random.random() < 0.05:
        return ()
    names = sorted(kinds)
    chosen = [name for name in names if random.random() < random.choice((0.15, 0.5, 0.9))] or names
    weights = [kinds[name] for name in chosen]
    count = random.randint(1, _MOST_FAULTS)
    drawn = sorted(
        (random.uniform(0.05, calm_at_s), kind, (random.random(), random.random(), random.random()))
        for kind in random.choices(chosen, weights, k=count)
    )
    return tuple(Fault(number, at_s, kind, draws) for number, (at_s, kind, draws) in enumerate(drawn))


def _sizes(random: Random) -> Sizes:
    return Sizes(
        partitions=random.choice((1, 2, 2, 3)),
        orchestrators=random.choice((1, 2, 2, 3)),
        agents=random.choice((1, 1, 2)),
        batch_records=random.choice((1, 4, 500, 500)),
        inbox_records=random.choice((3, 10, 4_000, 4_000)),
        decoded_runs=random.choice((1, 2_000, 2_000)),
        ended_runs=random.choice((2, 20_000, 20_000)),
        archive_after_ms=random.choice((1_000, 3_600_000, 3_600_000)),
        concurrency=random.choice((1, 4, 8)),
        deduplicates=random.random() < 0.5,
        tells=random.random() < 0.6,
    )


def _written(seed: int, sizes: Sizes) -> Sizes:
    """In a share of the worlds decisions become several, inputs are left over, and what is ready is sent by turns.

    Drawn apart, so that the other worlds stay what they were.
    """
    random = Random(f"written/{seed}")  # noqa: S311 - a seed must give the same world again
    return replace(
        sizes,
        record_bytes=random.choice((_LEAST_RECORD_BYTES, 3_000, *(MAX_MESSAGE_BYTES,) * 4)),
        written_bytes=random.choice((2_500, 10_000, *(16_777_216,) * 3)),
        dispatched_bytes=random.choice((1, 4_000, *(MAX_DISPATCHED_BYTES,) * 4)),
    )


def _temper(random: Random) -> Temper:
    if random.random() < 0.1:
        return Temper(fails=0.0, unsure=0.0, hangs=0.0, slow=0.0, rejects=0.0)
    return Temper(
        fails=random.choice((0.0, 0.05, 0.15)),
        unsure=random.choice((0.0, 0.05)),
        hangs=random.choice((0.0, 0.0, 0.02)),
        slow=random.choice((0.0, 0.1, 0.3)),
        rejects=random.choice((0.0, 0.2)),
    )


def _submissions(random: Random, calm_at_s: float) -> tuple[Submission, ...]:
    count = random.randint(8, 24)
    return tuple(_submission(number, random, random.uniform(0.0, calm_at_s * 0.9)) for number in range(count))


def _submission(number: int, random: Random, at_s: float) -> Submission:
    named = random.random() < 0.9
    words: list[tuple[float, Action]] = []
    draw = random.random()
    if draw < 0.05:
        words.append((random.uniform(0, 0.3), Action.CANCEL))
    elif draw < 0.12:
        words.append((random.uniform(0, 0.2), Action.PAUSE))
        if random.random() < 0.8:
            words.append((random.uniform(0.2, 1.5), Action.RESUME))
    return Submission(
        number=number,
        at_s=at_s,
        run_id=str(UUID(int=random.getrandbits(128), version=4)),
        named=named,
        keyed=random.random() < 0.8,
        goal=random.choice(GOALS),
        playbook=random.choices(("report", "short", "saga", "unknown"), (0.42, 0.4, 0.16, 0.02))[0],
        again_after_s=random.uniform(0.0, 0.5) if named and random.random() < 0.1 else None,
        words=tuple(words),
    )
