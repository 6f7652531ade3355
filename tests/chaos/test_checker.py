"""The checker rejects topics in which something is wrong: each invariant meets its breach here."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from chaos.checker.canonical import Object, members, parse, text, word
from chaos.checker.effects import expected
from chaos.checker.facts import facts
from chaos.checker.judging import Submissions, Verdict, judge
from chaos.checker.topics import Entry, Topics
from chaos.honest import RUNS, honest_topics
from chaos.outside import Outside, effects_once

Entries = dict[str, list[Entry]]
Doctor = Callable[[Entries], object]
Change = Callable[[Object], object]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def honest(tmp_path_factory: pytest.TempPathFactory) -> Topics:
    """Topics in which everything is right."""
    return await honest_topics(tmp_path_factory.mktemp("worker"))


def verdict(topics: Topics, *acknowledged: str, unsure: tuple[str, ...] = ()) -> Verdict:
    """What the judge says of them."""
    return judge(topics, Submissions(acknowledged or RUNS, unsure))


def broken(topics: Topics, doctor: Doctor, **others: object) -> set[str]:
    """The invariants that no longer hold when somebody has tampered with the topics."""
    entries = {topic: list(each) for topic, each in topics.entries.items()}
    doctor(entries)
    doctored = replace(topics, entries=entries, **others)  # type: ignore[arg-type]
    return {finding.invariant for finding in verdict(doctored).findings}


def with_event(entries: list[Entry], kind: str) -> int:
    """Where the first decision with an event of this kind is."""
    return next(i for i, entry in enumerate(entries) if kind in {word(e, "type") for e in _events(entry)})


def _events(entry: Entry) -> list[Object]:
    return members(parse(entry.value), "events")


def changed(entry: Entry, change: Change) -> Entry:
    """The record with another body."""
    body = parse(entry.value)
    change(body)
    return replace(entry, value=text(body))


def first(entries: list[Entry], key: str) -> int:
    """Where the first record is whose key ends like this."""
    return next(i for i, entry in enumerate(entries) if (entry.key or "").endswith(key))


def last(entries: list[Entry], key: str) -> int:
    """Where the last one is."""
    return max(i for i, entry in enumerate(entries) if (entry.key or "").endswith(key) and entry.value)


def test_honest_topics_are_accepted(honest: Topics) -> None:
    """Nothing is found, and what there was is counted."""
    found = verdict(honest)
    assert found.findings == ()
    assert found.counts.objectives == len(RUNS)
    assert found.counts.statuses == {"completed": len(RUNS)}
    assert found.counts.retries > 0, "the trials' worker fails now and then: the fold has seen retries"
    assert found.counts.events > found.counts.decisions > len(RUNS)


def test_a_run_without_end_is_found(honest: Topics) -> None:
    """An acknowledged objective that never ended, of which nobody has heard, or only possibly."""
    lost = "0190aaaa-0000-7000-8000-00000000dead"
    assert {each.invariant for each in verdict(honest, *RUNS, lost).findings} == {"terminal"}
    assert verdict(honest, *RUNS, unsure=(lost,)).findings == ()
    assert "terminal" in broken(
        honest, lambda topics: topics["run-events"].pop(with_event(topics["run-events"], "run_ended"))
    )


def test_a_run_that_nobody_submitted_is_found(honest: Topics) -> None:
    """Whatever runs must have been asked for."""
    assert {each.invariant for each in verdict(honest, *RUNS[1:]).findings} == {"terminal"}


def _twice(topic: str, kind: str) -> Doctor:
    def doctor(topics: Entries) -> None:
        place = with_event(topics[topic], kind)
        topics[topic].insert(place + 1, topics[topic][place])

    return doctor


def test_a_decision_that_is_there_twice_is_found(honest: Topics) -> None:
    """As if a fenced owner's transaction had been committed as well."""
    assert {"versions", "inputs", "terminal"} <= broken(honest, _twice("run-events", "run_ended"))
    assert {"versions", "dispatch", "state"} <= broken(honest, _twice("run-events", "attempt_dispatched"))


def test_a_missing_decision_is_found(honest: Topics) -> None:
    """A gap in the versions."""

    def doctor(topics: Entries) -> None:
        del topics["run-events"][with_event(topics["run-events"], "attempt_succeeded")]

    assert {"versions", "state"} <= broken(honest, doctor)


def test_a_decision_under_another_name_is_found(honest: Topics) -> None:
    """The record's identifier says another version than its body."""

    def doctor(topics: Entries) -> None:
        events = topics["run-events"]
        events[3] = replace(events[3], headers={**events[3].headers, "ce_id": b"another/1"})

    assert broken(honest, doctor) == {"versions"}


def test_a_history_in_two_partitions_is_found(honest: Topics) -> None:
    """A run has one home."""

    def doctor(topics: Entries) -> None:
        events = topics["run-events"]
        events[-1] = replace(events[-1], partition=1 - events[-1].partition)

    assert broken(honest, doctor) == {"versions"}


def test_an_unreadable_decision_is_found(honest: Topics) -> None:
    """It is not passed over in silence."""

    def doctor(topics: Entries) -> None:
        topics["run-events"][0] = replace(topics["run-events"][0], value=b"{")

    assert "history" in broken(honest, doctor)


def test_an_input_that_was_decided_on_twice_is_found(honest: Topics) -> None:
    """Two decisions name the same record as their origin."""

    def doctor(topics: Entries) -> None:
        events = topics["run-events"]
        origins = [parse(entry.value)["origin"] for entry in events]
        events[-1] = changed(events[-1], lambda body: body.update(origin=origins[0]))

    assert broken(honest, doctor) == {"inputs"}


def test_a_position_that_falls_or_is_past_the_end_is_found(honest: Topics) -> None:
    """A zombie's positions, or ones of records that were never there."""

    def back(topics: Entries) -> None:
        state = topics["run-state"]
        place = last(state, "__pos/results")
        state.append(changed(state[place], lambda body: body.update(next_offset=0)))

    assert broken(honest, back) == {"inputs"}
    ends = {("results", 0): 1, ("results", 1): 1}
    assert broken(honest, lambda _: None, ends=ends) == {"inputs"}


def test_a_task_that_was_sent_twice_is_found(honest: Topics) -> None:
    """The same attempt in two committed records."""
    assert broken(honest, lambda topics: topics["tasks.worker"].append(topics["tasks.worker"][2])) == {"dispatch"}


def test_a_dispatch_without_task_is_found(honest: Topics) -> None:
    """An attempt that nobody will ever perform."""
    assert broken(honest, lambda topics: topics["tasks.worker"].pop()) == {"dispatch"}


def test_a_task_that_nobody_decided_on_is_found(honest: Topics) -> None:
    """A record in the task topic without event."""

    def doctor(topics: Entries) -> None:
        task = topics["tasks.worker"][0]
        topics["tasks.worker"].append(changed(task, lambda body: body.update(attempt=9)))

    assert broken(honest, doctor) == {"dispatch"}


def test_a_task_under_another_key_is_found(honest: Topics) -> None:
    """It would meet its run's other tasks in another partition."""

    def doctor(topics: Entries) -> None:
        topics["tasks.worker"][0] = replace(topics["tasks.worker"][0], key="another")

    assert broken(honest, doctor) == {"dispatch"}


def _rewritten(kind: str, change: Change) -> Doctor:
    """Change the first event of a kind; what folds from it changes with it."""

    def doctor(topics: Entries) -> None:
        events = topics["run-events"]
        place = with_event(events, kind)

        def rewrite(body: Object) -> None:
            for event in members(body, "events"):
                if word(event, "type") == kind:
                    change(event)

        events[place] = changed(events[place], rewrite)

    return doctor


def test_an_outcome_that_was_accepted_twice_is_found(honest: Topics) -> None:
    """A redelivered result must be dropped."""
    assert "results" in broken(honest, _twice("run-events", "attempt_succeeded"))


def test_a_success_that_nobody_reported_is_found(honest: Topics) -> None:
    """No record of `results` says so."""
    assert broken(honest, _rewritten("attempt_succeeded", lambda event: event.update(worker="nobody@here:1"))) == {
        "results"
    }

    def of_an_archived_run(topics: Entries) -> None:
        results = topics["results"]
        topics["results"] = [changed(each, lambda body: body.update(run_accepted_at_ms=1)) for each in results]

    assert broken(honest, of_an_archived_run) == {"results"}


def test_an_outcome_before_its_dispatch_is_found(honest: Topics) -> None:
    """Attempt 7 was never sent."""
    assert "results" in broken(honest, _rewritten("attempt_failed", lambda event: event.update(attempt=7)))


def test_an_output_that_is_not_in_the_context_is_found(honest: Topics) -> None:
    """The record that a success names is gone, another's, or has other bytes."""

    def gone(topics: Entries) -> None:
        del topics["context"][0]

    def others(topics: Entries) -> None:
        topics["context"][0] = replace(topics["context"][0], key="another/left/1/report")

    def altered(topics: Entries) -> None:
        topics["context"][0] = replace(topics["context"][0], value=b"{}")

    assert broken(honest, gone) == broken(honest, others) == broken(honest, altered) == {"context"}


def test_an_effect_that_nobody_asked_for_or_claimed_is_found(honest: Topics) -> None:
    """A key that no plan grants, such as one with an attempt number; an outcome without its intent."""
    assert broken(honest, lambda topics: topics["effects"].pop(0)) == {"effects"}

    def another_key(topics: Entries) -> None:
        record = topics["effects"][0]
        key, _, accepted = record.key.partition("@")
        topics["effects"].append(
            replace(changed(record, lambda body: body.update(key=f"{key}.2")), key=f"{key}.2@{accepted}")
        )

    def another_run(topics: Entries) -> None:
        topics["effects"][0] = replace(topics["effects"][0], key=f"{topics['effects'][0].key}0")

    def another_acceptance(topics: Entries) -> None:
        topics["effects"][0] = changed(topics["effects"][0], lambda body: body.update(run_accepted_at_ms=1))

    assert broken(honest, another_key) == broken(honest, another_run) == {"effects"}
    assert broken(honest, another_acceptance) == {"effects"}


def test_a_success_without_its_effect_is_found(honest: Topics) -> None:
    """The run says done, and no record says that the effect happened."""

    def doctor(topics: Entries) -> None:
        key = topics["effects"][0].key
        topics["effects"] = [entry for entry in topics["effects"] if entry.key != key]

    assert broken(honest, doctor) == {"effects"}


def test_effects_are_counted_where_they_happen(honest: Topics, tmp_path: Path) -> None:
    """A line too many, one too few, and one that nobody asked for."""
    known = facts(honest)
    keys = sorted(expected(known)[1])
    assert len(keys) == len(RUNS)
    (tmp_path / "worker").mkdir()
    tally = tmp_path / "worker" / "tally.log"
    tally.write_text("".join(f"{key}\n" for key in keys))
    assert list(effects_once(Outside(tmp_path, known))) == []
    tally.write_text("".join(f"{key}\n" for key in (*keys[1:], keys[1], "stranger")))
    told = " ".join(effects_once(Outside(tmp_path, known)))
    assert f"{keys[0]} was executed 0 times" in told
    assert f"{keys[1]} was executed 2 times" in told
    assert "stranger was executed, and no plan" in told


def test_an_open_transaction_is_found(honest: Topics) -> None:
    """Readers of that partition would wait for ever."""
    assert broken(honest, lambda _: None, unfinished=("run-events-0",)) == {"transactions"}


@pytest.mark.parametrize("part", ["/header", "/objective", "/plan", "/subtask/join"])
def test_state_that_differs_in_one_byte_is_found(honest: Topics, part: str) -> None:
    """In any part, in the middle of a run's life."""

    def doctor(topics: Entries) -> None:
        state = topics["run-state"]
        place = first(state, part)
        state[place] = replace(state[place], value=(state[place].value or b"").replace(b'":', b'": ', 1))

    assert broken(honest, doctor) == {"state"}


def test_state_that_was_not_written_is_found(honest: Topics) -> None:
    """A commit without the part that it changed, and one without any."""
    assert broken(honest, lambda topics: topics["run-state"].pop(first(topics["run-state"], "/subtask/left"))) == {
        "state"
    }
    assert broken(honest, lambda topics: topics["run-state"].pop(last(topics["run-state"], "/header"))) == {"state"}


def test_state_ahead_of_its_history_is_found(honest: Topics) -> None:
    """Memory or state that was made known although its transaction was not committed."""

    def doctor(topics: Entries) -> None:
        state = topics["run-state"]
        header = state[last(state, "/header")]
        state.append(changed(header, lambda body: body.update(version=99)))

    assert broken(honest, doctor) == {"state"}


def test_an_event_of_an_unknown_kind_is_found(honest: Topics) -> None:
    """The checker says that it must be taught, instead of passing it over."""
    assert "state" in broken(honest, _rewritten("retry_scheduled", lambda event: event.update(type="surprise")))


@pytest.mark.parametrize("topic", ["run-events", "tasks.worker", "results"])
@pytest.mark.parametrize("trace", [b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"", b"none"])
def test_a_record_in_another_trace_or_none_is_found(honest: Topics, topic: str, trace: bytes) -> None:
    """A run's events, tasks and results all carry the trace that its history opens with."""

    def doctor(topics: Entries) -> None:
        entry = topics[topic][2]
        topics[topic][2] = replace(entry, headers={**entry.headers, "traceparent": trace})

    assert broken(honest, doctor) == {"trace"}
