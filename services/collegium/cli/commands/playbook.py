"""Check or draw playbooks."""

from pathlib import Path

import click

from collegium.cli.command import command, family
from collegium.cli.errors import NotFound, UsageFault
from collegium.cli.output import JsonValue
from collegium.cli.playbooks import checked, library
from collegium.cli.session import Session
from collegium.orchestrator.playbooks import Library, PlaybookError, load_playbook
from collegium.orchestrator.playbooks.drawing import mermaid, outline
from collegium_schemas.playbook import Playbook


@command("collegium playbook check my-playbook.yaml")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def check(session: Session, file: Path) -> None:
    """Check a playbook FILE; each fault is told with its line."""
    if not file.exists():
        raise NotFound(f"there is no file {file}")
    try:
        found = checked(file)
    except PlaybookError as error:
        faults: list[JsonValue] = [
            {"line": fault.line, "where": fault.where, "message": fault.message} for fault in error.faults
        ]
        if session.out.json:
            session.out.json_line({"ok": False, "file": str(file), "faults": faults})
        for fault in error.faults:
            session.out.aside(f"{file}:{fault.line}: {fault.message}" + (f" ({fault.where})" if fault.where else ""))
        raise UsageFault(f"{file} is no valid playbook: {len(faults)} fault{'s' * (len(faults) != 1)}") from error
    roles = sorted(Library({found.name: found}).roles)
    answer = {"ok": True, "file": str(file), "name": found.name, "version": found.version, "roles": roles}
    session.out.answer(answer, f"{file} is valid: {found.name} version {found.version}, {len(found.steps)} steps")


@command("collegium playbook graph research-report", "collegium playbook graph ./mine.yaml --mermaid")
@click.argument("name")
@click.option("--mermaid", "as_mermaid", is_flag=True, help="A Mermaid flowchart instead of text.")
def graph(session: Session, name: str, as_mermaid: bool) -> None:  # noqa: FBT001 - an option
    """Draw the playbook NAME, which may also be a file."""
    playbook = _found(name)
    if session.out.json:
        session.out.json_line(playbook)
    else:
        session.out.text((mermaid(playbook) if as_mermaid else outline(playbook)).rstrip())


def _found(name: str) -> Playbook:
    known = library()
    if name in known.playbooks:
        return known.playbooks[name]
    if name in known.invalid:
        raise UsageFault(f"playbook {name} is invalid: {known.invalid[name]}")
    path = Path(name)
    if not path.is_file():
        raise NotFound(f"there is no playbook or file {name!r}; known: {', '.join(sorted(known.playbooks))}")
    try:
        return load_playbook(path)
    except PlaybookError as error:
        raise UsageFault(str(error)) from error


@family(check=check, graph=graph)
def playbook() -> None:
    """Check or draw playbooks."""
