"""The reasoning loop: perceive the situation, choose an action, act through the toolbox, observe; bounded."""

from dataclasses import dataclass
from typing import Protocol, assert_never

from collegium.agent.specialist import SpecialistFailure, Success, Workbench
from collegium.agent.toolbox import Toolbox
from collegium_schemas.base import Contract
from collegium_schemas.tasks import FailureKind, TaskRequested


@dataclass(frozen=True, slots=True)
class UseTool:
    """Call a tool."""

    tool: str
    arguments: str
    """JSON, as the tool's input contract asks."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The attempt is done."""

    success: Success


Action = UseTool | Finish


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of a tool call: its result, or how it failed, which a strategy may work around."""

    action: UseTool
    result: Contract | SpecialistFailure


@dataclass(frozen=True, slots=True)
class Situation:
    """What a strategy knows when it chooses."""

    task: TaskRequested
    observations: tuple[Observation, ...]
    """So far, oldest first."""
    steps_left: int
    """Actions that may still be chosen, this one included."""


class Strategy(Protocol):
    """How a specialist reasons: deterministic, or with a model."""

    async def choose(self, situation: Situation, bench: Workbench) -> Action:
        """The next action.

        Raises:
            SpecialistFailure: there is no way to go on.
        """
        ...


async def reason(
    strategy: Strategy, toolbox: Toolbox, task: TaskRequested, bench: Workbench, *, max_steps: int
) -> Success:
    """Run the loop to its end. The attempt's deadline bounds it in time.

    Raises:
        SpecialistFailure: the strategy gave up, asked for a tool that the role does not permit, or did not finish
            within `max_steps` actions (`invalid_output`, so that the orchestrator re-plans or falls back).
    """
    observations: tuple[Observation, ...] = ()
    for step in range(max_steps):
        situation = Situation(task, observations, max_steps - step)
        action = await strategy.choose(situation, bench)
        match action:
            case Finish(success):
                return success
            case UseTool():
                observations = (*observations, await _act(action, toolbox, bench))
            case _:
                assert_never(action)
    raise SpecialistFailure(
        FailureKind.INVALID_OUTPUT, f"the {task.role} agent did not finish within {max_steps} steps"
    )


async def _act(action: UseTool, toolbox: Toolbox, bench: Workbench) -> Observation:
    try:
        return Observation(action, await toolbox.use(bench, action.tool, action.arguments))
    except SpecialistFailure as failure:
        if failure.kind is FailureKind.POLICY_DENIED:
            raise
        return Observation(action, failure)
