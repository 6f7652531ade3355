"""Objectives from options and files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collegium.cli.durations import age, parse_deadline, parse_ms, spoken
from collegium.cli.errors import NotFound, UsageFault
from collegium.cli.objectives import Wish, objective_of
from collegium_schemas import limits
from collegium_schemas.objective import ObjectiveSubmitted

NEW = "0199c5a0-0000-7000-8000-00000000000a"
OWN = "0199c5a0-0000-7000-8000-00000000000b"
NOW_MS = 1_800_000_000_000


def made(wish: Wish) -> ObjectiveSubmitted:
    """The objective of a wish."""
    return objective_of(wish, new_run_id=NEW, now_ms=NOW_MS)


def test_a_goal_alone_is_an_objective_with_defaults() -> None:
    """A run_id is chosen; corpus, playbook and budget are the contract's defaults."""
    objective = made(Wish(goal="  Why?  "))
    assert objective == ObjectiveSubmitted(goal="Why?", run_id=NEW)


def test_options_win_over_the_file(tmp_path: Path) -> None:
    """What is given on the command line replaces the file's; the rest of the file stays, its budget included."""
    file = tmp_path / "objective.json"
    file.write_text(
        f'{{"goal": "From file", "run_id": "{OWN}", "corpus": "docs", "budget": {{"tokens": 5, "steps": 9}},'
        ' "requester": "ann"}'
    )
    wish = Wish(goal="From options", file=file, budget_tokens=7, budget_usd=0.25, requester="bob")
    objective = made(wish)
    assert (objective.goal, objective.corpus, objective.run_id) == ("From options", "docs", OWN)
    assert objective.budget.tokens == 7
    assert objective.budget.steps == 9
    assert objective.budget.micro_usd == 250_000
    assert objective.requester == "ann"


def test_a_relative_deadline_counts_from_now() -> None:
    """`10m` is ten minutes after the given time."""
    objective = made(Wish(goal="Why?", deadline="10m"))
    assert objective.deadline == datetime.fromtimestamp(NOW_MS / 1000 + 600, UTC)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no valid objective"),
        (b"{", "no valid objective"),
        (b'{"goal": "x", "gaol": 1}', "gaol"),
        (b'{"corpus": "docs"}', "goal"),
        (b'{"goal": "\xff"}', "not UTF-8"),
        (b'{"goal": "' + b"x" * limits.MAX_MESSAGE_BYTES + b'"}', "bytes"),
        (b"[]", "no valid objective"),
    ],
)
def test_a_bad_file_is_a_usage_fault_that_names_the_fault(tmp_path: Path, content: bytes, says: str) -> None:
    """Empty, malformed, misspelt, incomplete, wrongly encoded and huge files are each told apart."""
    file = tmp_path / "objective.json"
    file.write_bytes(content)
    with pytest.raises(UsageFault, match=says) as caught:
        made(Wish(file=file))
    assert str(file) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(NotFound, match=r"gone\.json"):
        made(Wish(file=tmp_path / "gone.json"))


@pytest.mark.parametrize(
    ("text", "ms"), [("90s", 90_000), ("10m", 600_000), ("1h30m", 5_400_000), ("250ms", 250), ("1.5s", 1_500)]
)
def test_durations_are_read(text: str, ms: int) -> None:
    """Numbers with units, also several."""
    assert parse_ms(text) == ms


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "-5s", "5s x", "ten"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """The error shows how to write one."""
    with pytest.raises(ValueError, match="90s"):
        parse_ms(text)


@pytest.mark.parametrize(
    ("text", "says"), [("2031-01-01T00:00:00", "offset"), ("2001-01-01T00:00:00Z", "past"), ("soon", "write 10m")]
)
def test_a_bad_deadline_is_refused(text: str, says: str) -> None:
    """Without an offset, in the past, or no time at all."""
    with pytest.raises(ValueError, match=says):
        parse_deadline(text, NOW_MS)


def test_durations_are_spoken_as_people_do() -> None:
    """The unit fits the size."""
    assert [spoken(ms) for ms in (0, 85, 1_240, 125_000, 11_520_000)] == ["0ms", "85ms", "1.24s", "2m05s", "3h12m"]
    assert [age(ms) for ms in (8_000, 300_000, 3 * 3_600_000, 12 * 86_400_000)] == ["8s", "5m", "3h", "12d"]
