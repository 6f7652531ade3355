"""docs/limits.md cannot go stale: its numbers are the code's, its tests exist, and nothing is missing."""

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, cast

import pytest
from annotated_types import Le
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from collegium.agent.config import RuntimeConfig
from collegium.agent.effects_call import EffectBounds
from collegium.agent.settings import AgentSettings
from collegium.ledger.settings import LedgerSettings
from collegium.log.settings import KafkaSettings
from collegium.orchestrator.settings import OrchestratorSettings
from collegium.orchestrator.shell.owner import OwnerLimits
from collegium.retrieval.files import Limits
from collegium.telemetry.bounds import TracingLimits
from collegium.telemetry.setup import TelemetrySettings
from collegium_schemas import limits

ROOT = Path(__file__).resolve().parents[3]
SETTINGS: tuple[type[BaseSettings], ...] = (
    AgentSettings,
    KafkaSettings,
    LedgerSettings,
    OrchestratorSettings,
    TelemetrySettings,
)
BOUND_NAME = re.compile(r"^_?(MAX|MOST)_[A-Z_]+$")
BOUND_CLASSES = (EffectBounds, Limits, OwnerLimits, RuntimeConfig, TracingLimits)
"""Whose numbers are bounds, all but the two below."""
RHYTHMS = {"RuntimeConfig.commit_interval_ms", "RuntimeConfig.heartbeat_ms"}
"""How often something happens: nothing meets them."""
GENERIC = "unit/limits/test_contract_bounds.py::test_a_value_at_the_bound_passes_and_one_past_it_is_refused"
NOT_BOUNDS: Mapping[str, str] = {
    "collegium.cli": "what a terminal shows; the command line keeps nothing",
    "collegium.simulation": "a test kit",
    "collegium.evaluation": "a measuring kit outside every run; its README lists what it refuses",
    "collegium.faults": "a test kit",
    "collegium.embedded": "one machine's processes and files; the table names what grows",
}
"""Packages whose constants are not looked for, and why."""
WITHOUT_LINE: Mapping[str, str] = {
    "collegium.analysis.addressing:_MOST_LEADS": "words before an order; a sentence's length bounds them",
    "collegium.analysis.clusters:_MOST_COMPARED": "how well claims are grouped; no message or memory grows with it",
    "collegium.analysis.examine:_MOST_CHOSEN": "claims whose counterparts are looked for; MOST_CLAIMS bounds the rest",
    "collegium.analysis.reaches:_MOST_FOLLOWING": "how a claim reads; _MOST_WORDS bounds it",
    "collegium.analysis.reaches:_MOST_WORDS": "how a claim reads; MAX_PASSAGE_CHARS bounds it",
    "collegium.analysis.comparing:_MOST_ABOUT_WORDS": "how a contradiction is named",
    "collegium.analysis.revisions:_MOST_COMMON_WORDS": "how a contradiction is named",
    "collegium.analysis.statements:_MOST_OPTIONS": "which line of a command reads as a sentence",
    "collegium.analysis.statements:_MOST_CELLS": "which row of a table reads as a sentence",
    "collegium.analysis.second_look:_MOST_CHARS": "which counterparts the model can judge; MOST_PAIRS bounds asking",
    "collegium.delivery.specialist:_MOST_MARKDOWN_BYTES": "half of MAX_MESSAGE_BYTES: a report is never over it",
    "collegium.agent.calibration:_MOST_SIGNALS": "read at start, from a file of ours",
    "collegium.drafting.forms:_MOST_BYTES": "read at start, from the operator's own folder",
    "collegium.drafting.forms:_MOST_TEMPLATES": "read at start, from the operator's own folder",
    "collegium.drafting.points:_MOST_CITATIONS": "how a sentence reads; MAX_SOURCES bounds a draft's",
    "collegium.entailment.encoding:_MOST_CHARS": "spares work on what the model's tokens leave out",
    "collegium.entailment.onnx:MOST_BATCHED": "a programmer's argument; more is a ValueError",
    "collegium.language.clauses:MOST_CLAUSES": "how a sentence is judged; second_opinion:MOST_PAIRS bounds the work",
    "collegium.language.clauses:_MOST_PIECES": "where a clause may begin; MOST_CLAUSES bounds them",
    "collegium.ledger.transport:_MAX_BYTES": "the same as `collegium.log.port:MAX_RECORD_BYTES`",
    "collegium.log.kafka.shutdown:_MOST_IN_FLIGHT": "so many turns of a drain, which its time-out bounds",
    "collegium.retrieval.building:_MOST_KNOWN_WORDS": "a cache that is cleared; the same words are stemmed again",
    "collegium.retrieval.corpus:_MOST_OPENINGS": "met only when each of five snapshots is replaced while it is opened",
    "collegium.retrieval.embedding:_MOST_CHARS": "spares work on what `_MOST_TOKENS` leaves out",
    "collegium.retrieval.embedding:_MOST_TOKENS": "the embedding model's own",
    "collegium.retrieval.parsing.decoding:_MOST_CONTROL_SHARE": "tells text from binary data",
    "collegium.retrieval.parsing.html:_MOST_NESTED_TEMPLATES": "HTML cannot nest scripts; a page's size bounds it",
    "collegium.retrieval.parsing.pdf:_MOST_OUTLINE_ENTRIES": "a help, not a need; max_read_s bounds parsing",
    "collegium.retrieval.query:_MOST_NAMES_SHARE": "tells title case from names",
    "collegium.retrieval.search:_MOST_NOTES": "which passages are found; a search's limit bounds how many",
    "collegium.retrieval.vectors:MOST_VECTORS": "beyond it BM25 alone searches; max_documents bounds a corpus",
    "collegium.telemetry.memory:_MAX_SPANS": "a test kit",
    "collegium.telemetry.messaging:_MAX_LINKS": "the same as TracingLimits.links_per_span",
    "collegium.telemetry.wire:_MAX_CACHED": "a cache that is cleared; the same bytes are made again",
    "collegium.telemetry.wire:_MAX_CACHED_BYTES": "the same",
    "collegium.verification.signals:MOST_WINDOWS": "how well a sentence is judged; MOST_PAIRS bounds the work",
    "collegium.verification.second_opinion:_MOST_QUOTED_CHARS": "how a reason reads",
}
"""Constants that are bounds and have no line, or have such a name and bound nothing, and why."""


class Row(NamedTuple):
    """One line of the table."""

    what: str
    bound: str
    where: str
    setting: str
    then: str
    test: str


def rows() -> list[Row]:
    """The table's lines."""
    lines = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines if line[:2] == "| "]
    return [Row(*each) for each in cells if each[0] != "what"]


ROWS = rows()


def value(where: str) -> object:
    """What the code says at `module:NAME`, `module:Class.field` or `module:Class(parameter)`."""
    module, _, path = where.partition(":")
    found: object = import_module(module)
    name, _, parameter = path.partition("(")
    if parameter:
        return inspect.signature(getattr(found, name)).parameters[parameter.rstrip(")")].default
    owner, _, field = path.partition(".")
    found = getattr(found, owner)
    if not field:
        return found
    if isinstance(found, type) and issubclass(found, BaseModel):
        info = found.model_fields[field]
        most = next((each.le for each in info.metadata if isinstance(each, Le)), None)
        return info.default if issubclass(found, BaseSettings) or most is None else (info.default, most)
    assert isinstance(found, type)
    return {each.name: each.default for each in dataclasses.fields(found)}[field]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.where)
def test_a_bound_is_the_codes(row: Row) -> None:
    """The number in the table is the number in the code."""
    found = value(row.where)
    numbers = cast("tuple[object, ...]", found) if isinstance(found, tuple) else (found,)
    for number in numbers:
        assert f"{number:,}" in row.bound


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.where)
def test_a_bounds_test_exists(row: Row) -> None:
    """The test that meets it is there."""
    file, _, name = row.test.partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_settings_in_the_table_are_read() -> None:
    """Each environment variable belongs to a field of some settings."""
    known = {
        str(info.validation_alias or f"{kind.model_config.get('env_prefix', '')}{name.upper()}")
        for kind in SETTINGS
        for name, info in kind.model_fields.items()
    }
    named = {word for row in ROWS for word in re.findall(r"(?:COLLEGIUM|OTEL)_[A-Z_]+", row.setting)}
    assert named
    assert named <= known


def assigned(node: ast.stmt) -> ast.expr | None:
    """What a statement gives a value, annotated or not."""
    match node:
        case ast.AnnAssign():
            return node.target
        case ast.Assign(targets=[target]):
            return target
        case _:
            return None


def constants() -> Iterator[str]:
    """Every `MAX_...` and `MOST_...` number of the packages, private ones included, as `module:NAME`."""
    for top in ("services", "schemas"):
        for path in sorted((ROOT / top).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT / top).with_suffix("").parts)
            if any(module.startswith(package) for package in NOT_BOUNDS):
                continue
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                target = assigned(node)
                if isinstance(target, ast.Name) and BOUND_NAME.match(target.id):
                    yield f"{module}:{target.id}"


def test_every_bound_of_the_code_is_in_the_table() -> None:
    """A new constant with such a name needs a line, and a test that meets it."""
    lines = {row.where for row in ROWS}
    found = list(constants())
    assert [where for where in found if where not in lines and where not in WITHOUT_LINE] == []
    assert [where for where in WITHOUT_LINE if where not in found or where in lines] == []


def test_every_limit_of_the_contracts_is_in_the_table() -> None:
    """All of `collegium_schemas/limits.py`."""
    named = {row.where.partition(":")[2] for row in ROWS if row.where.startswith("collegium_schemas.limits:")}
    assert {name for name in vars(limits) if name.startswith("MAX_")} <= named


@pytest.mark.parametrize("kind", BOUND_CLASSES)
def test_every_number_of_a_class_of_bounds_is_in_the_table(kind: type) -> None:
    """A new field needs a line, and a test that meets it."""
    named = {row.where.rpartition(":")[2] for row in ROWS}
    numbers = {
        f"{kind.__name__}.{each.name}" for each in dataclasses.fields(kind) if isinstance(each.default, int | float)
    }
    assert numbers - RHYTHMS <= named


def test_a_row_that_cites_the_tests_of_many_values_is_among_them() -> None:
    """The test has a case by the constant's name."""
    path = ROOT / "tests" / GENERIC.partition("::")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    cases = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "BOUNDS"
    )
    assert isinstance(cases, ast.Dict)
    named = {key.value for key in cases.keys if isinstance(key, ast.Constant)}
    assert {row.where.partition(":")[2] for row in ROWS if row.test == GENERIC} <= named
