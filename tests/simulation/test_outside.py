"""What the simulated world outside remembers."""

import pytest

from collegium.agent.effects import EffectCall, Found
from collegium.simulation.errors import Violation
from collegium.simulation.outside import Outside


def call(run_id: str) -> EffectCall:
    """An effect of a run, as a simulated specialist asks for it."""
    key = f"{run_id}/book/outside"
    return EffectCall(key, key.encode())


def test_an_effect_that_happens_twice_is_a_violation() -> None:
    """The target itself would not notice."""
    outside = Outside(deduplicates=False, tells=True)
    outside.happens(call("a"))
    with pytest.raises(Violation, match="executed twice"):
        outside.happens(call("a"))


def test_a_run_with_the_name_of_an_archived_one_has_effects_of_its_own() -> None:
    """Nobody remembers the first any more; that of other runs is not forgotten with it."""
    outside = Outside(deduplicates=False, tells=True)
    outside.happens(call("a"))
    outside.happens(call("ab"))
    outside.begins_again("a")
    assert outside.knows(call("a").key).found is Found.ABSENT
    outside.happens(call("a"))
    with pytest.raises(Violation, match="ab/book/outside was executed twice"):
        outside.happens(call("ab"))
