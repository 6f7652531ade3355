"""What the tombstone of an archived run's effect says, and what is made of one that says something else."""

import pytest

from collegium_schemas.effects import archived_run, farewell_headers


def test_the_run_is_named_by_its_acceptance() -> None:
    """Among whatever other headers there are."""
    assert archived_run((("other", b"1"), *farewell_headers(1_760_000_000_000))) == 1_760_000_000_000


@pytest.mark.parametrize("value", [b"", b"-1", b"1.5", b"soon", b"9" * 16, "٣".encode()])
def test_what_is_no_time_counts_as_not_said(value: bytes) -> None:
    """A foreign writer's header must not stop whoever reads the topic."""
    [(name, _)] = farewell_headers(1)
    assert archived_run(((name, value),)) is None


def test_a_tombstone_without_headers_says_nothing() -> None:
    """As a foreign writer's."""
    assert archived_run(()) is None
