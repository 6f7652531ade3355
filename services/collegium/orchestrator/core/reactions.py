"""The failure taxonomy's default reactions, in one table, and the back-off formula."""

from enum import StrEnum
from typing import Final

from collegium_schemas.plan import RetryPolicy
from collegium_schemas.tasks import FailureKind


class Reaction(StrEnum):
    """What may follow a failed attempt. The first one that is possible is taken; when none is, the subtask fails."""

    RETRY = "retry"
    """The same task again, after a back-off, while attempts are left."""
    REPLAN = "replan"
    """Another round of the playbook's loop, while rounds are left."""
    FALL_BACK = "fall_back"
    """The deterministic strategy instead of the model."""
    ASK = "ask"
    """The run waits until a human has said what happened."""
    HALT = "halt"
    """The run ends as halted: a limit is met."""
    FAIL = "fail"
    """The subtask fails now: an optional one is done without, any other ends the run for a human to look at."""


REACTIONS: Final[dict[FailureKind, tuple[Reaction, ...]]] = {
    FailureKind.DEPENDENCY_UNAVAILABLE: (Reaction.RETRY,),
    FailureKind.TIMEOUT: (Reaction.RETRY,),
    FailureKind.RATE_LIMITED: (Reaction.RETRY,),
    FailureKind.WORKER_LOST: (Reaction.RETRY,),
    FailureKind.INTERNAL: (Reaction.RETRY,),
    FailureKind.TOOL_ERROR: (Reaction.RETRY, Reaction.REPLAN),
    FailureKind.INVALID_OUTPUT: (Reaction.REPLAN, Reaction.FALL_BACK),
    FailureKind.LOW_CONFIDENCE: (Reaction.REPLAN, Reaction.FALL_BACK),
    FailureKind.CONTRADICTION: (Reaction.REPLAN, Reaction.FALL_BACK),
    FailureKind.POLICY_DENIED: (Reaction.FAIL,),
    FailureKind.UNAUTHORISED: (Reaction.FAIL,),
    FailureKind.BUDGET_EXHAUSTED: (Reaction.HALT,),
    FailureKind.POISON: (Reaction.FAIL,),
    FailureKind.CANCELLED: (Reaction.FAIL,),
    FailureKind.OUTCOME_UNKNOWN: (Reaction.ASK,),
}


def backoff_ms(policy: RetryPolicy, failed_attempt: int, entropy: float) -> int:
    """How long to wait after the given attempt: exponential, capped, with equal jitter.

    Half of the delay is fixed and half is random, which spreads retries and still backs off. Source: M. Brooker,
    "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.

    Args:
        policy: The subtask's policy.
        failed_attempt: The attempt that failed, from 1.
        entropy: In [0, 1).
    """
    delay = min(policy.max_delay_ms, policy.base_delay_ms * 2 ** (failed_attempt - 1))
    return max(1, int(delay / 2 + delay / 2 * entropy))
