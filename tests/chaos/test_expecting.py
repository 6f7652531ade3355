"""A trial must end as its cell expects: each kind of surprise is told."""

from dataclasses import replace

import pytest
import pytest_asyncio

from chaos.checker.canonical import members, parse, text, word
from chaos.checker.judging import Submissions, Verdict, judge
from chaos.checker.topics import Entry, Topics
from chaos.expecting import surprises
from chaos.honest import RUNS, honest_topics
from chaos.matrix import Expectation

PREFIX = "trial."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def honest(tmp_path_factory: pytest.TempPathFactory) -> Topics:
    """Topics in which every run has completed."""
    return await honest_topics(tmp_path_factory.mktemp("worker"))


def verdict(topics: Topics) -> Verdict:
    """The judge's."""
    return judge(topics, Submissions(RUNS))


def told(topics: Topics, expects: Expectation, submitted: tuple[str, ...] = RUNS) -> list[str]:
    """What is surprising."""
    return list(surprises(expects, verdict(topics), submitted, PREFIX))


def failed(topics: Topics, kind: str) -> Topics:
    """The first run has failed for this kind of failure instead of completing."""
    entries = list(topics["run-events"])
    for place, entry in enumerate(entries):
        body = parse(entry.value)
        for event in members(body, "events"):
            if entry.key == RUNS[0] and word(event, "type") == "run_ended":
                event["status"] = "failed"
                body["events"] = [{"type": "subtask_failed", "failure": {"kind": kind}}, event]
                entries[place] = replace(entry, value=text(body))
    return replace(topics, entries={**topics.entries, "run-events": entries})


def test_runs_must_complete_unless_they_are_to_fail(honest: Topics) -> None:
    """And one that is to fail must do so for its reason."""
    poison = Expectation(failures={RUNS[0]: "poison"})
    assert told(honest, Expectation()) == []
    assert told(failed(honest, "poison"), poison) == []
    assert told(failed(honest, "poison"), Expectation()) == [f"run {RUNS[0]} ended as failed"]
    assert "should have failed for poison" in told(honest, poison)[0]
    assert "should have failed for poison" in told(failed(honest, "tool_error"), poison)[0]
    assert told(honest, Expectation(failures={"lost": "poison"})) == ["run lost does not exist"]


def test_dead_letters_are_counted_by_origin(honest: Topics) -> None:
    """A record that was kept twice counts once; one too few or of another topic is told."""

    def letter(topic: str, offset: int) -> Entry:
        headers = {"topic": PREFIX + topic, "partition": "0", "offset": str(offset)}
        return Entry(
            0, offset, None, b"", {f"__connect.errors.{name}": each.encode() for name, each in headers.items()}
        )

    letters = [letter("results", 1), letter("results", 1), letter("results", 2), letter("objectives", 1)]
    kept = replace(honest, entries={**honest.entries, "dead-letters": letters})
    assert told(kept, Expectation(letters={"results": 2, "objectives": 1})) == []
    assert "dead letters by origin" in told(kept, Expectation(letters={"results": 3, "objectives": 1}))[0]
    assert "dead letters by origin" in told(kept, Expectation())[0]
    assert "dead letters by origin" in told(honest, Expectation(letters={"results": 1}))[0]


def test_runs_that_nobody_submitted_must_be_refusals(honest: Topics) -> None:
    """So many as the cell expects, and none that went on to work."""
    assert told(honest, Expectation(), RUNS[1:]) == [
        "0 of 1 runs that nobody submitted are refusals; 0 are expected",
    ]
    assert told(honest, Expectation(refused=1)) == ["0 of 0 runs that nobody submitted are refusals; 1 are expected"]
