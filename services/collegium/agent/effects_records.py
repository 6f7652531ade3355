"""The records of one attempt's effects: claims and outcomes for `effects`, intents and outcomes for `audit`."""

from dataclasses import dataclass
from typing import Literal

from collegium.agent.attempt import Attempt
from collegium.agent.effects import Target
from collegium.agent.effects_tail import EffectTail
from collegium.log.partitioner import partition_for
from collegium.log.port import Outgoing
from collegium.log.topics import TopicNames
from collegium_schemas.base import Message, TraceContext
from collegium_schemas.effects import EffectEnded, EffectIntended, effect_record_key
from collegium_schemas.envelope import Envelope, encode_headers
from collegium_schemas.governance import AuditRecorded

AuditDecision = Literal["allowed", "succeeded", "failed", "unknown"]
_AUDIT: dict[str, AuditDecision] = {"done": "succeeded", "failed": "failed", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class EffectRecords:
    """Writes down what one attempt does with one key.

    Args:
        attempt: Who asks.
        name: The target's name.
        target: What is changed.
        key: The effect's key, without the run's acceptance.
        names: Full topic names.
        worker: This process.
        tail: Knows how many partitions `effects` has.
        trace: The span that the records belong to.
    """

    attempt: Attempt
    name: str
    target: Target
    key: str
    names: TopicNames
    worker: str
    tail: EffectTail
    trace: TraceContext | None

    @property
    def record_key(self) -> str:
        """The key of its records in `effects`."""
        return effect_record_key(self.key, self.attempt.task.run_accepted_at_ms)

    def intended(self, intent: EffectIntended) -> Outgoing:
        """A claim."""
        return self._effect(intent, f"{intent.claim}/intent", intent.at_ms)

    def ended(self, ended: EffectEnded) -> Outgoing:
        """An outcome."""
        return self._effect(ended, f"{ended.claim}/{ended.status}", ended.at_ms)

    def audited_intent(self, intent: EffectIntended) -> Outgoing:
        """What is about to be asked for, on whose behalf."""
        return self._audit(intent.claim, "intent", "allowed", "", intent.request_sha256, intent.at_ms)

    def audited_outcome(self, ended: EffectEnded) -> Outgoing:
        """What came of it."""
        decision = _AUDIT[ended.status]
        return self._audit(ended.claim, "outcome", decision, ended.reason, ended.request_sha256, ended.at_ms)

    def _effect(self, message: EffectIntended | EffectEnded, message_id: str, at_ms: int) -> Outgoing:
        home = partition_for(self.attempt.task.run_id.encode(), self.tail.partitions)
        return self._record("effects", self.record_key, message, message_id, at_ms, home)

    def _audit(
        self,
        claim: str,
        phase: Literal["intent", "outcome"],
        decision: AuditDecision,
        reason: str,
        sha256: str,
        at_ms: int,
    ) -> Outgoing:
        task = self.attempt.task
        recorded = AuditRecorded(
            call_id=claim,
            phase=phase,
            run_id=task.run_id,
            task_id=task.task_id,
            principal=task.requester,
            actor=self.worker,
            action="effect.execute" if task.compensates is None else "effect.compensate",
            target=f"{self.target.kind}/{self.name}",
            decision=decision,
            reason=reason,
            arguments_sha256=sha256,
            at_ms=at_ms,
        )
        return self._record("audit", task.run_id, recorded, f"{claim}/{phase}", at_ms, None)

    def _record(
        self, topic: str, key: str, message: Message, message_id: str, at_ms: int, partition: int | None
    ) -> Outgoing:
        task = self.attempt.task
        envelope = Envelope(message_id, f"/collegium/{task.role}", message.TYPE, at_ms, task.task_id, self.trace)
        return Outgoing(self.names(topic), key.encode(), message.to_json(), encode_headers(envelope), partition)
