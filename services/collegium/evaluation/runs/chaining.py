"""Some specialists in a row, without an orchestrator: no retry, no second round, no delivery, nothing but their work.

Each link does the tasks that a playbook's first plan has for its role, with the parameters and inputs of that plan.
What the last link leaves is scored as if it were delivered: a draft, with its review where there is one; else every
claim and contradiction of an analysis, or every passage of the evidence, as a sentence that cites its passage.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeVar

import uuid6

from collegium.agent.effects import Effects
from collegium.agent.specialist import Specialist, SpecialistFailure, Success, Workbench
from collegium.delivery.report import Report, guarded_report
from collegium.evaluation.errors import SubjectInvalid
from collegium.evaluation.runs.objectives import Objective
from collegium.evaluation.runs.recording import Attempt, Course
from collegium.orchestrator.core.planning import first_plan
from collegium_schemas import limits
from collegium_schemas.base import Message
from collegium_schemas.evidence import (
    Analysis,
    Draft,
    Evidence,
    Passage,
    Review,
    Section,
    Sentence,
    SentenceVerdict,
    Source,
    Verdict,
)
from collegium_schemas.objective import ObjectiveSubmitted, RunStatus
from collegium_schemas.plan import SubtaskSpec
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import FailureKind, TaskRequested

M = TypeVar("M", bound=Message)
T = TypeVar("T")

_MOST_LINKS: Final = 16
_MOST_CONTRADICTIONS: Final = 200
_REFUSED: Final = "delivery"


def checked_links(links: Sequence[str], playbook: Playbook) -> tuple[str, ...]:
    """The roles of a chain, in order.

    Raises:
        SubjectInvalid: a role stands there twice, is none of the playbook's, or changes things outside.
    """
    known = tuple(dict.fromkeys(step.role for step in playbook.steps if step.role != _REFUSED))
    named = " -> ".join(links)
    if not 0 < len(links) <= _MOST_LINKS or len(set(links)) < len(links):
        raise SubjectInvalid(named, f"a chain has 1 to {_MOST_LINKS} roles, each once")
    unknown = [role for role in links if role not in known]
    if unknown:
        why = "delivery changes things outside; whole runs measure it" if unknown[0] == _REFUSED else "no such role"
        raise SubjectInvalid(named, f"{unknown[0]!r}: {why}; playbook {playbook.name} has {', '.join(known)}")
    return tuple(links)


@dataclass(slots=True)
class Passed:
    """How an objective went through a chain."""

    attempts: list[Attempt] = field(default_factory=list[Attempt])
    outputs: dict[str, list[Message]] = field(default_factory=dict[str, list[Message]])
    """Of each subtask."""
    failure: str = ""
    sure: float = 0.0
    """The least confidence of the last link's tasks."""

    def of(self, kind: type[M]) -> list[M]:
        """All outputs of one type, in order."""
        return [one for made in self.outputs.values() for one in made if isinstance(one, kind)]

    @property
    def course(self) -> Course:
        """As a run's."""
        status = RunStatus.FAILED if self.failure else RunStatus.COMPLETED
        return Course(status=status, reason=self.failure, attempts=tuple(self.attempts))


async def passed(
    objective: ObjectiveSubmitted, playbook: Playbook, links: Sequence[str], specialists: Mapping[str, Specialist]
) -> Passed:
    """Put one objective through the links; the first failure ends it.

    Args:
        objective: with its run_id.
        playbook: whose first plan the tasks are taken from.
        links: roles, in order.
        specialists: by role.
    """
    found = Passed()
    plan = first_plan(playbook, objective).added
    for role in links:
        found.sure = 1.0
        for spec in (spec for spec in plan if spec.role == role):
            began = time.perf_counter()
            done = await _attempt(specialists[role], _task(objective, spec), _Bench(found.outputs, spec.inputs))
            ms = round((time.perf_counter() - began) * 1_000, 3)
            if isinstance(done, SpecialistFailure):
                found.attempts.append(
                    Attempt(subtask=spec.subtask_id, attempt=1, strategy=spec.strategy, failure=done.kind, ms=ms)
                )
                found.failure = f"{spec.subtask_id}: {done.message}"[: limits.MAX_TEXT_CHARS]
                return found
            found.sure = min(found.sure, done.confidence)
            found.outputs[spec.subtask_id] = [one.content for one in done.outputs]
            found.attempts.append(
                Attempt(subtask=spec.subtask_id, attempt=1, strategy=spec.strategy, confidence=done.confidence, ms=ms)
            )
    return found


async def _attempt(specialist: Specialist, task: TaskRequested, bench: Workbench) -> Success | SpecialistFailure:
    try:
        return await specialist.perform(task, bench)
    except SpecialistFailure as failure:
        return failure
    except TimeoutError:
        return SpecialistFailure(FailureKind.TIMEOUT, f"{task.subtask_id} took too long")


def _task(objective: ObjectiveSubmitted, spec: SubtaskSpec) -> TaskRequested:
    now_ms = time.time_ns() // 1_000_000
    return TaskRequested(
        run_id=objective.run_id or "",
        subtask_id=spec.subtask_id,
        attempt=1,
        role=spec.role,
        step=spec.step,
        instruction=spec.instruction,
        goal=objective.goal,
        corpus=objective.corpus,
        params=spec.params,
        outputs=spec.outputs,
        round=spec.round,
        dispatched_at_ms=now_ms,
        deadline_at_ms=now_ms + spec.timeout_ms,
        requester=objective.requester,
    )


class _Bench:
    """What one task of a chain may use: outputs of earlier links, as they would have travelled, and tools."""

    def __init__(self, outputs: Mapping[str, Sequence[Message]], inputs: Sequence[str]) -> None:
        self._inputs = [one for subtask in inputs for one in outputs.get(subtask, ())]

    @property
    def effects(self) -> Effects:
        """None: a chain changes nothing outside.

        Raises:
            SpecialistFailure: always.
        """
        raise SpecialistFailure(FailureKind.UNAUTHORISED, "a chain has no right to any effect", permanent=True)

    async def inputs(self, kind: type[M], *, step: str | None = None) -> Sequence[M]:
        """Of the links before, read from their JSON."""
        del step
        return [kind.read(one.to_json()) for one in self._inputs if isinstance(one, kind)]

    async def input_sha256(self, kind: type[Message]) -> Sequence[str]:
        """Their hashes."""
        return [sha256(one.to_json()).hexdigest() for one in self._inputs if isinstance(one, kind)]

    async def tool(self, name: str, function: Callable[[], T], *, timeout_ms: int | None = None) -> T:
        """In a thread."""
        del name
        async with asyncio.timeout(None if timeout_ms is None else timeout_ms / 1_000):
            return await asyncio.to_thread(function)

    async def call(self, name: str, function: Callable[[], Awaitable[T]], *, timeout_ms: int | None = None) -> T:
        """A coroutine."""
        del name
        async with asyncio.timeout(None if timeout_ms is None else timeout_ms / 1_000):
            return await function()

    async def progress(self, note: str) -> None:
        """Nobody watches."""
        del note


def submitted(objective: Objective, corpus: str, playbook: str) -> ObjectiveSubmitted:
    """An objective of a suite as a chain takes it."""
    return ObjectiveSubmitted(
        goal=objective.goal,
        run_id=str(uuid6.uuid7()),
        corpus=corpus,
        playbook=playbook,
        params=objective.params,
        requester="evaluation",
    )


def report_of(objective: ObjectiveSubmitted, found: Passed) -> Report | None:
    """What the last link left, as a report that is as sure as that link was.

    None where it failed or left nothing that can be a report. Without a draft the link spoke of an answer: a report
    that states nothing is then as sure of that as the link was unsure.
    """
    if found.failure:
        return None
    drafts, reviews = found.of(Draft), found.of(Review)
    draft = drafts[-1] if drafts else _stood_in(objective.goal, found)
    if draft is None:
        return None
    digest = sha256(draft.to_json()).hexdigest()
    review = next((one for one in reversed(reviews) if one.draft_sha256 == digest), None)
    report = guarded_report(objective.run_id or "", draft, digest, review or _believed(draft, digest))
    silent = not drafts and not any(section.sentences for section in report.sections)
    return report.model_copy(update={"confidence": 1.0 - found.sure if silent else found.sure})


def _believed(draft: Draft, digest: str) -> Review:
    facts = [one.sentence_id for one in draft.sentences() if one.kind == "fact"]
    verdicts = tuple(SentenceVerdict(sentence_id=one, verdict=Verdict.SUPPORTED) for one in facts)
    return Review(draft_sha256=digest, verdicts=verdicts[: limits.MAX_SENTENCES])


def _stood_in(goal: str, found: Passed) -> Draft | None:
    """Claims, or else passages, as a draft."""
    evidence, analyses = found.of(Evidence), found.of(Analysis)
    if not evidence:
        return None
    passages = {ranked.passage.passage_id: ranked.passage for one in evidence for ranked in one.passages}
    said: list[tuple[str, str, list[tuple[str, Passage]]]] = []
    if analyses:
        for question in analyses[-1].questions:
            claims = [(c.text, passages[c.passage_id]) for c in question.claims if c.passage_id in passages]
            said.append((question.question_id, question.question, claims if question.answered else []))
    else:
        said = [(e.question_id, e.question, [(r.passage.text, r.passage) for r in e.passages]) for e in evidence]
    cited = dict.fromkeys(passage.passage_id for _, _, sentences in said for _, passage in sentences)
    numbers = {name: number for number, name in enumerate(list(cited)[: limits.MAX_SOURCES], 1)}
    sections = tuple(_section(*one, numbers) for one in said[: limits.MAX_FAN_OUT])
    return Draft(
        title="What a chain left",
        goal=goal[: limits.MAX_PASSAGE_CHARS],
        sections=sections,
        disagreements=tuple(_disagreements(analyses[-1], numbers)) if analyses else (),
        sources=tuple(Source(number=number, passage=passages[name]) for name, number in numbers.items()),
    )


def _disagreements(analysis: Analysis, numbers: Mapping[str, int]) -> Iterator[Sentence]:
    claims = {claim.claim_id: claim for question in analysis.questions for claim in question.claims}
    found = [one for question in analysis.questions for one in question.contradictions]
    for at, one in enumerate(found[:_MOST_CONTRADICTIONS]):
        sides = [claims.get(one.first_claim_id), claims.get(one.second_claim_id)]
        cited = [(side, numbers[side.passage_id]) for side in sides if side is not None and side.passage_id in numbers]
        if len(cited) == len(sides):
            yield Sentence(sentence_id=f"d{at}", text=f"On {one.about}:", kind="frame")
            for side, (claim, number) in enumerate(cited):
                yield Sentence(sentence_id=f"d{at}.{side}", text=claim.text, kind="fact", citations=(number,))


def _section(
    question_id: str, question: str, said: Sequence[tuple[str, Passage]], numbers: Mapping[str, int]
) -> Section:
    sentences = tuple(
        Sentence(
            sentence_id=f"{question_id}.{at}",
            text=text[: limits.MAX_PASSAGE_CHARS],
            kind="fact",
            citations=(numbers[passage.passage_id],),
            question_id=question_id,
        )
        for at, (text, passage) in enumerate(said[: limits.MAX_CLAIMS])
        if passage.passage_id in numbers
    )
    return Section(question_id=question_id, heading=question[: limits.MAX_TEXT_CHARS], sentences=sentences)
