"""The `collegium` command: publishes objectives, shows runs, and starts the stack on one machine."""

import sys
from types import TracebackType

import click

from collegium.cli.root import Root


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="collegium")
def cli() -> None:
    """Teams of specialist agents as event-driven services on Apache Kafka."""


def main() -> None:
    """Run the command line."""
    sys.excepthook = one_line
    cli()


def one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show a fault of the program itself in one line, unless COLLEGIUM_DEBUG asks for all of it."""
    from collegium.cli.settings import DebugSettings  # settings are too slow to import for `--help`

    if DebugSettings().debug:
        sys.__excepthook__(kind, error, trace)
    else:
        detail = " ".join(str(error).split())[:500]
        click.echo(f"collegium: internal error: {kind.__name__}: {detail} (COLLEGIUM_DEBUG=1 shows where)", err=True)


if __name__ == "__main__":
    main()
