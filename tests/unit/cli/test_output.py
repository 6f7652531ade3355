"""What commands print cannot act on the terminal that shows it."""

import json

import pytest
from click.testing import CliRunner
from rich.table import Table
from rich.text import Text

from collegium.cli.__main__ import cli
from collegium.cli.output import Output

HOSTILE = "pwned [red]x[/red]\x1b[2J\x1b]0;title\x07\r\u009b31m\u202ereversed"
ACTING = ("\x1b", "\x07", "\r", "\u009b", "\u202e")


def assert_harmless(shown: str) -> None:
    """Nothing of what acts is left, and the words are."""
    assert not [character for character in ACTING if character in shown]
    assert "pwned [red]x[/red]" in shown


def test_tables_and_texts_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in a cell, in styled text or in plain lines are shown, not obeyed."""
    out = Output(verbose=True)
    table = Table()
    table.add_column("GOAL", no_wrap=True)
    table.add_row(HOSTILE)
    for tell in (
        lambda: out.answer(None, table),
        lambda: out.answer(None, Text(HOSTILE, "bold")),
        lambda: out.text(HOSTILE),
        lambda: out.aside(HOSTILE),
        lambda: out.detail(HOSTILE),
    ):
        tell()
        told = capsys.readouterr()
        assert_harmless(told.out + told.err)


def test_json_is_harmless_and_the_same_value(capsys: pytest.CaptureFixture[str]) -> None:
    """Acting characters are JSON escapes, so that programs read what was meant."""
    Output(json=True).json_line({"goal": HOSTILE})
    told = capsys.readouterr().out
    assert_harmless(told)
    assert json.loads(told) == {"goal": HOSTILE}


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_errors_are_harmless(form: list[str]) -> None:
    """An error that repeats an argument does not pass its escape sequences on."""
    result = CliRunner().invoke(cli, ["playbook", "check", *form, HOSTILE])
    assert result.exit_code == 3
    assert_harmless(result.stderr)


def test_a_data_directory_that_cannot_be_written_is_one_line() -> None:
    """The error names the place and what to do, without a stack."""
    result = CliRunner().invoke(cli, ["up", "--detach"], env={"COLLEGIUM_DATA_DIR": "/dev/null/data"})
    assert result.exit_code == 1
    told = result.stderr.strip()
    assert told.endswith("check that it is there and may be written (COLLEGIUM_DATA_DIR)")
    assert "/dev/null" in told
    assert "Traceback" not in told
