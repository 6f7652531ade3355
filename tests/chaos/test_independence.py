"""The judge must not share a mistake with what it judges."""

import ast
from pathlib import Path

CHECKER = Path(__file__).with_name("checker")
COLLECTOR = Path(__file__).with_name("collector.py")


def test_the_checker_and_what_collects_spans_for_it_import_nothing_of_the_product() -> None:
    """Neither `collegium` nor its schemas, nor a module of the tests that could."""
    files = [*sorted(CHECKER.glob("*.py")), COLLECTOR]
    assert len(files) > 6
    imported = {name for file in files for name in _imports(file)}
    own = {name for name in imported if name.split(".")[0] in {"collegium", "collegium_schemas", "chaos"}}
    assert own, "the checker's modules import each other"
    assert {name for name in own if not name.startswith("chaos.checker.")} == set()


def _imports(file: Path) -> set[str]:
    names = set[str]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None, f"{file.name}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names
