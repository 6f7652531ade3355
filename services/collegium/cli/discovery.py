"""Finds the commands: modules of `collegium.cli.commands`, imported only when they are used."""

from importlib import import_module
from importlib.resources import files

import click

from collegium.cli import commands


def command_names() -> list[str]:
    """The names of all commands, in order."""
    modules = (entry.name for entry in files(commands).iterdir())
    return sorted(
        module.removesuffix(".py").replace("_", "-")
        for module in modules
        if module.endswith(".py") and not module.startswith("_")
    )


def summary(name: str) -> str:
    """The first line of the command's module docstring, read without importing the module."""
    source = files(commands).joinpath(f"{name.replace('-', '_')}.py")
    with source.open(encoding="utf-8") as lines:
        return lines.readline().strip().strip('"')


def load(name: str) -> click.Command | None:
    """The command of that name, or None when there is none."""
    if name not in command_names():
        return None
    module = import_module(f"{commands.__name__}.{name.replace('-', '_')}")
    found = getattr(module, name.replace("-", "_"), None)
    if not isinstance(found, click.Command):
        raise TypeError(f"{module.__name__} has no click command of its own name")
    return found
