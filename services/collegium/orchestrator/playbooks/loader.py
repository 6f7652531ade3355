"""Loads playbooks from YAML and says, for each fault, the line it stands on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from collegium.orchestrator.playbooks.lines import line_of
from collegium_schemas.playbook import Playbook

MAX_PLAYBOOK_BYTES: Final = 262_144
BUILT_IN: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class PlaybookFault:
    """One thing that is wrong, and where."""

    line: int
    """From 1."""
    where: str
    """The path of keys, such as `steps.2.role`."""
    message: str

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"line {self.line}{place}: {self.message}"


class PlaybookError(ValueError):
    """A playbook cannot be used; `faults` says why, in the file's order."""

    def __init__(self, source: str, faults: Sequence[PlaybookFault]) -> None:
        super().__init__(f"{source}: " + "; ".join(str(fault) for fault in faults))
        self.source = source
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Library:
    """The playbooks of some directories; a later directory's playbook replaces an earlier one of the same name."""

    playbooks: dict[str, Playbook] = field(default_factory=dict[str, Playbook])
    invalid: dict[str, str] = field(default_factory=dict[str, str])
    """File stem -> what is wrong with it."""

    @property
    def roles(self) -> frozenset[str]:
        """Every role that some step needs, or that undoes one."""
        steps = [step for playbook in self.playbooks.values() for step in playbook.steps]
        undoing = [step.compensate.role for step in steps if step.compensate is not None]
        return frozenset({*(step.role for step in steps), *(role for role in undoing if role is not None)})


def load_library(directories: Iterable[Path] = ()) -> Library:
    """The built-in playbooks and those of further directories. An invalid file does not stop the others.

    Raises:
        PlaybookError: a directory does not exist.
    """
    library = Library()
    for directory in (BUILT_IN, *directories):
        if not directory.is_dir():
            raise PlaybookError(str(directory), [PlaybookFault(1, "", "no such directory")])
        for path in sorted(directory.glob("*.y*ml")):
            try:
                playbook = load_playbook(path)
            except PlaybookError as error:
                library.invalid[path.stem] = "; ".join(str(fault) for fault in error.faults)
                continue
            library.playbooks[playbook.name] = playbook
            library.invalid.pop(playbook.name, None)
    return library


def load_playbook(path: Path) -> Playbook:
    """One playbook from its file.

    Raises:
        PlaybookError: the file cannot be read or is no valid playbook.
    """
    try:
        size = path.stat().st_size
        if size > MAX_PLAYBOOK_BYTES:
            message = f"the file has {size} bytes; a playbook may have {MAX_PLAYBOOK_BYTES}"
            raise PlaybookError(str(path), [PlaybookFault(1, "", message)])
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlaybookError(str(path), [PlaybookFault(1, "", error.strerror or str(error))]) from error
    except UnicodeDecodeError as error:
        raise PlaybookError(str(path), [PlaybookFault(1, "", f"not UTF-8 at byte {error.start}")]) from error
    return parse_playbook(text, str(path))


def parse_playbook(text: str, source: str) -> Playbook:
    """A playbook from its YAML text.

    Raises:
        PlaybookError: it is no YAML, has a key twice, uses aliases, or breaks the contract.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        faults = list(_structure_faults(text, root))
        content: object = None if faults else yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise PlaybookError(source, [PlaybookFault(line, "", error.problem or "no valid YAML")]) from error
    except yaml.YAMLError as error:
        raise PlaybookError(source, [PlaybookFault(1, "", str(error).splitlines()[0])]) from error
    except RecursionError as error:
        raise PlaybookError(source, [PlaybookFault(1, "", "nested too deeply")]) from error
    except ValueError as error:  # YAML makes dates of what looks like one, such as 2030-13-45
        raise PlaybookError(source, [PlaybookFault(1, "", str(error))]) from error
    if faults:
        raise PlaybookError(source, faults)
    try:
        return Playbook.model_validate(content)
    except ValidationError as error:
        found = [
            PlaybookFault(
                line_of(root, at), ".".join(str(part) for part in at), fault["msg"].removeprefix("Value error, ")
            )
            for fault in error.errors(include_url=False, include_input=False)
            for at in [fault["loc"] or fault.get("ctx", {}).get("at", ())]
        ]
        raise PlaybookError(source, sorted(found, key=lambda fault: fault.line)) from error


def _structure_faults(text: str, root: yaml.Node | None) -> Iterable[PlaybookFault]:
    if not isinstance(root, yaml.MappingNode):
        yield PlaybookFault(1, "", "a playbook is a mapping with `name` and `steps`")
        return
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AliasToken):
            yield PlaybookFault(token.start_mark.line + 1, "", "aliases (`*name`) are not allowed")
            return
    pending: list[yaml.Node] = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    yield PlaybookFault(key.start_mark.line + 1, name, "the key stands here twice")
                seen.add(name)
                pending.append(value)
