"""Tools that a role may use: each with strict input and output contracts and a time-out."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from pydantic import ValidationError

from collegium.agent.errors import ToolRefused
from collegium.agent.specialist import SpecialistFailure, Workbench
from collegium.agent.text import explain
from collegium_schemas.base import Contract
from collegium_schemas.tasks import FailureKind

In = TypeVar("In", bound=Contract)
Out = TypeVar("Out", bound=Contract)

_DEFAULT_TIMEOUT_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class Tool(Generic[In, Out]):
    """A local pure function that an agent may call."""

    name: str
    description: str
    """What it does, for whoever chooses a tool."""
    input: type[In]
    output: type[Out]
    function: Callable[[In], Out]
    timeout_ms: int = _DEFAULT_TIMEOUT_MS

    async def use(self, bench: Workbench, arguments: In) -> Out:
        """Call the tool, in a thread, with its own span.

        Raises:
            SpecialistFailure: `timeout`, `tool_error`, or `invalid_output` when the result is not what it promises.
        """
        result: object = await bench.tool(self.name, lambda: self.function(arguments), timeout_ms=self.timeout_ms)
        if not isinstance(result, self.output):
            raise SpecialistFailure(
                FailureKind.INVALID_OUTPUT,
                f"tool {self.name} returned {type(result).__name__} instead of {self.output.__name__}",
            )
        return result

    async def use_json(self, bench: Workbench, arguments: str | bytes) -> Contract:
        """The same for arguments as a model writes them; unknown and missing fields are refused.

        Raises:
            SpecialistFailure: `invalid_output` for arguments that break the tool's contract; else as `use`.
        """
        try:
            decoded = self.input.read_strict(arguments)
        except ValidationError as error:
            raise SpecialistFailure(
                FailureKind.INVALID_OUTPUT, f"the arguments of tool {self.name} break its contract: {explain(error)}"
            ) from error
        return await self.use(bench, decoded)


class AnyTool(Protocol):
    """A tool, whatever its contracts."""

    @property
    def name(self) -> str:
        """Unique in a toolbox."""
        ...

    @property
    def description(self) -> str:
        """What it does."""
        ...

    @property
    def input(self) -> type[Contract]:
        """The contract of its arguments; `model_json_schema` describes it to a model."""
        ...

    async def use_json(self, bench: Workbench, arguments: str | bytes) -> Contract:
        """Call it with arguments as a model writes them."""
        ...


class Toolbox:
    """Exactly the tools that a role permits. What it does not hold cannot be called."""

    def __init__(self, tools: Iterable[AnyTool], *, permitted: Collection[str]) -> None:
        given: dict[str, AnyTool] = {}
        for tool in tools:
            if tool.name in given:
                raise ToolRefused(tool.name, "is given twice")
            given[tool.name] = tool
        if missing := sorted(set(permitted) - given.keys()):
            raise ToolRefused(", ".join(missing), "is permitted but not given")
        self._tools = {name: tool for name, tool in given.items() if name in permitted}

    @property
    def tools(self) -> tuple[AnyTool, ...]:
        """What may be called, in the order given."""
        return tuple(self._tools.values())

    async def use(self, bench: Workbench, name: str, arguments: str | bytes) -> Contract:
        """Call a tool by name.

        Raises:
            SpecialistFailure: `policy_denied` when the role does not permit it; else as `Tool.use_json`.
        """
        tool = self._tools.get(name)
        if tool is None:
            permitted = ", ".join(self._tools) or "none"
            raise SpecialistFailure(
                FailureKind.POLICY_DENIED, f"tool {name[:100]!r} is not permitted here; permitted: {permitted}"
            )
        return await tool.use_json(bench, arguments)
