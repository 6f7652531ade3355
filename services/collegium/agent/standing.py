"""Which records of a partition have perhaps killed the process that worked on them.

Members of a group meet only in the group's offsets, and a commit may keep a line of text with an offset. So the line
says whether whoever had the partition has given it back. One who has not has died, been stopped or lost its place,
and every record that it may have been working on comes under suspicion:

1. after the first such end the suspects are worked on as any others;
2. after the second one by one, alone in their process, each announced in the line before it is begun;
3. one that was announced when its process ended as well is condemned: it is not worked on any more.

Nobody is condemned for its neighbours: only the third end counts against one record, and that one was alone.
"""

import re
import zlib
from dataclasses import dataclass, replace
from typing import Final, Self

RESERVED: Final = 128
"""How far beyond the records taken a commit says that more may be taken, so that taking one need not wait for a commit.
It is also how many records too many may come under suspicion."""

_CLEAN: Final = "clean"
_OPEN: Final = "open"
_HOLDER: Final = re.compile(r"[0-9a-f.]{1,32}", re.ASCII)
_FIELDS: Final = ("upto", "once", "twice", "trying", "condemned")


@dataclass(frozen=True, slots=True)
class Standing:
    """One partition's line. Offsets are 0 where they say nothing."""

    open: bool = False
    """True while a member has the partition."""
    by: str = ""
    """Which process that is. One that has it again has not ended, though it could not give it back."""
    upto: int = 0
    """That member has taken no record at or beyond this offset."""
    once: int = 0
    """Records below this offset were perhaps worked on when a process ended."""
    twice: int = 0
    """The same for two processes."""
    trying: int | None = None
    """The record that is worked on alone."""
    condemned: int | None = None
    """The record that was worked on alone when its process ended."""

    @classmethod
    def read(cls, line: str) -> Self:
        """What a line says; one that is not ours, or from before there were any, says nothing."""
        words = line.split()
        if not words or words[0] not in {_CLEAN, _OPEN}:
            return cls()
        found: dict[str, int] = {}
        by = ""
        for word in words[1:]:
            name, _, number = word.partition("=")
            if name in _FIELDS and number.isascii() and number.isdigit():
                found[name] = int(number)
            elif name == "by" and _HOLDER.fullmatch(number):
                by = number
        return cls(
            open=words[0] == _OPEN,
            by=by,
            upto=found.get("upto", 0),
            once=found.get("once", 0),
            twice=found.get("twice", 0),
            trying=found.get("trying"),
            condemned=found.get("condemned"),
        )

    def line(self, offset: int, *, seen: int | None) -> str:
        """The text for a commit of `offset`, without what lies behind it.

        Args:
            offset: The next offset.
            seen: The offset after the last record taken; None when the partition is given back.
        """
        words = [_CLEAN] if seen is None else [_OPEN, f"upto={seen + RESERVED}"]
        if seen is not None and self.by:
            words.append(f"by={self.by}")
        if self.once > offset:
            words.append(f"once={self.once}")
        if self.twice > offset:
            words.append(f"twice={self.twice}")
        if seen is not None and self.trying is not None and self.trying >= offset:
            words.append(f"trying={self.trying}")
        if self.condemned is not None and self.condemned >= offset:
            words.append(f"condemned={self.condemned}")
        return " ".join(words)

    def inherited(self, by: str, offset: int, end: int) -> "Standing":
        """What the next member has to go by.

        Args:
            by: Which process that is.
            offset: The committed offset: every record below it is finished.
            end: The partition's end.
        """
        kept = Standing(
            open=True,
            by=by,
            once=self.once if self.once > offset else 0,
            twice=self.twice if self.twice > offset else 0,
            condemned=self.condemned if self.condemned is not None and self.condemned >= offset else None,
        )
        if not self.open or (by and self.by == by) or kept.condemned is not None:
            return kept
        if self.trying is not None and self.trying >= offset:
            return replace(kept, condemned=self.trying)
        taken = min(self.upto, end)
        if taken <= offset:
            return kept
        return replace(kept, once=max(kept.once, taken), twice=max(kept.twice, min(kept.once, taken)))

    def pardoned(self) -> "Standing":
        """The same once the one that did it is known: its neighbours were suspects because of it."""
        return Standing(open=self.open, by=self.by, once=max(self.once, self.twice))

    def alone(self, offset: int) -> bool:
        """Whether the record at this offset, or one after it, must be worked on alone or not at all."""
        return offset < self.twice or (self.condemned is not None and offset <= self.condemned)


def holder(worker: str, started_at_ms: int) -> str:
    """A short name for one process: a container that is started again may have the same host name and process id."""
    return f"{zlib.crc32(worker.encode()):x}.{started_at_ms:x}"
