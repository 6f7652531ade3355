"""Evidence, tasks and a workbench for tests of analysis, drafting, verification and delivery."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from collegium.agent.effects import EffectCall, NotDone, Target
from collegium.agent.specialist import SpecialistFailure, Success
from collegium.delivery.specialist import DeliverySpecialist
from collegium_schemas.base import Message
from collegium_schemas.evidence import Evidence, Passage, RankedPassage
from collegium_schemas.tasks import TaskRequested

M = TypeVar("M", bound=Message)
T = TypeVar("T")
RUN_ID = "01932c07-7a3e-7c64-8f0e-2b7d5e1c9a10"
_PASSAGES = Path(__file__).parent / "data" / "kafka_docs" / "passages.jsonl"


def sha256(text: str | bytes) -> str:
    """The hash that context entries and passages carry."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def passage(
    text: str, *, document: str = "docs/page.html", version: str | None = None, heading: str = "", start: int = 0
) -> Passage:
    """A passage as retrieval makes it."""
    return Passage(
        passage_id=f"{document}:{start}",
        document_id=document,
        title=f"Title of {document}",
        heading=heading,
        version=version,
        start=start,
        end=start + len(text),
        text=text,
        sha256=sha256(text),
        document_sha256=sha256(document),
    )


def evidence(question: str, *passages: Passage, question_id: str = "q1") -> Evidence:
    """What retrieval returned for a question, best first."""
    ranked = tuple(RankedPassage(passage=p, score=10.0 - n / 10, coverage=0.9) for n, p in enumerate(passages))
    return Evidence(
        question_id=question_id,
        question=question,
        corpus="default",
        corpus_snapshot="0" * 64,
        documents_searched=20,
        mode="bm25",
        passages=ranked,
    )


def kafka_passages() -> list[Passage]:
    """Real passages of Apache Kafka's documentation (see the ATTRIBUTION beside them)."""
    rows = [json.loads(line) for line in _PASSAGES.read_text(encoding="utf-8").splitlines()]
    return [
        passage(
            row["text"], document=row["document"], version=row["version"], heading=row["heading"], start=row["start"]
        )
        for row in rows
    ]


def setting_page(version: str, acks: str, idempotence: str) -> list[Passage]:
    """Two entries of a configuration reference, as retrieval writes them."""
    page = f"{version}/producer_config.html"
    about_acks = (
        "The number of acknowledgments the producer requires the leader to have received before considering a request "
        f"complete.\n\nType: string; Default: {acks}; Valid Values: [all, -1, 0, 1]; Importance: high"
    )
    about_idempotence = (
        "When set to 'true', the producer will ensure that exactly one copy of each message is written in the stream."
        f"\n\nType: boolean; Default: {idempotence}; Importance: low"
    )
    return [
        passage(about_acks, document=page, version=version, heading="acks", start=100),
        passage(about_idempotence, document=page, version=version, heading="enable.idempotence", start=900),
    ]


def task(
    role: str, goal: str, *, subtask_id: str | None = None, attempt: int = 1, round_number: int = 1
) -> TaskRequested:
    """One attempt at a step of the playbook."""
    return TaskRequested(
        run_id=RUN_ID,
        subtask_id=subtask_id or role,
        attempt=attempt,
        role=role,
        step=role,
        instruction=f"Do {role}",
        goal=goal,
        corpus="default",
        round=round_number,
        effects=("reports",) if role == "delivery" else (),
        dispatched_at_ms=0,
        deadline_at_ms=60_000,
    )


class DirectDesk:
    """A desk that calls the target at once: what the target itself does about repetition is all there is."""

    def __init__(self, asked: TaskRequested, targets: Mapping[str, Target]) -> None:
        self._task = asked
        self._targets = targets

    async def execute(self, name: str, content: bytes) -> str:
        """Call it."""
        return await self._call(name, EffectCall(f"{self._task.run_id}/{self._task.subtask_id}/{name}", content))

    async def withdraw(self, name: str) -> str | None:
        """Call it to undo."""
        task = self._task
        undone = f"{task.run_id}/{task.compensates}/{name}"
        return await self._call(name, EffectCall(f"{task.run_id}/{task.subtask_id}/{name}", b"", undone))

    async def _call(self, name: str, call: EffectCall) -> str:
        try:
            return await self._targets[name].call(call)
        except NotDone as error:
            raise SpecialistFailure(error.kind, error.message, permanent=error.permanent) from error


async def perform_delivery(specialist: DeliverySpecialist, asked: TaskRequested, *inputs: Message) -> Success:
    """One attempt of delivery with a desk."""
    return await specialist.perform(asked, Bench(*inputs, effects=DirectDesk(asked, specialist.effect_targets)))


class Bench:
    """A workbench over given inputs that runs tools at once; every input passes through its JSON, as in a run."""

    def __init__(self, *inputs: Message, effects: "DirectDesk | None" = None) -> None:
        self._inputs = [type(one).read(one.to_json()) for one in inputs]
        self._effects = effects
        self.tools: list[str] = []

    @property
    def effects(self) -> "DirectDesk":
        """The desk that was given."""
        assert self._effects is not None, "this bench was given no desk"
        return self._effects

    async def inputs(self, kind: type[M], *, step: str | None = None) -> Sequence[M]:
        """The inputs of one type, in order."""
        del step
        return [one for one in self._inputs if isinstance(one, kind)]

    async def input_sha256(self, kind: type[Message]) -> Sequence[str]:
        """Their hashes."""
        return [sha256(one.to_json()) for one in self._inputs if isinstance(one, kind)]

    async def tool(self, name: str, function: Callable[[], T], *, timeout_ms: int | None = None) -> T:
        """Run it, and remember its name."""
        del timeout_ms
        self.tools.append(name)
        return function()

    async def call(self, name: str, function: Callable[[], Awaitable[T]], *, timeout_ms: int | None = None) -> T:
        """The same for a coroutine."""
        del timeout_ms
        self.tools.append(name)
        return await function()

    async def progress(self, note: str) -> None:
        """Nobody watches."""
        del note


def output(success: Success, kind: type[M]) -> M:
    """The output of one type."""
    return next(one.content for one in success.outputs if isinstance(one.content, kind))
