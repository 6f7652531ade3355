"""Reads a suite of whole runs: YAML or JSON, each fault with its line."""

from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from collegium.evaluation.errors import DataInvalid, DataMissing
from collegium.evaluation.runs.objectives import RunSuite
from collegium.orchestrator.playbooks.lines import line_of

_MOST_BYTES: Final = 16 << 20
_MOST_FAULTS: Final = 5
_QUOTE_IT: Final = "string_type"


def read_suite(path: Path) -> "SuiteFile":
    """A suite from its file.

    Raises:
        DataMissing: there is no such file.
        DataInvalid: it cannot be read, is no YAML, or breaks the contract; with the line.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DataMissing(path, "name a YAML file of objectives (services/collegium/evaluation/README.md)") from error
    except OSError as error:
        raise DataInvalid(path, None, f"it cannot be read: {error.strerror or error}") from error
    if len(data) > _MOST_BYTES:
        raise DataInvalid(path, None, f"larger than {_MOST_BYTES} bytes: cut it into several suites")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataInvalid(path, None, f"not UTF-8 at byte {error.start}") from error
    root, content = _content(path, text)
    try:
        return SuiteFile(path, RunSuite.model_validate(content), root)
    except ValidationError as error:
        raise _invalid(path, root, error) from error


class SuiteFile:
    """A suite that was read, which still knows its lines."""

    def __init__(self, path: Path, suite: RunSuite, root: yaml.Node | None) -> None:
        self.path = path
        self.suite = suite
        self._root = root

    @property
    def indent(self) -> int:
        """The column at which the objectives' dashes stand."""
        for key, value in self._root.value if isinstance(self._root, yaml.MappingNode) else ():
            if key.value == "objectives" and isinstance(value, yaml.SequenceNode) and value.value:
                return max(0, value.value[0].start_mark.column - 2)
        return 2

    def line_of(self, number: int) -> int:
        """The line on which the objective of that number, from 0, begins."""
        return line_of(self._root, ("objectives", number))


def _content(path: Path, text: str) -> tuple[yaml.Node | None, object]:
    # libyaml where it is there: a suite of 500 objectives takes 2 s without.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
        return root, yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        raise DataInvalid(path, line, f"no valid YAML: {error.problem or error.context or error}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise DataInvalid(path, None, f"no valid YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise DataInvalid(path, None, "nested too deeply") from error


def _invalid(path: Path, root: yaml.Node | None, error: ValidationError) -> DataInvalid:
    found = [
        (line_of(root, fault["loc"]), ".".join(map(str, fault["loc"])), _told(fault["type"], fault["msg"]))
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    found.sort(key=lambda fault: fault[0])
    line, where, what = found[0]
    first = f"{where}: {what}" if where else what
    others = [f"line {at} ({place}): {told}" for at, place, told in found[1:_MOST_FAULTS]]
    return DataInvalid(path, line, "; ".join((first, *others)))


def _told(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such field"
    advice = ' (YAML reads a bare 1 or 3.9 as a number: write "3.9")' if kind == _QUOTE_IT else ""
    return f"{message.removeprefix('Value error, ')}{advice}"
