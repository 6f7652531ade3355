"""A small outside world with effects to be executed and undone, for tests of effects, simulation and chaos.

`SAGA` books, pays and confirms: two effects with compensations, then a step that can be told to fail. `Effector` does
all three; as a process: `python tests/effect_worlds.py DIRECTORY [ROLE [KIND]]`. Each change of the outside world is
one `*.json` file there, written by nobody but the target: `executed` counts what happened how often.
"""

import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from collegium.agent.effects import EffectCall, Found, NotDone, Sought, Target
from collegium.agent.service import main
from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import SpecialistFailure, Success, Workbench
from collegium.orchestrator.playbooks import parse_playbook
from collegium_schemas.tasks import FailureKind, TaskRequested

ROLE = "effector"

SAGA_YAML = """\
name: saga
params: {fail: ""}
steps:
  - id: book
    role: effector
    instruction: book it
    effects: [alpha]
    compensate: {instruction: cancel the booking, retry: {max_attempts: 5, base_delay_ms: 50, max_delay_ms: 500}}
    retry: {base_delay_ms: 50, max_delay_ms: 500}
  - id: pay
    role: effector
    instruction: pay it
    after: [book]
    effects: [beta]
    compensate: {instruction: pay it back, retry: {max_attempts: 5, base_delay_ms: 50, max_delay_ms: 500}}
    retry: {base_delay_ms: 50, max_delay_ms: 500}
  - id: confirm
    role: effector
    instruction: confirm it
    after: [pay]
    retry: {base_delay_ms: 50, max_delay_ms: 500}
"""
"""An objective's parameter `fail: confirm` makes its last step fail for good, so that both effects are undone."""

SAGA = parse_playbook(SAGA_YAML, "saga")


@dataclass
class JournalTarget:
    """A target that is a directory. All processes that share the directory share the target."""

    directory: Path
    name: str
    deduplicates: bool = True
    answers: bool = True
    """False: it can never say what happened."""
    timeout_ms: int = 2_000

    @property
    def kind(self) -> str:
        """Journals."""
        return "journal"

    async def call(self, call: EffectCall) -> str:
        """Make the change; a deduplicating target does so once for each key, and never after a withdrawal."""
        if call.withdraws is not None and self.deduplicates:
            self._write(call.withdraws, {"key": call.withdraws, "prevented": True})
        change = {"target": self.name, "key": call.key, "withdraws": call.withdraws, "pid": os.getpid()}
        return f"{self.name} changed" if self._write(call.key, change) else "again"

    async def find(self, key: str) -> Sought:
        """Whether the key's change has happened."""
        if not self.answers:
            return Sought(Found.CANNOT_TELL)
        done = any(entry["key"] == key for entry in entries(self.directory))
        return Sought(Found.DONE, "found") if done else Sought(Found.ABSENT)

    def _write(self, key: str, change: dict[str, object]) -> bool:
        """One file for each change, which is there whole or not at all; False when the key has one already."""
        self.directory.mkdir(parents=True, exist_ok=True)
        draft = self.directory / f".{uuid4().hex}"
        draft.write_text(json.dumps({**change, "at_ns": time.time_ns()}))
        place = hashlib.sha256(key.encode()).hexdigest() + ("" if self.deduplicates else f".{uuid4().hex}")
        try:
            (self.directory / f"{place}.json").hardlink_to(draft)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True


def entries(directory: Path) -> list[dict[str, str]]:
    """Every change that happened, in order."""
    found = [json.loads(path.read_text()) for path in directory.glob("*.json")]
    return sorted((entry for entry in found if "prevented" not in entry), key=lambda entry: entry["at_ns"])


def executed(directory: Path) -> Counter[str]:
    """How often each key's change happened."""
    return Counter(entry["key"] for entry in entries(directory))


@dataclass
class Effector:
    """Executes the effects that its task grants, undoes them in a compensation, and fails where it is told to."""

    targets: Mapping[str, Target]
    role: str = ROLE
    performed: list[str] = field(default_factory=list[str])

    @property
    def effect_targets(self) -> Mapping[str, Target]:
        """What it can change."""
        return self.targets

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Execute or undo, each effect in the task's order."""
        self.performed.append(task.task_id)
        if task.compensates is not None:
            undone = [name for name in task.effects if await bench.effects.withdraw(name) is not None]
            return Success(note=f"undone: {', '.join(undone) or 'nothing'}")
        if task.params.get("fail") == task.step:
            raise SpecialistFailure(FailureKind.TOOL_ERROR, "told to fail", permanent=True)
        for name in task.effects:
            await bench.effects.execute(name, f"{task.step} for {task.goal}".encode())
        return Success(note=f"done: {', '.join(task.effects) or 'nothing'}")


def build(directory: Path, role: str = ROLE, kind: str = "deduplicates") -> Effector:
    """The effector as a process has it: two targets.

    Args:
        directory: The world outside.
        role: Its role.
        kind: `deduplicates`, `answers` (it can be asked, but does not deduplicate) or `mute` (neither).
    """
    made = [
        JournalTarget(directory, name, deduplicates=kind == "deduplicates", answers=kind != "mute")
        for name in ("alpha", "beta")
    ]
    return Effector({target.name: target for target in made}, role=role)


class Refusing(JournalTarget):
    """A journal that refuses everything."""

    async def call(self, call: EffectCall) -> str:
        """Refuse."""
        raise NotDone(FailureKind.POLICY_DENIED, "refused", permanent=True)


def _process(settings: AgentSettings) -> Effector:
    return build(Path(sys.argv[1]), *sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main(_process))
