"""The checker rejects sagas that were not undone as they must be: in their topics, and in their target's record."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from chaos.checker.canonical import Object, members, parse, text, word
from chaos.checker.facts import Finding, facts
from chaos.checker.judging import Submissions, judge
from chaos.checker.topics import Entry, Topics
from chaos.checker.undoing import Change, undoing
from chaos.honest import RUNS, honest_topics
from chaos.outside import Outside, effects_undone
from chaos.saga import doomed
from chaos.tally import lines

DOOMED = next(run_id for run_id in RUNS if doomed(run_id))
WELL = next(run_id for run_id in RUNS if not doomed(run_id))
Honest = tuple[Topics, list[Change]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def honest(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    """Topics and a record in which everything is right."""
    directory = tmp_path_factory.mktemp("worker")
    topics = await honest_topics(directory, "saga")
    return topics, [Change(line.key, line.withdraws) for line in lines(directory)]


def found(honest: Honest, change: Callable[[list[Change]], object]) -> list[Finding]:
    """What is found when somebody has tampered with the record."""
    record = list(honest[1])
    change(record)
    return list(undoing(facts(honest[0]), record))


def place(record: list[Change], run_id: str, name: str) -> int:
    """Where the record has the change of a run's subtask."""
    return next(i for i, each in enumerate(record) if each.key == f"{run_id}/{name}/tally")


def doctored(topics: Topics, change: Callable[[list[Object]], list[Object]]) -> Topics:
    """The events of the doomed run, changed in each of its decisions."""
    entries = [_changed(entry, change) if entry.key == DOOMED else entry for entry in topics["run-events"]]
    return replace(topics, entries={**topics.entries, "run-events": entries})


def _changed(entry: Entry, change: Callable[[list[Object]], list[Object]]) -> Entry:
    body = parse(entry.value)
    body["events"] = [*change(members(body, "events"))]
    return replace(entry, value=text(body))


def test_honest_sagas_are_accepted(honest: Honest) -> None:
    """Nothing is found, by this rule or another one, and there were runs of both kinds."""
    topics, record = honest
    assert judge(topics, Submissions(RUNS)).findings == ()
    assert list(undoing(facts(topics), record)) == []
    undone = {each.run_id for each in record if each.withdraws}
    assert undone == {run_id for run_id in RUNS if doomed(run_id)}
    assert DOOMED in undone
    assert WELL not in undone


def test_an_effect_that_was_not_undone_is_found(honest: Honest) -> None:
    """The target never met its undoing."""
    [finding] = found(honest, lambda record: record.pop(place(record, DOOMED, "undo.pay")))
    assert finding.subject == f"{DOOMED}/pay/tally"
    assert "undid it 0 times" in finding.message


def test_an_effect_that_was_undone_twice_is_found(honest: Honest) -> None:
    """By the key under which it was undone, or by another."""

    def twice(record: list[Change]) -> None:
        record.append(record[place(record, DOOMED, "undo.book")])

    [finding] = found(honest, twice)
    assert finding.subject == f"{DOOMED}/book/tally"
    assert "undid it 2 times" in finding.message


def test_an_effect_that_never_happened_and_was_undone_is_found(honest: Honest) -> None:
    """Nothing is taken back that was not given."""
    [finding] = found(honest, lambda record: record.pop(place(record, DOOMED, "ship")))
    assert finding.subject == f"{DOOMED}/ship/tally"
    assert "never happened" in finding.message


def test_the_wrong_order_is_found(honest: Honest) -> None:
    """The first effect was undone before the second."""

    def swapped(record: list[Change]) -> None:
        one, other = place(record, DOOMED, "undo.pay"), place(record, DOOMED, "undo.book")
        record[one], record[other] = record[other], record[one]

    [finding] = found(honest, swapped)
    assert finding.subject == DOOMED
    assert "in this order" in finding.message


def test_an_undoing_in_a_completed_run_is_found(honest: Honest) -> None:
    """Its effects stay."""
    change = Change(f"{WELL}/undo.ship/tally", f"{WELL}/ship/tally")
    [finding] = found(honest, lambda record: record.append(change))
    assert finding.subject == WELL
    assert "completed" in finding.message


def test_an_effect_after_the_first_undoing_is_found(honest: Honest) -> None:
    """As if a sleeping process had called late."""

    def late(record: list[Change]) -> None:
        record.append(record.pop(place(record, DOOMED, "ship")))

    assert any("had begun to undo" in finding.message for finding in found(honest, late))


def test_another_undoing_than_the_plan_says_is_found(honest: Honest) -> None:
    """The compensation of one subtask undid the effect of another."""

    def crossed(record: list[Change]) -> None:
        one, other = place(record, DOOMED, "undo.pay"), place(record, DOOMED, "undo.book")
        record[one], record[other] = (
            replace(record[one], withdraws=record[other].withdraws),
            replace(record[other], withdraws=record[one].withdraws),
        )

    assert any("its plan says otherwise" in finding.message for finding in found(honest, crossed))


def test_a_history_without_one_undoing_is_found(honest: Honest) -> None:
    """The run ended as failed, and one of its compensations never succeeded."""
    topics, record = honest

    def without(events: list[Object]) -> list[Object]:
        gone = ("attempt_succeeded", "undo.pay")
        return [event for event in events if (word(event, "type"), word(event, "subtask_id")) != gone]

    findings = list(undoing(facts(doctored(topics, without)), record))
    assert any("succeeded, and" in finding.message for finding in findings)


def test_an_undoing_that_was_sent_too_early_is_found(honest: Honest) -> None:
    """Two compensations at the same time have no order."""
    topics, record = honest

    def early(events: list[Object]) -> list[Object]:
        sent = [event for event in events if (word(event, "type"), word(event, "subtask_id")) == DISPATCH]
        return [*events, *({**event, "subtask_id": "undo.book"} for event in sent)]

    findings = list(undoing(facts(doctored(topics, early)), record))
    assert [finding.subject for finding in findings] == [f"{DOOMED}/book"]


DISPATCH = ("attempt_dispatched", "undo.ship")


def test_the_record_is_read_in_its_order(honest: Honest, tmp_path: Path) -> None:
    """What the target wrote down is what the rule is given."""
    topics, record = honest
    (tmp_path / "worker").mkdir()
    tally = tmp_path / "worker" / "tally.log"
    tally.write_text("".join(f"{each.key} {each.withdraws}\n" for each in record))
    assert list(effects_undone(Outside(tmp_path, facts(topics)))) == []
    tally.write_text("".join(f"{each.key} {each.withdraws}\n" for each in reversed(record)))
    assert any("had begun to undo" in finding for finding in effects_undone(Outside(tmp_path, facts(topics))))
