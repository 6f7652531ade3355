"""Specialists that do what an objective's goal tells them: for recordings of topics, and for whoever finishes them.

A goal is a list of orders, such as `Fail beta rate_limited twice; hold gamma`:

- `fail ROLE KIND once|twice|always`: so many attempts fail in this way;
- `hold ROLE`: no answer, unless the specialists are told to hold nothing;
- `lose ROLE`: no answer to the first attempt, whoever asks;
- `review ROLE`: its first round's review asks for another round;
- `spend ROLE`: its outcome costs a thousand tokens.
"""

import hashlib
import re
from dataclasses import dataclass

from collegium.log.memory import MemoryBroker, MemoryLog
from collegium.log.port import Clock, Outgoing, Producer, Record
from collegium.log.topics import TopicNames
from collegium_schemas.base import Message, Usage
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.evidence import ReportText
from collegium_schemas.tasks import (
    ContextRef,
    Failure,
    FailureKind,
    FollowUp,
    ReviewSummary,
    TaskFailed,
    TaskRequested,
    TaskSucceeded,
)

NAMES = TopicNames()
_TIMES = {"once": 1, "twice": 2, "always": 1_000}

PLAYBOOKS = {
    "line": """\
name: line
steps:
  - {id: alpha, role: alpha, instruction: "Alpha: {goal}", retry: {base_delay_ms: 1, max_delay_ms: 2}}
  - {id: beta, role: beta, instruction: beta, inputs: [alpha], retry: {base_delay_ms: 1, max_delay_ms: 2}}
  - {id: gamma, role: gamma, instruction: gamma, after: [beta]}
""",
    "patient": """\
name: patient
params: {depth: 1, tone: plain, ratio: 0.5, strict: true}
steps:
  - {id: alpha, role: alpha, instruction: alpha, retry: {base_delay_ms: 60000, max_delay_ms: 60000}}
""",
    "hasty": """\
name: hasty
steps:
  - {id: alpha, role: alpha, instruction: alpha, timeout_ms: 200, retry: {base_delay_ms: 1, max_delay_ms: 2}}
""",
    "short": """\
name: short
deadline_ms: 100
steps:
  - {id: alpha, role: alpha, instruction: alpha}
""",
    "looped": """\
name: looped
steps:
  - {id: find, role: alpha, for_each: question, instruction: "Find: {question}", outputs: [evidence], optional: true,
     retry: {max_attempts: 1}}
  - {id: write, role: beta, instruction: write, inputs: [find], revises: [write, check], outputs: [draft]}
  - {id: check, role: gamma, instruction: check, inputs: [write, find], outputs: [review], min_confidence: 0.5}
  - {id: send, role: delta, instruction: send, inputs: [write, check], outputs: [report]}
loop: {review: check, repeat: [find, write, check], max_rounds: 2}
""",
}
ROLES = ("alpha", "beta", "gamma", "delta")


@dataclass
class ScriptedRole:
    """Answers one role's tasks on a memory log until cancelled."""

    broker: MemoryBroker
    role: str
    clock: Clock
    holding: bool = True
    """False: what a goal wants held is answered."""

    async def run(self) -> None:
        """Take tasks from the topic's beginning; each is answered at once, or never."""
        async with MemoryLog(self.broker) as log:
            consumer = await log.subscribe([NAMES.tasks(self.role)], group=f"scripted-{self.role}")
            producer = await log.producer()
            while True:
                for records in (await consumer.poll(max_records=100, timeout_ms=1_000)).values():
                    for record in records:
                        await self._answer(record, producer)

    async def _answer(self, record: Record, producer: Producer) -> None:
        task = TaskRequested.read(record.value or b"")
        orders = [order.split() for order in re.split(r"[;.]\s*", task.goal.lower()) if order]
        mine = {order[0]: order[2:] for order in orders if order[1:2] == [self.role]}
        if ("hold" in mine and self.holding) or ("lose" in mine and task.attempt == 1):
            return
        failing = mine.get("fail")
        if failing is not None and task.attempt <= _TIMES[failing[1]]:
            kind = FailureKind(failing[0])
            failure = Failure(kind=kind, message=f"{self.role} was told to fail")
            await self._send(producer, task, TaskFailed.model_validate({**self._common(task), "failure": failure}))
            return
        outputs = tuple([await self._output(producer, task, name) for name in task.outputs])
        said = {
            "outputs": outputs,
            "confidence": 0.9,
            "evidence_count": 3,
            "note": f"{self.role} is done",
            "usage": Usage(input_tokens=900, output_tokens=100, micro_usd=12) if "spend" in mine else Usage(),
            "review": _review(again="review" in mine and task.round == 1) if task.step == "check" else None,
        }
        await self._send(producer, task, TaskSucceeded.model_validate({**self._common(task), **said}))

    def _common(self, task: TaskRequested) -> dict[str, object]:
        return {
            "run_id": task.run_id,
            "subtask_id": task.subtask_id,
            "attempt": task.attempt,
            "role": task.role,
            "worker": f"{self.role}@script",
            "started_at_ms": self.clock(),
            "ended_at_ms": self.clock(),
        }

    async def _output(self, producer: Producer, task: TaskRequested, name: str) -> ContextRef:
        content = ReportText(title=name, markdown=f"{name} of {task.subtask_id}")
        body = content.to_json()
        key = f"{task.task_id}/{name}".encode()
        headers = encode_headers(Envelope(f"{task.task_id}/{name}", "/script", content.TYPE, self.clock()))
        at = await (await producer.send(Outgoing(NAMES("context"), key, body, headers)))
        return ContextRef(
            name=name,
            partition=at.partition,
            offset=at.offset,
            sha256=hashlib.sha256(body).hexdigest(),
            size_bytes=len(body),
            inline=body.decode(),
        )

    async def _send(self, producer: Producer, task: TaskRequested, message: Message) -> None:
        headers = encode_headers(Envelope(task.task_id, "/script", message.TYPE, self.clock(), task.task_id))
        await (await producer.send(Outgoing(NAMES("results"), task.run_id.encode(), message.to_json(), headers)))


def _review(*, again: bool) -> ReviewSummary:
    if not again:
        return ReviewSummary(supported=3, refuted=0, not_enough_evidence=0, passed=True)
    wanted = FollowUp(step="find", question="And what else?", question_id="q9", reason="thin evidence")
    return ReviewSummary(supported=1, refuted=1, not_enough_evidence=1, passed=False, follow_ups=(wanted,))
