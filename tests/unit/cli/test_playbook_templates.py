"""`collegium playbook check` knows drafting's templates."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collegium.cli.__main__ import cli
from collegium.cli.exits import Exit

EXAMPLES = Path(__file__).parents[3] / "examples" / "playbooks"


def _check(path: Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, ["playbook", "check", str(path), "--json"], env=env)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_valid(path: Path) -> None:
    """As users copy them."""
    assert _check(path).exit_code == 0


def test_a_template_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    """In a step's own parameters."""
    text = (EXAMPLES / "briefing.yaml").read_text(encoding="utf-8").replace("template: briefing", "template: essay")
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")

    result = _check(path)

    (fault,) = json.loads(result.stdout)["faults"]
    assert result.exit_code == Exit.USAGE
    assert fault["where"] == "steps.2.params.template"
    assert "essay" in text.splitlines()[fault["line"] - 1]
    assert "known: briefing, comparison, how-to, report" in fault["message"]


def test_templates_of_one_s_own_are_known(tmp_path: Path) -> None:
    """Named in the playbook's parameters; a folder that is not there is a fault of the setting."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "essay.yaml").write_text("name: essay", encoding="utf-8")
    path = tmp_path / "mine.yaml"
    step = "  - {id: draft, role: drafting, instruction: Write, outputs: [draft]}"
    path.write_text(f"name: mine\nparams: {{template: essay}}\nsteps:\n{step}\n", encoding="utf-8")

    assert _check(path).exit_code == Exit.USAGE
    assert _check(path, {"COLLEGIUM_DRAFTING_TEMPLATE_DIRS": json.dumps([str(folder)])}).exit_code == 0
    assert (
        _check(path, {"COLLEGIUM_DRAFTING_TEMPLATE_DIRS": json.dumps([str(tmp_path / "no")])}).exit_code == Exit.USAGE
    )
