"""Words that cannot both hold of one thing at one place: `enabled` and `disabled`, `true` and `false`."""

from typing import Final

from collegium.language.tokens import stem

_PAIRS: Final = """
true false; enable disable; enabled disabled; increase decrease; increased reduced; start stop; begin end;
required optional; mandatory optional; supported unsupported; synchronous asynchronous; first last;
minimum maximum; min max; above below; ascending descending; allow deny; allow prevent; allow forbid; allowed forbidden;
accept reject; succeed fail; success failure; leader follower; add remove; added removed; old new; high low; higher
lower; upper lower; ordered unordered; on off; same different; earlier later; internal external; public private;
include exclude; primary secondary; available unavailable; safe unsafe; possible impossible; clean unclean; known
unknown; valid invalid; stable unstable; equal unequal; strong weak; strongest weakest; fast slow; faster slower; large
small; larger smaller; long short; longer shorter; local remote; automatic manual; automatically manually; active
inactive; open closed; lock unlock; compressed uncompressed; encrypted unencrypted; persistent transient; stateful
stateless; synchronously asynchronously; latest earliest; newest oldest; push pull; read write; input output; best
worst; often rarely; up down; inside outside; explicit implicit; explicitly implicitly; commit abort; most least; yes no
"""


def _build() -> frozenset[frozenset[str]]:
    pairs = (pair.split() for pair in _PAIRS.replace("\n", " ").split(";"))
    return frozenset(frozenset(stem(word) for word in pair) for pair in pairs)


_OPPOSED: Final = _build()


def opposed(one: str, other: str) -> bool:
    """Whether two stems are opposites."""
    return one != other and frozenset((one, other)) in _OPPOSED
