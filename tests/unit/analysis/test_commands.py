"""Command lines that two versions write with other options."""

from dataclasses import replace

import pytest

from collegium.analysis.commands import Command, commands, disagreements
from collegium.analysis.statements import Statement, statements
from report_worlds import passage


def _quoted(line: str, version: str) -> tuple[Statement, Statement]:
    """A sentence and the command that it leads to."""
    page = passage(f"Create a new topic: > {line}", document=f"kafka/{version}/start.html", version=version)
    [statement] = statements(
        passage("The brokers create every new topic here.", document=page.document_id, version=version)
    )
    return statement, replace(statement, passage=page, text=page.text)


def _told(asked: str, old: str, new: str, *, versions: tuple[str, str] = ("0.11.0", "3.9")) -> list[str]:
    pairs = [_quoted(line, version) for line, version in zip((old, new), versions, strict=True)]
    return [conflict.about for _, _, conflict in disagreements(pairs, frozenset({asked}))]


_OLD = "bin/topics.sh --create --zookeeper localhost:2181 --topic mine"
_NEW = "bin/topics.sh --create --bootstrap-server localhost:9092 --topic mine"


@pytest.mark.parametrize("option", ["--create ", "--create  ", "--create \t"])
def test_a_line_that_goes_on_is_no_value(option: str) -> None:
    """The backslash at its end belongs to the shell."""
    [found] = commands(f"bin/topics.sh {option}\\\n  --topic mine")
    assert found == Command("topics.sh", frozenset({"--topic"}), frozenset({"--create"}))


def test_options_with_a_value_and_without() -> None:
    """What follows an option is its value unless it is the next option; lines may be continued."""
    [found] = commands("$ bin/topics.sh --create --topic=mine \\\n  --servers one:9092\nMore text")
    assert found == Command("topics.sh", frozenset({"--topic", "--servers"}), frozenset({"--create"}))


def test_a_command_that_takes_another_option_in_another_version_is_disclosed() -> None:
    """Where the question names the command, with its path or without."""
    assert _told("topics.sh", _OLD, _NEW) == ["topics.sh"]
    assert _told("bin/topics.sh", _OLD, _NEW) == ["topics.sh"]
    assert _told("topic", _OLD, _NEW) == []


def test_a_command_told_to_do_something_else_is_no_contradiction() -> None:
    """Nor one with more options than the other, nor in one version twice."""
    assert _told("topics.sh", _OLD, _NEW.replace("--create", "--describe")) == []
    assert _told("topics.sh", _OLD, f"{_OLD} --partitions 3") == []
    assert _told("topics.sh", _OLD, _NEW, versions=("3.9", "3.9")) == []
