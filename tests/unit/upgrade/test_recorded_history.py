"""What earlier releases wrote is understood as they meant it: every record, and every history."""

import json
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

import pytest
from pydantic import ValidationError

from collegium.ledger.folding import RunRecord, Source, fold
from collegium.ledger.views import RunView
from collegium.orchestrator.core.folding import evolve
from collegium.orchestrator.core.model import Run
from collegium.orchestrator.shell.parts import POSITION_KEY, Part, assemble, changed_parts
from collegium_schemas.base import Message
from collegium_schemas.catalogue import MESSAGES
from collegium_schemas.envelope import decode, header
from collegium_schemas.events import RunDecided
from collegium_schemas.objective import Intervention, ObjectiveSubmitted
from collegium_schemas.state import InputPosition
from recorded_topics import Recording, read, recordings, without_keys

Json = dict[str, "Json"] | list["Json"] | str | float | bool | None
RECORDINGS = recordings()
ENDS = {
    "archived",
    "cancelled",
    "completed",
    "failed at once",
    "failed after retries",
    "halted: deadline",
    "re-planned",
}
LIVE = {"live: paused", "live: backs off", "live: in its second round", "live: report", "live: not yet accepted"}

each_recording = pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)


def histories(recording: Recording) -> dict[str, list[RunDecided]]:
    """Every run's decisions in order."""
    found: dict[str, list[RunDecided]] = {}
    for record in recording.of("run-events"):
        decided = decode(record.headers, record.value, RunDecided)
        found.setdefault(decided.run_id, []).append(decided)
    return found


def recorded_parts(recording: Recording) -> dict[str, dict[str, bytes]]:
    """Run id -> the parts that run-state held at last."""
    found: dict[str, dict[str, bytes]] = {}
    for record in recording.of("run-state"):
        run_id, _, part = (record.key or b"").decode().partition("/")
        if f"{run_id}/" == POSITION_KEY:
            continue
        parts = found.setdefault(run_id, {})
        if record.value is None:
            parts.pop(part)
        else:
            parts[part] = record.value
    return {run_id: parts for run_id, parts in found.items() if parts}


def without_additions(body: bytes, recorded: bytes) -> bytes:
    """Canonical JSON without the fields that the recording's version did not know."""
    return json.dumps(
        _common(json.loads(body), json.loads(recorded)), ensure_ascii=False, separators=(",", ":")
    ).encode()


def _common(new: Json, old: Json) -> Json:
    match new, old:
        case dict(), dict():
            return {key: _common(value, old[key]) for key, value in new.items() if key in old}
        case list(), list() if len(new) == len(old):
            return [_common(one, other) for one, other in zip(new, old, strict=True)]
        case _:
            return new


def test_there_is_a_recording_of_the_first_release() -> None:
    """Without recordings the tests below would compare nothing."""
    assert "0.1.0" in [path.stem for path in RECORDINGS]


@each_recording
def test_the_recording_holds_runs_at_every_stage(path: Path) -> None:
    """Ended in each way, archived, and in the middle of their work."""
    recording = read(path)
    assert ENDS | LIVE <= set(recording.runs)
    kinds = {event.type for history in histories(recording).values() for decided in history for event in decided.events}
    assert {"retry_scheduled", "plan_adopted", "run_paused", "run_resumed", "run_archived", "input_refused"} <= kinds


@each_recording
def test_every_recorded_message_decodes_and_means_the_same(path: Path) -> None:
    """Optional fields that came later are absent in it; what is in it survives decoding, byte for byte."""
    decoded = 0
    for record in read(path).records:
        if record.topic == "dead-letters" or record.value is None:
            continue
        named = header(record.headers, "ce_type")
        if named is None:
            continue  # what a foreign client sent is read strictly, and tested below
        message = decode(record.headers, record.value, MESSAGES[named])
        assert without_additions(message.to_json(), record.value) == record.value
        decoded += 1
    assert decoded > 100


@each_recording
def test_what_people_sent_is_taken_or_refused_as_before(path: Path) -> None:
    """Strict reading refuses nothing that the recording's version accepted, and accepts nothing that it refused."""
    recording = read(path)
    accepted = {
        event.objective.run_id
        for history in histories(recording).values()
        for decided in history
        for event in decided.events
        if event.type == "run_accepted"
    }
    kinds: dict[str, type[Message]] = {"objectives": ObjectiveSubmitted, "interventions": Intervention}
    sent = [record for record in recording.records if record.topic in kinds]
    taken = 0
    for record in sent:
        try:
            message = kinds[record.topic].read_strict(record.value or b"")
        except ValidationError:
            assert (record.key or b"").decode() not in accepted
        else:
            assert without_additions(message.to_json(), record.value or b"") == message_as_sent(message, record.value)
            taken += 1
    assert 0 < taken < len(sent)


def message_as_sent(message: Message, value: bytes | None) -> bytes:
    """What a client's JSON says, in canonical form."""
    sent = json.loads(value or b"")
    fields = {name: sent[name] for name in type(message).model_fields if name in sent}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


@each_recording
def test_folding_a_recorded_history_gives_the_recorded_state(path: Path) -> None:
    """`evolve` of this version makes of each decision what run-state held after it, byte for byte.

    Fields that came later are left out of the comparison, and must have the value that their absence means.
    """
    recording = read(path)
    recorded = recorded_parts(recording)
    for run_id, history in histories(recording).items():
        run: Run | None = None
        parts: dict[str, bytes] = {}
        headers: dict[int, bytes] = {}
        for decided in history:
            before, run = run, evolve(run, decided)
            for name, part in changed_parts(before, run):
                if part is None:
                    del parts[name]
                else:
                    parts[name] = part.to_json()
            if run is not None:
                headers[run.header.version] = parts["header"]
        assert set(parts) == set(recorded.get(run_id, {})), run_id
        for name, body in recorded.get(run_id, {}).items():
            assert without_additions(parts[name], body) == body
        if run is not None:
            state = assemble(recorded[run_id])
            assert state is not None
            assert without_keys(state) == without_keys(run)
        assert_headers(recording, run_id, headers)


def assert_headers(recording: Recording, run_id: str, folded: Mapping[int, bytes]) -> None:
    """Each header that was ever written is the one that folding gives at that version."""
    for record in recording.of("run-state"):
        if record.key == f"{run_id}/header".encode() and record.value is not None:
            version = json.loads(record.value)["version"]
            assert without_additions(folded[version], record.value) == record.value


@each_recording
def test_recorded_parts_are_complete(path: Path) -> None:
    """Every key of run-state is a part or a position that this version knows."""
    for record in read(path).of("run-state"):
        key = (record.key or b"").decode()
        if key.startswith(POSITION_KEY):
            assert InputPosition.read(record.value or b"").topic == key.removeprefix(POSITION_KEY)
        elif record.value is not None:
            kind = MESSAGES[header(record.headers, "ce_type") or ""]
            assert issubclass(kind, Part.__args__)  # type: ignore[attr-defined]


@each_recording
def test_the_ledger_makes_views_of_recorded_histories(path: Path) -> None:
    """The read side understands old histories as well: each run has its status and its subtasks."""
    recording = read(path)
    records = sorted(recording.of("run-events"), key=lambda record: (record.key or b"", record.offset))
    views: dict[str, RunView | None] = {}
    for key, of_run in groupby(records, key=lambda record: (record.key or b"").decode()):
        folded = RunRecord()
        for record in of_run:
            folded = fold(
                folded, decode(record.headers, record.value, RunDecided), Source(record.partition, record.offset)
            )
        views[key] = folded.view()
    names = {run_id: what for what, run_id in recording.runs.items()}
    assert len(views) == len(histories(recording))
    for run_id, view in views.items():
        assert view is not None
        assert view.status.terminal is not names.get(run_id, "").startswith("live:")
