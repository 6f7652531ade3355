"""The root of the command tree: lists commands quickly, and turns errors into one line and an exit code."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click

from collegium.cli import discovery, exits
from collegium.cli.errors import CliError
from collegium.cli.exits import Exit
from collegium.telemetry.visible import visible, visible_json


class Root(click.Group):
    """`collegium`: its commands are found by name and imported when used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in order."""
        return discovery.command_names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        return discovery.load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line for each command, without importing it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, discovery.summary(name)) for name in self.list_commands(ctx)])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples and the table of exit codes."""
        formatter.write_paragraph()
        formatter.write('Example:\n  collegium submit "What changed in producer defaults?" --watch\n\n')
        formatter.write(f"Exit codes:\n{exits.table()}\n")

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's own signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 - click's own signature
        **extra: Any,  # noqa: ANN401 - click's own signature
    ) -> NoReturn:
        """Run a command and exit with the code that its end stands for."""
        given = list(sys.argv[1:] if args is None else args)

        def run() -> object:
            return click.Group.main(
                self, given, prog_name, complete_var, standalone_mode=False, windows_expand_args=windows_expand_args
            )

        sys.exit(_ended(run, as_json="--json" in given))


def _ended(run: Callable[[], object], *, as_json: bool) -> int:
    try:
        code = run()
    except click.ClickException as error:
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = f" (see `{context.command_path} --help`)" if context else ""
        return _report("usage", error.format_message() + hint, Exit(error.exit_code), as_json=as_json)
    except CliError as error:
        return _report(error.kind, error.message, error.exit, as_json=as_json)
    except OSError as error:
        if error.filename is None:
            raise  # no file: a fault of the program, not of the place that the user chose
        message = f"{error.filename}: {error.strerror}: check that it is there and may be written (COLLEGIUM_DATA_DIR)"
        return _report("failed", message, Exit.FAILED, as_json=as_json)
    except (click.Abort, KeyboardInterrupt):
        return _report("interrupted", "interrupted", Exit.INTERRUPTED, as_json=as_json)
    return code if isinstance(code, int) else Exit.OK


def _report(kind: str, message: str, code: Exit, *, as_json: bool) -> int:
    if as_json:
        fault = {"error": kind, "message": message, "exit_code": int(code)}
        click.echo(visible_json(json.dumps(fault, ensure_ascii=False)), err=True)
    else:
        click.echo(f"collegium: {visible(message)}", err=True)
    return code
