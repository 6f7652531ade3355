"""What a run's state must be after each decision: the fold of run-events, written anew over plain JSON.

It follows docs/contracts.md, not the product's code: objects are dictionaries in the order in which the contract lists
their fields, absent values are left out, and unknown kinds of events are an error rather than nothing.
"""

from dataclasses import dataclass, field
from typing import Final

from chaos.checker.canonical import Object, Value, member, members, number, text, word

HEADER: Final[dict[str, Value]] = {
    "run_id": None,
    "version": None,
    "status": None,
    "playbook": None,
    "plan_version": 0,
    "round": 1,
    "open_subtasks": 0,
    "steps": 0,
    "usage": {"input_tokens": 0, "output_tokens": 0, "micro_usd": 0},
    "objective_sha256": None,
    "accepted_at_ms": None,
    "updated_at_ms": None,
    "deadline_at_ms": None,
    "ended_at_ms": None,
    "reason": "",
    "limit": None,
    "ending": None,
    "effects": [],
    "trace": None,
    "trace_parent": None,
}
"""Fields of a run's header in their order, with what they are when nothing else was said."""

SUBTASK: Final[dict[str, Value]] = {
    "spec": None,
    "status": "pending",
    "attempt": 0,
    "strategy": "deterministic",
    "dispatched_at_ms": None,
    "deadline_at_ms": None,
    "retry_at_ms": None,
    "outputs": [],
    "confidence": None,
    "review": None,
    "failure": None,
    "trace": None,
    "effect_word": None,
    "ended_version": None,
}
"""The same for a subtask."""


class FoldError(ValueError):
    """A history that makes no sense."""


@dataclass(slots=True)
class RunFold:
    """One run, decision by decision."""

    version: int = 0
    header: Object | None = None
    objective: Value = None
    plan: Object | None = None
    subtasks: dict[str, Object] = field(default_factory=dict[str, Object])

    def take(self, decided: Object) -> None:
        """Apply one record of run-events.

        Raises:
            FoldError: it does not follow on the ones before.
        """
        version, now_ms = number(decided, "version"), number(decided, "at_ms")
        if version != self.version + 1:
            raise FoldError(f"version {version} after {self.version}")
        self.version = version
        for event in members(decided, "events"):
            self._apply(event, word(decided, "run_id"), now_ms)
        if self.header is not None:
            self.header |= {"version": version, "updated_at_ms": now_ms}

    def parts(self) -> dict[str, bytes]:
        """The run's records in run-state by part, byte for byte."""
        if self.header is None:
            return {}
        parts = {"header": _present(self.header)}
        if self.objective is not None:
            parts["objective"] = text({"objective": self.objective})
        if self.plan is not None:
            parts["plan"] = text(self.plan)
        return parts | {f"subtask/{name}": _present(subtask) for name, subtask in self.subtasks.items()}

    def _apply(self, event: Object, run_id: str, now_ms: int) -> None:
        match word(event, "type"):
            case "run_accepted":
                self._open(event, run_id, now_ms)
                objective = self.objective = member(event, "objective")
                self._set(status="planning", playbook=objective.get("playbook"))
                self._set(deadline_at_ms=event.get("deadline_at_ms"))
            case "run_rejected":
                self._open(event, run_id, now_ms)
                self._set(status="failed", ended_at_ms=now_ms, reason=word(event, "reason"))
            case "plan_adopted":
                self._adopt(member(event, "change"))
            case "run_paused":
                self._set(status="paused")
            case "run_resumed":
                self._set(status=self._unpaused())
            case "run_ending":
                ending = {name: event[name] for name in ("status", "reason", "limit", "requester") if name in event}
                self._set(status="running", ending=ending, deadline_at_ms=event["deadline_at_ms"])
            case "run_ended":
                self._end(event, now_ms)
            case "run_archived":
                self.header, self.objective, self.plan, self.subtasks = None, None, None, {}
            case "input_refused":
                pass
            case _:
                self._attempt(event, now_ms)

    def _attempt(self, event: Object, now_ms: int) -> None:
        subtask = self._subtask(event)
        match word(event, "type"):
            case "attempt_dispatched":
                told = {name: event[name] for name in ("attempt", "strategy", "deadline_at_ms")}
                subtask |= {"status": "running", "dispatched_at_ms": now_ms, "retry_at_ms": None} | told
                self._set(steps=self._number("steps") + 1)
            case "attempt_succeeded":
                told = {name: event.get(name) for name in ("outputs", "confidence", "review", "trace")}
                subtask |= {"status": "succeeded", "failure": None} | told
                self._ended(subtask)
                self._spend(event)
            case "attempt_failed":
                subtask["failure"] = event["failure"]
                self._spend(event)
            case "retry_scheduled":
                subtask |= {"status": "backoff", "retry_at_ms": event["at_ms"], "strategy": event["strategy"]}
            case "subtask_failed":
                subtask |= {"status": "failed", "failure": event["failure"]}
                self._ended(subtask)
            case "approval_requested":
                subtask["status"] = "waiting"
                self._wait()
            case "approval_answered":
                self._answered(subtask, event, now_ms)
            case other:
                raise FoldError(f"an event of the unknown kind {other!r}: teach the checker what it does")

    def _answered(self, subtask: Object, event: Object, now_ms: int) -> None:
        action = word(event, "action")
        assume = "done" if action == "approve" else "absent"
        subtask["effect_word"] = {"assume": assume, "through_attempt": event["attempt"]}
        if action != "deny":
            subtask |= {"status": "backoff", "retry_at_ms": now_ms}
            self._wait()

    def _open(self, event: Object, run_id: str, now_ms: int) -> None:
        if self.header is not None:
            raise FoldError("accepted twice")
        traces = {name: event.get(name) for name in ("objective_sha256", "trace", "trace_parent")}
        self.header = HEADER | {"run_id": run_id, "accepted_at_ms": now_ms} | traces

    def _adopt(self, change: Object) -> None:
        removed, added = change.get("removed"), members(change, "added")
        gone = [name for name in removed if isinstance(name, str)] if isinstance(removed, list) else []
        for name in gone:
            del self.subtasks[name]
        for spec in added:
            own: Object = {"spec": spec, "strategy": spec["strategy"]}
            self.subtasks[word(spec, "subtask_id")] = SUBTASK | own
        names: list[Value] = list(self.subtasks)
        self.plan = {"version": change["version"], "reason": change["reason"], "subtask_ids": names}
        if self._live()["status"] == "planning":
            self._set(status="running")
        still_open = self._number("open_subtasks") + len(added) - len(gone)
        self._set(plan_version=change["version"], round=change["round"], open_subtasks=still_open)

    def _end(self, event: Object, now_ms: int) -> None:
        """A terminal run keeps its header alone."""
        effects: list[Value] = [
            f"{name}/{effect}"
            for name, subtask in self.subtasks.items()
            if subtask["attempt"]
            for effect in _names(member(subtask, "spec").get("effects"))
        ]
        self._set(
            status=event["status"],
            reason=event["reason"],
            limit=event.get("limit"),
            ended_at_ms=now_ms,
            effects=effects,
        )
        self.objective, self.plan, self.subtasks = None, None, {}

    def _ended(self, subtask: Object) -> None:
        self._set(open_subtasks=self._number("open_subtasks") - 1)
        if member(subtask, "spec").get("compensate") is not None:
            subtask["ended_version"] = self.version

    def _spend(self, event: Object) -> None:
        before, more = member(self._live(), "usage"), member(event, "usage")
        self._set(usage={name: number(before, name) + number(more, name) for name in before})

    def _wait(self) -> None:
        if self._live()["status"] != "paused":
            self._set(status=self._unpaused())

    def _unpaused(self) -> str:
        waiting = any(subtask["status"] == "waiting" for subtask in self.subtasks.values())
        return "waiting_approval" if waiting else "running"

    def _subtask(self, event: Object) -> Object:
        found = self.subtasks.get(word(event, "subtask_id"))
        if found is None:
            raise FoldError(f"{event.get('type')} of subtask {event.get('subtask_id')}, which is not in the plan")
        return found

    def _live(self) -> Object:
        if self.header is None:
            raise FoldError("an event of a run that does not exist")
        return self.header

    def _number(self, name: str) -> int:
        return number(self._live(), name)

    def _set(self, **fields: Value) -> None:
        self._live().update(fields)


def _present(fields: Object) -> bytes:
    return text({name: value for name, value in fields.items() if value is not None})


def _names(value: Value) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
