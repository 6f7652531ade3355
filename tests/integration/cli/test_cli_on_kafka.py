"""The `collegium` command as a process on a real broker; the test plays the orchestrator."""

import asyncio
import hashlib
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uuid6

from collegium.embedded.probe import until
from collegium.log.kafka import open_log
from collegium.log.port import Log, Outgoing, Record, TopicPartition
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames
from collegium.telemetry.store import LocalTraceStore
from collegium_schemas.envelope import decode, header, trace_of
from collegium_schemas.events import (
    ApprovalAnswered,
    ApprovalRequested,
    Event,
    InputRefused,
    RunDecided,
    RunEnded,
    RunEnding,
    RunPaused,
    RunResumed,
)
from collegium_schemas.evidence import ReportText
from collegium_schemas.objective import Intervention, ObjectiveSubmitted, RunStatus
from ledger_process import ledger
from run_histories import cancelled_run, completed_run, decided
from runs_on_log import publish

COMMAND_S = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


class Cli:
    """Runs `collegium` with its own topics and data directory."""

    def __init__(self, bootstrap: str, names: TopicNames, directory: Path) -> None:
        self.names = names
        self.directory = directory
        self.environment = {
            **os.environ,  # noqa: TID251 - a child needs PATH and the like
            "COLLEGIUM_KAFKA_BOOTSTRAP": bootstrap,
            "COLLEGIUM_KAFKA_TOPIC_PREFIX": names.prefix,
            "COLLEGIUM_DATA_DIR": str(directory),
        }

    async def start(self, *words: str, **more: str) -> asyncio.subprocess.Process:
        """Start a command."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "collegium.cli",
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**self.environment, **more},
        )

    async def __call__(self, *words: str, **more: str) -> Ended:
        """Run a command to its end."""
        process = await self.start(*words, **more)
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def answer(self, *words: str, **more: str) -> dict[str, object]:
        """Run a command that must succeed, with --json."""
        ended = await self(*words, "--json", **more)
        assert ended.status == 0, ended.err
        return json.loads(ended.out)


@pytest.fixture
def bare(kafka_bootstrap: str, tmp_path: Path) -> Cli:
    """The command on a broker without topics of its prefix."""
    return Cli(kafka_bootstrap, TopicNames(f"cli-{uuid.uuid4().hex[:8]}."), tmp_path)


@pytest.fixture
async def cli(bare: Cli) -> Cli:
    """The command on a broker with all topics."""
    assert (await bare("topics", "create")).status == 0
    return bare


@pytest.fixture
async def log(kafka_bootstrap: str, cli: Cli) -> AsyncIterator[Log]:
    """The test's own connection."""
    async with open_log(KafkaSettings(bootstrap=kafka_bootstrap, topic_prefix=cli.names.prefix)) as opened:
        yield opened


async def next_record(log: Log, topic: str) -> Record:
    """The first record of a topic, awaited."""
    partitions = (await log.describe([topic]))[topic].partitions
    consumer = await log.assign({TopicPartition(topic, number): "earliest" for number in range(partitions)})
    try:
        batches = await consumer.poll(max_records=1, timeout_ms=COMMAND_S * 1000)
        return next(iter(batches.values()))[0]
    finally:
        await consumer.close()


def live_run(run_id: str) -> list[RunDecided]:
    """A run whose only subtask is under way."""
    return cancelled_run(run_id)[:1]


async def test_topics_are_created_once_and_checked(bare: Cli) -> None:
    """Missing topics exit 5 and say how to create them; creating twice changes nothing."""
    missing = await bare("topics", "check")
    assert missing.status == 5
    assert "collegium topics create" in missing.err
    assert (await bare("submit", "Why?")).status == 5
    planned = await bare.answer("topics", "create", "--dry-run")
    created = await bare.answer("topics", "create", "--partitions", "3")
    assert created["created"] == planned["missing"]
    assert f"{bare.names('ledger-views')}" in str(created["created"])
    assert (await bare.answer("topics", "create"))["created"] == []
    assert (await bare.answer("topics", "check"))["partitions"] == 3


async def test_submit_sends_a_complete_objective(cli: Cli, log: Log) -> None:
    """The record has the run_id as key, CloudEvents headers, and a traceparent whose span is kept before the exit."""
    answer = await cli.answer("submit", "How fast is it?", "--corpus", "docs", "--budget-steps", "9")
    record = await next_record(log, cli.names("objectives"))
    assert (record.key or b"").decode() == answer["run_id"]
    assert uuid.UUID(str(answer["run_id"])).version == 7
    assert (record.partition, record.offset) == (answer["partition"], answer["offset"])
    objective = decode(record.headers, record.value, ObjectiveSubmitted)
    assert (objective.goal, objective.corpus, objective.budget.steps) == ("How fast is it?", "docs", 9)
    assert header(record.headers, "ce_subject") == answer["run_id"]
    trace = trace_of(record.headers)
    assert trace is not None
    spans = LocalTraceStore(cli.directory / "traces").read(str(answer["trace_id"]))
    assert [(span.name, span.span_id) for span in spans] == [
        (f"send {cli.names('objectives')}", trace.traceparent.split("-")[2])
    ]


async def test_submit_and_watch_ends_with_the_run(cli: Cli, log: Log) -> None:
    """The exit status is 0 for a completed run, else 1 with the reason; --json prints one object a line."""
    run_id = str(uuid6.uuid7())
    process = await cli.start("submit", "Compare A and B", "--run-id", run_id, "--watch", "--json")
    await next_record(log, cli.names("objectives"))
    await publish(log, cli.names, completed_run(run_id))
    out, _ = await asyncio.wait_for(process.communicate(), COMMAND_S)
    assert process.returncode == 0
    first, *lines = [json.loads(line) for line in out.splitlines()]
    assert first["run_id"] == run_id
    assert [line["version"] for line in lines][:9] == list(range(1, 10))
    other = str(uuid6.uuid7())
    await publish(log, cli.names, cancelled_run(other))
    watched = await cli("watch", other)
    assert watched.status == 1
    assert "cancelled on request" in watched.err


async def test_the_ledger_and_the_topics_give_the_same_answers(
    cli: Cli, log: Log, kafka_bootstrap: str, tmp_path: Path
) -> None:
    """`show`, `runs` and `latencies` print the same JSON from the ledger and from the topics."""
    runs = [str(uuid6.uuid7()) for _ in range(3)]
    await publish(log, cli.names, [decision for run_id in runs for decision in completed_run(run_id)])
    async with ledger(kafka_bootstrap, cli.names.prefix, tmp_path) as running:
        for run_id in runs:
            await running.until_version(run_id, 10)
        for words in (("show", runs[0]), ("show", "latest"), ("runs",), ("runs", "--status", "failed"), ("latencies",)):
            asked = await cli(*words, "--json", "-v", COLLEGIUM_LEDGER_URL=running.url)
            direct = await cli(*words, "--json", "-v")
            assert (asked.status, direct.status) == (0, 0)
            assert json.loads(asked.out) == json.loads(direct.out)
            assert "directly" not in asked.err
    gone = await cli("runs", "-v", COLLEGIUM_LEDGER_URL=running.url)
    assert gone.status == 0
    assert "reading run-events directly" in gone.err


@pytest.mark.parametrize("action", ["cancel", "pause", "resume"])
async def test_a_word_on_a_run_waits_for_its_effect(cli: Cli, log: Log, action: str) -> None:
    """The intervention is sent with who and why, and the command ends when the run's history shows the effect."""
    run_id = str(uuid6.uuid7())
    history = live_run(run_id)
    if action == "resume":
        history.append(decided(run_id, 2, history[0].at_ms + 1, RunPaused(requester="ann")))
    await publish(log, cli.names, history)
    process = await cli.start(action, run_id, "--reason", "because", "--json")
    record = await next_record(log, cli.names("interventions"))
    word = decode(record.headers, record.value, Intervention)
    assert (word.run_id, word.action.value, word.reason) == (run_id, action, "because")
    effect = {
        "cancel": RunEnded(status=RunStatus.CANCELLED, reason="because", requester=word.requester),
        "pause": RunPaused(requester=word.requester, reason="because"),
        "resume": RunResumed(requester=word.requester),
    }[action]
    await publish(log, cli.names, [decided(run_id, len(history) + 1, history[-1].at_ms + 5, effect)])
    out, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
    assert process.returncode == 0, err
    expected = {"cancel": "cancelled", "pause": "paused", "resume": "running"}[action]
    assert json.loads(out)["status"] == expected


@pytest.mark.parametrize("action", ["approve", "deny", "retry"])
async def test_an_answer_names_its_subtask_and_waits_until_it_is_taken(cli: Cli, log: Log, action: str) -> None:
    """Also where the answer ends the run at once."""
    run_id = str(uuid6.uuid7())
    history = live_run(run_id)
    asked = ApprovalRequested(subtask_id="retrieve-1", attempt=1, question="did it happen?")
    history.append(decided(run_id, 2, history[0].at_ms + 1, asked))
    await publish(log, cli.names, history)
    shown = await cli("show", run_id)
    assert "did it happen?" in shown.out
    process = await cli.start(action, run_id, "--json")
    record = await next_record(log, cli.names("interventions"))
    word = decode(record.headers, record.value, Intervention)
    assert (word.run_id, word.action.value, word.subtask_id, word.attempt) == (run_id, action, "retrieve-1", 1)
    body = {"subtask_id": "retrieve-1", "attempt": 1, "action": action, "requester": word.requester}
    effects: list[Event] = [ApprovalAnswered.model_validate(body)]
    if action == "deny":
        effects.append(RunEnded(status=RunStatus.FAILED, reason="denied"))
    await publish(log, cli.names, [decided(run_id, 3, history[-1].at_ms + 5, *effects)])
    out, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
    assert process.returncode == 0, err
    assert json.loads(out)["status"] == ("failed" if action == "deny" else "running")


async def test_a_cancelled_run_that_has_effects_is_said_to_undo_them(cli: Cli, log: Log) -> None:
    """The command does not wait for the undoing, and says that it happens."""
    run_id = str(uuid6.uuid7())
    history = live_run(run_id)
    await publish(log, cli.names, history)
    process = await cli.start("cancel", run_id)
    await next_record(log, cli.names("interventions"))
    ending = RunEnding(status=RunStatus.CANCELLED, reason="cancelled on request", deadline_at_ms=history[0].at_ms + 9)
    await publish(log, cli.names, [decided(run_id, 2, history[0].at_ms + 5, ending)])
    out, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
    assert process.returncode == 0, err
    assert b"effects are undone first" in out


async def test_a_word_that_has_no_effect_says_why(cli: Cli, log: Log) -> None:
    """Refused by the orchestrator, too late, or unheard: exit codes 7, 7 and 6. Unknown runs: 3."""
    run_id, over = str(uuid6.uuid7()), str(uuid6.uuid7())
    await publish(log, cli.names, [*live_run(run_id), *completed_run(over)])
    unheard = await cli("pause", run_id, "--timeout", "300ms")
    assert unheard.status == 6
    late = await cli("cancel", over)
    assert late.status == 7
    assert "already ended as completed" in late.err
    assert (await cli("cancel", str(uuid6.uuid7()))).status == 3
    process = await cli.start("cancel", run_id)
    refusal = InputRefused(what="intervention", reason="not now")
    interventions = cli.names("interventions")
    partitions = [TopicPartition(interventions, number) for number in range(4)]

    async def both_sent() -> bool:
        return sum((await log.end_offsets(partitions)).values()) == 2  # the pause, and the cancel

    async with asyncio.timeout(COMMAND_S):
        await until(both_sent, pause_s=0.02)
    await publish(log, cli.names, [decided(run_id, 2, 1_760_000_000_100, refusal)])
    _, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
    assert process.returncode == 7
    assert b"not now" in err


async def test_report_reads_the_context_and_checks_its_hash(cli: Cli, log: Log) -> None:
    """The report is found through the run's history; a record that does not match its hash is not shown."""
    report = ReportText(title="T", markdown="# T\n\nText <script>x</script>.\n")
    producer = await log.producer()
    run_id, damaged = str(uuid6.uuid7()), str(uuid6.uuid7())
    for number, sha256 in ((run_id, hashlib.sha256(report.to_json()).hexdigest()), (damaged, "ab" * 32)):
        key = f"{number}/deliver-1/1/report".encode()
        position = await (await producer.send(Outgoing(cli.names("context"), key, report.to_json())))
        history = completed_run(number)
        body = history[8].model_dump_json()
        for old, new in (
            ('"partition":0,"offset":7', f'"partition":{position.partition},"offset":{position.offset}'),
            ("ab" * 32, sha256),
        ):
            body = body.replace(old, new)
        history[8] = RunDecided.model_validate_json(body)
        await publish(log, cli.names, history)
    shown = await cli("report", run_id)
    assert (shown.status, shown.out) == (0, report.markdown + "\n")
    page = await cli("report", run_id, "--format", "html")
    assert "<h1>T</h1>" in page.out
    assert "<script>" not in page.out
    assert (await cli.answer("report", run_id))["markdown"] == report.markdown
    wrong = await cli("report", damaged)
    assert wrong.status == 3
    assert "hash" in wrong.err
    unfinished = str(uuid6.uuid7())
    await publish(log, cli.names, live_run(unfinished))
    assert (await cli("report", unfinished)).status == 3


async def test_ctrl_c_ends_a_watch_with_130(cli: Cli, log: Log) -> None:
    """One line, no stack."""
    run_id = str(uuid6.uuid7())
    await publish(log, cli.names, live_run(run_id))
    process = await cli.start("watch", run_id)
    assert process.stdout is not None
    assert b"accepted" in await asyncio.wait_for(process.stdout.readline(), COMMAND_S)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
    assert process.returncode == 130
    assert b"Traceback" not in err


async def test_an_absent_broker_is_one_line(tmp_path: Path) -> None:
    """Exit 4 within the bound, naming the address and what to check."""
    cli = Cli("127.0.0.1:1", TopicNames(), tmp_path)
    ended = await cli("runs", COLLEGIUM_KAFKA_CONNECT_TIMEOUT_MS="500")
    assert ended.status == 4
    assert "127.0.0.1:1" in ended.err
    assert ended.err.count("\n") == 1
