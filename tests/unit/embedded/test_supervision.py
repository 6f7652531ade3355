"""How often crashed processes are started again."""

import pytest

from collegium.embedded.supervision import CrashHistory, RestartPolicy

POLICY = RestartPolicy(first_pause_s=1, longest_pause_s=5, max_crashes=4, window_s=60)


def test_pauses_double_up_to_a_bound() -> None:
    """Quick at first, never long."""
    assert [POLICY.pause_s(crashes) for crashes in range(1, 6)] == [1, 2, 4, 5, 5]


def test_too_many_crashes_within_the_window_are_a_crash_loop() -> None:
    """Four are borne, the fifth is not."""
    history = CrashHistory(POLICY)
    assert [history.add(now_s) for now_s in (0, 1, 2, 3)] == [1, 2, 4, 5]
    assert history.add(4) is None


@pytest.mark.parametrize("crashes", [10, 100])
def test_rare_crashes_are_borne_for_ever(crashes: int) -> None:
    """What lies outside the window is forgiven."""
    history = CrashHistory(POLICY)
    assert [history.add(100.0 * number) for number in range(crashes)] == [1] * crashes
