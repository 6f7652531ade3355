"""A run's subtasks as an immutable map whose changes cost the same in a plan of 5 and in one of 5,000.

The subtasks lie in the plan's order in blocks; a change copies the blocks that it touches and shares all others, so
what differs between two versions of a run is found by comparing blocks by identity. Only another plan copies them all.
Source: Bagwell, "Ideal Hash Trees" (2001), for the idea; two levels are enough for `MAX_PLAN_SUBTASKS`.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Final, Self

from collegium_schemas.state import SubtaskPart

_BLOCK: Final = 64
"""Near the square root of `MAX_PLAN_SUBTASKS`, which makes block and list of blocks equally cheap to copy."""

_Block = tuple[SubtaskPart, ...]


class Subtasks(Mapping[str, SubtaskPart]):
    """Subtask id -> its state, in the plan's order. Immutable; equal to any mapping with the same items.

    Args:
        places: Each subtask's place in the plan's order.
        blocks: The subtasks in that order, `_BLOCK` in each block but the last.
    """

    __slots__ = ("blocks", "places")

    def __init__(self, places: Mapping[str, int], blocks: tuple[_Block, ...]) -> None:
        self.places: Final = places
        self.blocks: Final = blocks

    @classmethod
    def of(cls, parts: Mapping[str, SubtaskPart]) -> Self:
        """These subtasks, in this order, each under its own id."""
        every = tuple(parts.values())
        blocks = tuple(every[at : at + _BLOCK] for at in range(0, len(every), _BLOCK))
        return cls({subtask_id: place for place, subtask_id in enumerate(parts)}, blocks)

    def __getitem__(self, subtask_id: str) -> SubtaskPart:
        place = self.places[subtask_id]
        return self.blocks[place // _BLOCK][place % _BLOCK]

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def __contains__(self, subtask_id: object) -> bool:
        return subtask_id in self.places

    def replaced(self, changed: Mapping[str, SubtaskPart]) -> "Subtasks":
        """With other states of some of its subtasks.

        Raises:
            KeyError: one of them is not among the subtasks.
        """
        if not changed:
            return self
        touched: dict[int, list[SubtaskPart]] = {}
        for subtask_id, part in changed.items():
            number, place = divmod(self.places[subtask_id], _BLOCK)
            block = touched.get(number)
            if block is None:
                block = touched[number] = list(self.blocks[number])
            block[place] = part
        blocks = list(self.blocks)
        for number, block in touched.items():
            blocks[number] = tuple(block)
        return Subtasks(self.places, tuple(blocks))

    def changed_from(self, before: "Subtasks") -> Iterator[tuple[str, SubtaskPart | None]]:
        """What differs from an earlier version: each subtask with its state now, None where it is gone."""
        if self.places is not before.places:
            yield from _differing(before, self)
            return
        for mine, other in zip(self.blocks, before.blocks, strict=True):
            if mine is not other:
                for part, old in zip(mine, other, strict=True):
                    if part is not old:
                        yield part.spec.subtask_id, part


class SubtasksDraft(MutableMapping[str, SubtaskPart]):
    """Subtasks under change. Other states are kept beside the originals; adding or removing one copies all."""

    __slots__ = ("_base", "_changed", "_whole")

    def __init__(self, base: Subtasks) -> None:
        self._base = base
        self._changed: dict[str, SubtaskPart] = {}
        self._whole: dict[str, SubtaskPart] | None = None

    def __getitem__(self, subtask_id: str) -> SubtaskPart:
        if self._whole is not None:
            return self._whole[subtask_id]
        changed = self._changed.get(subtask_id)
        return self._base[subtask_id] if changed is None else changed

    def __setitem__(self, subtask_id: str, part: SubtaskPart) -> None:
        if self._whole is None and subtask_id in self._base:
            self._changed[subtask_id] = part
        else:
            self._opened()[subtask_id] = part

    def __delitem__(self, subtask_id: str) -> None:
        del self._opened()[subtask_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._base if self._whole is None else self._whole)

    def __len__(self) -> int:
        return len(self._base if self._whole is None else self._whole)

    def frozen(self) -> Subtasks:
        """The subtasks as they are now; later changes of the draft do not reach them."""
        self._base = self._base.replaced(self._changed) if self._whole is None else Subtasks.of(self._whole)
        self._changed, self._whole = {}, None
        return self._base

    def _opened(self) -> dict[str, SubtaskPart]:
        if self._whole is None:
            self._whole = {**self._base, **self._changed}
        return self._whole


NONE: Final = Subtasks.of({})
"""No subtasks: of a run that was rejected, has no plan yet, or has ended."""


def _differing(before: Subtasks, after: Subtasks) -> Iterator[tuple[str, SubtaskPart | None]]:
    for subtask_id, part in after.items():
        if before.get(subtask_id) is not part:
            yield subtask_id, part
    for subtask_id in before:
        if subtask_id not in after:
            yield subtask_id, None
