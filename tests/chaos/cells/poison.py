"""Records that nobody can use, and a task that kills whoever works on it."""

import json
import signal
import uuid

from aiokafka import AIOKafkaProducer

from chaos.brokers import SINGLE_NODE, SingleNode
from chaos.matrix import Cell, Expectation
from chaos.services import light
from chaos.trial import Trial

_GARBAGE = (b"", b"{", b"[]", b"\xff\xfe", b'{"run_id": "x"}', b"null")
_TOPICS = ("objectives", "interventions", "results", "tasks.worker")
_ROUNDS = 5


async def _garbage(trial: Trial[SingleNode]) -> None:
    """Bytes that are no message, in every topic that services read, between the good records."""
    async with AIOKafkaProducer(bootstrap_servers=trial.brokers.bootstrap, acks="all") as producer:
        for _ in range(_ROUNDS):
            trial.struck()
            for topic in _TOPICS:
                for body in _GARBAGE:
                    key = str(uuid.uuid4()).encode()
                    await producer.send_and_wait(trial.prefix + topic, body, key=key)
            await trial.decided(15)


async def _lethal(trial: Trial[SingleNode]) -> None:
    """An objective whose task kills each process that takes it, while the others go on."""
    victim, life = trial.fleet["worker-1"], trial.fleet["worker-1"].life
    run_id = _LETHAL
    body = json.dumps({"goal": "Kill whoever works on this.", "playbook": "lethal", "run_id": run_id}).encode()
    async with AIOKafkaProducer(bootstrap_servers=trial.brokers.bootstrap, acks="all") as producer:
        await producer.send_and_wait(f"{trial.prefix}objectives", body, key=run_id.encode())
    trial.load.submitted.acknowledged.append(run_id)
    death = await victim.killed(life)
    trial.struck_specialist(death.pid, victim.plan.role, at_s=death.at_s)
    await trial.until(lambda: run_id in trial.history.ended, "the lethal run has ended")
    deaths = [each.status for each in victim.deaths]
    assert deaths == [-signal.SIGKILL] * _DEATHS, f"the worker's processes ended with {deaths}"
    await victim.ready(victim.life)


_DEATHS = 3
_LETHAL = "0190aaaa-0000-7000-8000-00000000dead"
_OF_EACH = _ROUNDS * len(_GARBAGE)

CELLS = (
    Cell(
        "every input topic",
        "records that are no messages",
        SINGLE_NODE,
        light(),
        _garbage,
        quick=True,
        expects=Expectation(letters=dict.fromkeys(_TOPICS, _OF_EACH), refused=_OF_EACH),
    ),
    Cell(
        "worker",
        "a task that kills its worker",
        SINGLE_NODE,
        light(),
        _lethal,
        expects=Expectation(failures={_LETHAL: "poison"}, letters={"tasks.worker": 1}),
    ),
)
