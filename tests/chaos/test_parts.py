"""The checker accepts a decision in several records, and nothing that only looks like one."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from chaos.checker.canonical import Object, member, members, parse, text, word
from chaos.checker.facts import Finding, facts
from chaos.checker.judging import Exported, Submissions, judge
from chaos.checker.parts import MOST_RECORD_BYTES, continuations, decided_once
from chaos.checker.spans import Span
from chaos.checker.topics import Entry, Topics
from chaos.honest import RUNS, honest_world
from chaos.long import OBJECTIVE, PARTS

LARGE, SMALL = RUNS[:2]
Honest = tuple[Topics, list[Span]]
Doctor = Callable[[list[Entry]], object]
Change = Callable[[Object], object]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def honest(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    """A run whose plan no record can hold, and one whose plan is small; both were right."""
    return await honest_world(tmp_path_factory.mktemp("worker"), "long", {LARGE: OBJECTIVE, SMALL: {}})


def doctored(honest: Honest, doctor: Doctor) -> Topics:
    """The topics when somebody has tampered with run-events."""
    entries = list(honest[0]["run-events"])
    doctor(entries)
    return replace(honest[0], entries={**honest[0].entries, "run-events": entries})


def found(honest: Honest, doctor: Doctor) -> list[Finding]:
    """What is said of a decision's records then."""
    known = facts(doctored(honest, doctor))
    return [*decided_once(known), *continuations(known)]


def judged(topics: Topics, spans: list[Span] | None = None) -> tuple[Finding, ...]:
    """What the whole judge says."""
    return judge(topics, Submissions((LARGE, SMALL)), None if spans is None else Exported(spans)).findings


def of(entries: list[Entry], run_id: str) -> list[int]:
    """Where the records of a run are."""
    return [place for place, entry in enumerate(entries) if entry.key == run_id]


def changed(entry: Entry, change: Change) -> Entry:
    """The record with another body."""
    body = parse(entry.value)
    change(body)
    return replace(entry, value=text(body))


def pushed_back(entries: list[Entry], start: int) -> None:
    """The records of a partition from a place on, one offset later: the end of a transaction lies before them."""
    home = entries[start].partition
    for place in range(start, len(entries)):
        if entries[place].partition == home:
            entries[place] = replace(entries[place], offset=entries[place].offset + 1)


def test_a_decision_in_parts_is_accepted(honest: Honest) -> None:
    """Records of one origin that say so, in one transaction; folds, spans and all else hold."""
    topics, spans = honest
    events = [topics["run-events"][place] for place in of(topics["run-events"], LARGE)]
    origins = [parse(entry.value)["origin"] for entry in events]
    assert origins.count(origins[0]) == PARTS
    assert sum(len(entry.value or b"") for entry in events[:PARTS]) > MOST_RECORD_BYTES
    sent_later = [
        event["subtask_id"] for event in facts(topics).events(LARGE, "retry_scheduled") if event["attempt"] == 1
    ]
    assert sent_later, "one decision could not send all of its tasks"
    assert judged(topics, spans) == ()


@pytest.mark.parametrize("part", range(1, PARTS))
def test_parts_in_two_transactions_are_found(honest: Honest, part: int) -> None:
    """A reader could have seen the first without the others."""

    def doctor(entries: list[Entry]) -> None:
        pushed_back(entries, of(entries, LARGE)[part])

    assert any("in the same transaction" in finding.message for finding in found(honest, doctor))


def test_a_whole_decision_that_is_made_again_is_found(honest: Honest) -> None:
    """All parts of it, by a second owner in a transaction of its own."""

    def doctor(entries: list[Entry]) -> None:
        places = of(entries, LARGE)[:PARTS]
        again = [entries[place] for place in places]
        entries[places[-1] + 1 : places[-1] + 1] = [
            replace(changed(entry, lambda body: body.update(version=int(str(body["version"])) + PARTS)), offset=offset)
            for offset, entry in enumerate(again, again[-1].offset + 2)
        ]

    [finding] = found(honest, doctor)
    assert finding.message.startswith(f"{2 * PARTS} decisions were made on it")


def test_an_input_that_was_decided_on_twice_in_one_transaction_is_found(honest: Honest) -> None:
    """Neighbours of one moment with the versions that follow on one another: but one record could have held them."""

    def doctor(entries: list[Entry]) -> None:
        one, other = of(entries, SMALL)[:2]
        first = parse(entries[one].value)
        entries[other] = replace(
            changed(entries[other], lambda body: body.update(origin=first["origin"], at_ms=first["at_ms"])),
            partition=entries[one].partition,
            offset=entries[one].offset + 1,
        )

    assert any("one record could have held them" in finding.message for finding in found(honest, doctor))


def test_an_input_that_two_runs_were_decided_on_is_found(honest: Honest) -> None:
    """The one's first decision names the record of the other's."""

    def doctor(entries: list[Entry]) -> None:
        one, other = of(entries, LARGE)[0], of(entries, SMALL)[0]
        origin = parse(entries[one].value)["origin"]
        entries[other] = changed(entries[other], lambda body: body.update(origin=origin))

    [finding] = found(honest, doctor)
    assert finding.message.endswith("of several runs")


def test_parts_of_different_moments_are_found(honest: Honest) -> None:
    """One decision is taken at one time."""

    def doctor(entries: list[Entry]) -> None:
        place = of(entries, LARGE)[1]
        entries[place] = changed(entries[place], lambda body: body.update(at_ms=1))

    [finding] = judged(doctored(honest, doctor))
    assert finding.invariant == "inputs"


@pytest.mark.parametrize(("part", "says"), [(1, True), (2, None), (3, False)])
def test_a_plan_that_continues_another_says_so_and_no_other_does(honest: Honest, part: int, says: bool | None) -> None:  # noqa: FBT001 - what the field says
    """The first part of the plan continues nothing, the later ones do."""

    def say(body: Object) -> None:
        [event] = [event for event in members(body, "events") if word(event, "type") == "plan_adopted"]
        member(event, "change")["continues"] = says

    def doctor(entries: list[Entry]) -> None:
        place = of(entries, LARGE)[part]
        entries[place] = changed(entries[place], say)

    [finding] = judged(doctored(honest, doctor))
    assert finding.invariant == "parts"
