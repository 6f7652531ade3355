"""What commands print: one JSON value on standard output with `--json`, else text for people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from collegium.telemetry.visible import visible, visible_json

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from collegium_schemas.base import Contract

_ASSUMED_WIDTH: Final = 80
_PIPE_WIDTH: Final = 200

JsonValue: TypeAlias = "Mapping[str, JsonValue] | Sequence[JsonValue] | str | int | float | bool | None"


@dataclass(frozen=True)
class Output:
    """Where a command's answers and asides go. Answers go to standard output, everything else to standard error."""

    json: bool = False
    verbose: bool = False

    @cached_property
    def console(self) -> "Console":
        """Rich's console on standard output."""
        from collegium.cli.screens import SafeConsole  # rich takes longer to import than `--help` may take

        console = SafeConsole(highlight=False, markup=False)
        # No markup: what is printed comes from sources and people, and may hold brackets.
        # Without a terminal there is no width to fit into; 80 is what rich assumes when nobody says otherwise.
        wide = not console.is_terminal and console.width == _ASSUMED_WIDTH
        return SafeConsole(highlight=False, markup=False, width=_PIPE_WIDTH) if wide else console

    def answer(self, value: "JsonValue | Contract", human: "RenderableType") -> None:
        """Print the command's result: `value` with `--json`, else `human`."""
        if self.json:
            self.json_line(value)
        else:
            self.console.print(human)

    def json_line(self, value: "JsonValue | Contract") -> None:
        """Print one JSON value on one line."""
        from collegium_schemas.base import Contract  # pydantic takes longer to import than `--help` may take

        document = value.to_json().decode() if isinstance(value, Contract) else json.dumps(value, ensure_ascii=False)
        click.echo(visible_json(document))

    def text(self, text: str) -> None:
        """Print text as it is, without what would act on a terminal."""
        click.echo(visible(text))

    def aside(self, text: str) -> None:
        """Tell people something that is not the answer."""
        if not self.json:
            click.echo(visible(text), err=True)

    def detail(self, text: str) -> None:
        """Tell people who asked for `--verbose` how it was done."""
        if self.verbose:
            click.echo(visible(text), err=True)
