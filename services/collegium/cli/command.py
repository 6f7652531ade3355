"""How a command is declared: its function, an example for its help, and the options that every command has."""

import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec

import click

from collegium.cli.output import Output
from collegium.cli.session import Session

P = ParamSpec("P")


class ExampleCommand(click.Command):
    """A command whose help ends with examples."""

    examples: tuple[str, ...] = ()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, as they are typed."""
        formatter.write("\nExample:\n" + "".join(f"  {example}\n" for example in self.examples))


def command(
    *examples: str, name: str | None = None
) -> Callable[[Callable[Concatenate[Session, P], object]], ExampleCommand]:
    """Declare a command. Its function is given a `Session` first; what it returns as int is the exit code.

    Args:
        examples: Command lines for the help; at least one.
        name: The command's name when its function has another.
    """

    def declare(function: Callable[Concatenate[Session, P], object]) -> ExampleCommand:
        def run(*args: P.args, **kwargs: P.kwargs) -> object:
            as_json, verbose = bool(kwargs.pop("as_json")), bool(kwargs.pop("verbose"))
            _log_to_stderr(verbose=verbose)
            return function(Session(Output(json=as_json, verbose=verbose)), *args, **kwargs)

        run.__name__ = function.__name__
        run.__doc__ = function.__doc__
        run.__click_params__ = getattr(function, "__click_params__", [])  # pyright: ignore[reportFunctionMemberAccess] - where click's decorators keep options
        declared = click.command(name, cls=ExampleCommand)(_common_options(run))
        declared.examples = examples
        return declared

    return declare


def _log_to_stderr(*, verbose: bool) -> None:
    """Libraries and services in this process speak up only when asked to, or when something is broken."""
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(levelname)s %(name)s: %(message)s")


def _common_options(function: Callable[..., object]) -> Callable[..., object]:
    function = click.option("-v", "--verbose", is_flag=True, help="Say on standard error how it is done.")(function)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(function)


def family(**commands: click.Command) -> Callable[[Callable[[], None]], click.Group]:
    """Declare a command with subcommands."""

    def declare(function: Callable[[], None]) -> click.Group:
        group = click.group(commands=dict(commands))(function)
        return group

    return declare
