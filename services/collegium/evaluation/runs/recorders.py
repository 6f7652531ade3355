"""Put one objective to a system, or to some specialists in a row, and record what it leaves."""

import asyncio
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import uuid6

from collegium.agent.specialist import Specialist
from collegium.delivery.report import Report
from collegium.embedded.inprocess import Finished, InProcessSystem
from collegium.evaluation.runs.chaining import passed, report_of, submitted
from collegium.evaluation.runs.metering import Meter
from collegium.evaluation.runs.objectives import Objective
from collegium.evaluation.runs.provenance import Originals
from collegium.evaluation.runs.recording import Recording, course_of
from collegium.evaluation.runs.sites import PLAYBOOK, Asked, Site
from collegium.log.port import Outgoing
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.events import ApprovalRequested, RunDecided
from collegium_schemas.evidence import Evidence
from collegium_schemas.objective import Action, Intervention, ObjectiveSubmitted, RunStatus

_GRACE_S: Final = 30.0


class Chain:
    """Puts objectives through the links."""

    def __init__(self, site: Site, specialists: Mapping[str, Specialist]) -> None:
        self._site = site
        self._specialists = specialists
        self._originals = Originals(site.corpus)

    async def record(self, asked: Asked) -> Recording:
        """One objective, from its first task to what the last link left."""
        name = asked.objective.playbook or self._site.playbook or PLAYBOOK
        objective = submitted(asked.objective, self._site.corpus_name, name)
        began = time.perf_counter()
        async with asyncio.timeout(self._site.timeout_ms / 1_000 + _GRACE_S):
            found = await passed(objective, self._site.library.playbooks[name], self._site.links, self._specialists)
        ms = (time.perf_counter() - began) * 1_000
        report, evidence = report_of(objective, found), found.of(Evidence)
        return Recording(
            key=asked.key,
            objective_id=asked.objective.id,
            course=found.course,
            report=report,
            displaced=0 if report is None else self._originals.displaced(report),
            mode=evidence[-1].mode if evidence else "none",
            ms=round(ms, 3),
        )


class Runner:
    """Runs objectives in one system."""

    def __init__(self, site: Site, system: InProcessSystem, meter: Meter) -> None:
        self._site = site
        self._system = system
        self._meter = meter
        self._originals = Originals(site.corpus)

    async def record(self, asked: Asked) -> Recording:
        """One run, from sending its objective to its end."""
        objective = self._submitted(asked.objective)
        began = time.perf_counter()
        run_id = await self._system.submit(objective)
        history: list[RunDecided] = []
        async with asyncio.timeout(self._site.timeout_ms / 1_000 + _GRACE_S):
            asked_a_person = await self._followed(run_id, history)
        ms = (time.perf_counter() - began) * 1_000
        finished = await self._finished(run_id, asked_a_person=asked_a_person)
        report, size = self._report(finished)
        evidence = await self._system.output(history, Evidence)
        log_bytes, log_records = await self._meter.read(run_id)
        return Recording(
            key=asked.key,
            objective_id=asked.objective.id,
            course=course_of(history, finished),
            report=report,
            displaced=0 if report is None else self._originals.displaced(report),
            mode="none" if evidence is None else evidence.mode,
            ms=round(ms, 3),
            log_bytes=log_bytes,
            log_records=log_records,
            report_bytes=size,
        )

    def _submitted(self, objective: Objective) -> ObjectiveSubmitted:
        return ObjectiveSubmitted(
            goal=objective.goal,
            run_id=str(uuid6.uuid7()),
            corpus=self._site.corpus_name,
            playbook=objective.playbook or self._site.playbook or PLAYBOOK,
            params=objective.params,
            budget=objective.budget,
            deadline=datetime.now(UTC) + timedelta(milliseconds=self._site.timeout_ms),
            requester="evaluation",
        )

    async def _followed(self, run_id: str, history: list[RunDecided]) -> bool:
        """Read a run's decisions to its end, or until it asks a person, whom there is none of here."""
        async for decided in self._system.decisions(run_id):
            history.append(decided)
            if any(isinstance(event, ApprovalRequested) for event in decided.events):
                return True
        return False

    async def _finished(self, run_id: str, *, asked_a_person: bool) -> Finished:
        if asked_a_person:
            await self._cancel(run_id)
            return Finished(run_id, RunStatus.WAITING_APPROVAL, "a person was asked", None, None)
        return await self._system.finish(run_id)

    async def _cancel(self, run_id: str) -> None:
        word = Intervention(run_id=run_id, action=Action.CANCEL, requester="evaluation", reason="nobody answers here")
        envelope = Envelope(str(uuid6.uuid7()), "/collegium/evaluation", word.TYPE, time.time_ns() // 1_000_000, run_id)
        topic = self._system.names("interventions")
        producer = await self._system.log.producer()
        try:
            await (await producer.send(Outgoing(topic, run_id.encode(), word.to_json(), encode_headers(envelope))))
        finally:
            await producer.close()

    def _report(self, finished: Finished) -> tuple[Report | None, int]:
        """What was delivered, as its reader finds it; files of our own are removed, since the recording holds them."""
        if finished.delivery is None:
            return None, 0
        place = self._site.reports / finished.run_id
        report = Report.read((place / "report.json").read_bytes())
        size = sum(file.size_bytes for file in finished.delivery.files)
        if self._site.stack is None:
            shutil.rmtree(place)
        return report, size
