"""The house's shape: sizes, names, and what every room must have."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for top in ("services", "schemas") for path in (ROOT / top).rglob("*.py"))
SERVICES = ("orchestrator", "retrieval", "analysis", "drafting", "verification", "delivery", "ledger")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
BANNED_NAMES = {"utils", "helpers", "common", "manager", "managers", "util", "misc"}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_readable(path: Path) -> None:
    """No file past its bound, no function past 60 lines, no room without a meaning in its name."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES
    assert path.stem not in BANNED_NAMES
    long = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions(path)}
    assert {name: lines for name, lines in long.items() if lines > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_explains_itself_and_can_be_started(service: str) -> None:
    """A README that says what happens when it dies, and one composition root."""
    folder = ROOT / "services" / "collegium" / service
    assert "When it dies" in (folder / "README.md").read_text(encoding="utf-8")
    assert (folder / "__main__.py").exists()


def test_no_test_replaces_what_it_tests() -> None:
    """Fakes live at ports, as complete implementations; nothing is mocked or patched."""
    words = ("unittest" + ".mock", "Magic" + "Mock", "monkeypatch" + ".setattr")
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in words)
    ]
    assert found == []


def test_nothing_names_a_workshop_or_a_machine() -> None:
    """A user's clone knows nothing of where it was written."""
    words = ("/work" + "/shared", "/work" + "/main", "farm" + "-bench", "farm" + "-studio")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for pattern in ("*.py", "*.md", "*.toml", "*.yml", "*.yaml", "*.sh", "Makefile", "Dockerfile")
        for path in ROOT.rglob(pattern)
        if not {".venv", ".git", "node_modules"} & set(path.parts)
        for word in words
        if word in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []
