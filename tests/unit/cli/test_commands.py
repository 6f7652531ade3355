"""What every command has: an example, --json, a summary, and errors of one line with an exit code."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from collegium.cli import discovery
from collegium.cli.__main__ import cli
from collegium.cli.exits import MEANINGS, Exit


def leaves() -> Iterator[tuple[str, ...]]:
    """The words of every command without subcommands."""
    for name in discovery.command_names():
        found = discovery.load(name)
        if isinstance(found, click.Group):
            yield from ((name, sub) for sub in found.commands)
        else:
            yield (name,)


def run(*words: str, env: dict[str, str] | None = None) -> Result:
    """Run a command line in a process without connection settings."""
    cleared = {"COLLEGIUM_KAFKA_BOOTSTRAP": None, "COLLEGIUM_LEDGER_URL": None, "COLLEGIUM_DATA_DIR": "nowhere"}
    return CliRunner().invoke(cli, list(words), env={**cleared, **(env or {})})


@pytest.mark.parametrize("words", list(leaves()), ids=" ".join)
def test_every_command_has_an_example_and_json(words: tuple[str, ...]) -> None:
    """`--help` names --json and ends with an example that begins with the command itself."""
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout
    _, _, example = result.stdout.partition("\nExample:\n")
    assert example.strip().startswith(f"collegium {' '.join(words)}"), result.stdout


@pytest.mark.parametrize("words", list(leaves()), ids=" ".join)
def test_every_example_is_a_valid_command_line(words: tuple[str, ...]) -> None:
    """The options in the examples exist."""
    found = discovery.load(words[0])
    command = found.commands[words[1]] if isinstance(found, click.Group) else found
    assert command is not None
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for example in getattr(command, "examples", ()):
        used = {word for word in example.split() if word.startswith("--")}
        assert used <= known


def test_the_list_shows_a_summary_of_every_command() -> None:
    """`collegium --help` lists each command with the first line of its module, and the exit codes."""
    result = run("--help")
    assert result.exit_code == 0
    for name in discovery.command_names():
        assert len(discovery.summary(name)) > 10
        assert f"\n  {name} " in result.stdout
    for code, meaning in MEANINGS.items():
        assert f"{int(code)}  {meaning}" in result.stdout


def test_listing_the_commands_imports_none_of_them() -> None:
    """`collegium --help` stays quick because nothing heavy is imported for it."""
    program = (
        "import sys\n"
        "from collegium.cli.__main__ import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pydantic', 'aiokafka', 'rich', 'numpy', 'opentelemetry', 'aiohttp'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_command_is_a_usage_error() -> None:
    """It exits 2 with one line."""
    result = run("nonsense")
    assert result.exit_code == Exit.USAGE
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("runs",), Exit.KAFKA_UNREACHABLE, "collegium up"),
        (("show", "latest"), Exit.KAFKA_UNREACHABLE, "COLLEGIUM_KAFKA_BOOTSTRAP"),
        (("show", "not a run"), Exit.USAGE, "give a run_id"),
        (("submit",), Exit.USAGE, "say what the run is for"),
        (("submit", "???"), Exit.USAGE, "goal"),
        (("submit", "Why?", "--deadline", "soon"), Exit.USAGE, "write 10m"),
        (("submit", "Why?", "--deadline", "2020-01-01T00:00:00Z"), Exit.USAGE, "in the past"),
        (("submit", "Why?", "--run-id", "7"), Exit.USAGE, "run_id"),
        (("submit", "--file", "missing.json"), Exit.NOT_FOUND, "missing.json"),
        (("submit", "Why?", "--budget-steps", "0"), Exit.USAGE, "--budget-steps"),
        (("playbook", "check", "missing.yaml"), Exit.NOT_FOUND, "missing.yaml"),
        (("playbook", "graph", "nothing"), Exit.NOT_FOUND, "research-report"),
        (("corpus", "add", "missing-dir"), Exit.NOT_FOUND, "missing-dir"),
        (("corpus", "list", "--corpus", "nothing"), Exit.NOT_FOUND, "collegium corpus add"),
        (("corpus", "list", "--corpus", "../x"), Exit.USAGE, "no corpus name"),
        (("status",), Exit.NOT_FOUND, "collegium up"),
        (("down",), Exit.NOT_FOUND, "collegium up"),
        (("scale", "retrieval=2"), Exit.NOT_FOUND, "collegium up"),
        (("scale", "retrieval"), Exit.USAGE, "retrieval=3"),
        (("run", "Why?", "--corpus", "missing-dir"), Exit.NOT_FOUND, "missing-dir"),
    ],
)
def test_errors_are_one_line_that_says_what_to_do(words: tuple[str, ...], code: Exit, says: str) -> None:
    """Standard error has one line without a stack, and the exit code is the documented one."""
    result = run(*words)
    assert result.exit_code == code, result.stderr
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    assert not result.stdout


def test_with_json_an_error_is_json_too() -> None:
    """Programs find the kind of error and the exit code on standard error, and nothing on standard output."""
    result = run("show", "not a run", "--json")
    fault = json.loads(result.stderr)
    assert fault["error"] == "usage"
    assert fault["exit_code"] == result.exit_code == Exit.USAGE
    assert not result.stdout


def test_a_wrong_setting_is_named() -> None:
    """A variable of the environment that cannot be used exits 2 and is named without its value."""
    result = run("runs", env={"COLLEGIUM_KAFKA_SECURITY_PROTOCOL": "s3cret"})
    assert result.exit_code == Exit.USAGE
    assert "security_protocol" in result.stderr
    assert "s3cret" not in result.stderr


def test_a_fault_of_the_program_is_one_line_unless_debugging(tmp_path: Path) -> None:
    """An unforeseen exception shows its stack only with COLLEGIUM_DEBUG=1."""
    program = "import sys\nfrom collegium.cli.__main__ import one_line\nsys.excepthook = one_line\n1 / 0\n"
    shown = {}
    for debug in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={"COLLEGIUM_DEBUG": debug, "PATH": "/usr/bin:/bin"},
        )
        assert done.returncode == 1
        shown[debug] = done.stderr
    assert shown["0"].count("\n") == 1
    assert "ZeroDivisionError" in shown["0"]
    assert "Traceback" in shown["1"]
