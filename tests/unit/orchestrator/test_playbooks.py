"""Playbooks are validated with the line of each fault."""

from pathlib import Path

import pytest

from collegium.orchestrator.playbooks import Library, PlaybookError, load_library, load_playbook, parse_playbook
from collegium.orchestrator.playbooks.drawing import mermaid, outline
from collegium_schemas.plan import SubtaskSpec
from orchestrator_worlds import World, arrived

EXAMPLES = Path(__file__).parents[3] / "examples" / "playbooks"

GOOD = """\
name: two
steps:
  - id: first
    role: retrieval
    instruction: find
  - id: second
    role: analysis
    instruction: think
    inputs: [first]
"""


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (GOOD.replace("role: analysis", "role: Analysis!"), 7, "pattern"),
        (GOOD.replace("inputs: [first]", "inputs: [frist]"), 9, "'frist', which is no step"),
        (GOOD.replace("instruction: find", "instruction: find\n    inputs: [second]"), 6, "circle"),
        (GOOD + "colour: red\n", 10, "Extra inputs"),
        (GOOD.replace("    role: analysis\n", ""), 6, "Field required"),
        (GOOD + "name: again\n", 10, "twice"),
        ("- a\n- b\n", 1, "mapping"),
        ("name: [\n", 2, "expected"),
        ("name: x\nsteps: &a []\nparams: *a\n", 3, "aliases"),
        ("", 1, "mapping"),
        ("name: x\nsteps: " + "[" * 5_000, 1, "nested too deeply"),
        ("name: 2030-13-45\n", 1, "month must be"),
        (GOOD + "    effects: [a, a]\n", 10, "names an effect twice"),
        (GOOD + "    effects: ['a b']\n", 10, "pattern"),
        (GOOD + "    effects: [a, b, c, d, e, f, g, h, i]\n", 10, "at most 8"),
        (GOOD + "    compensate: {}\n", 10, "nothing to compensate"),
        (GOOD + "    effects: [a]\n    compensate: {role: 'No!'}\n", 11, "pattern"),
        (GOOD + "    effects: [a]\n    compensate: {colour: red}\n", 11, "Extra inputs"),
        (GOOD + "    effects: [a]\n    compensate: {effects: []}\n", 11, "names no effect"),
        (GOOD + "    effects: [a]\n    compensate: {effects: [b]}\n", 11, "names 'b', no effect of that step"),
        (GOOD + "    effects: [a, b]\n    compensate: {effects: [a, a]}\n", 11, "names an effect twice"),
        (GOOD + "    effects: [a]\nloop: {review: second, repeat: [first, second]}\n", 10, "in each round"),
        (GOOD + "compensation_ms: 0\n", 10, "greater than or equal to 1"),
    ],
)
def test_faults_have_lines(text: str, line: int, says: str) -> None:
    """Whoever wrote the playbook is told where to look."""
    with pytest.raises(PlaybookError) as caught:
        parse_playbook(text, "two.yaml")
    assert any(fault.line == line and says in fault.message for fault in caught.value.faults), caught.value.faults


OLD = """\
name: old
steps:
  - id: publish
    role: delivery
    instruction: publish
"""


@pytest.mark.parametrize(
    ("more", "effects"),
    [("", ("reports",)), ("    effects: []\n", ()), ("    effects: [hook]\n", ("hook",))],
)
def test_a_delivery_of_0_1_0_is_granted_reports(more: str, effects: tuple[str, ...]) -> None:
    """An operator's own playbook, written before effects had names, still delivers; the plan says what is granted."""
    playbook = parse_playbook(OLD + more, "old.yaml")
    world = World({"old": playbook})
    world.take(arrived(playbook="old"))
    assert world.part("publish").spec.effects == effects
    spec = SubtaskSpec.read(world.part("publish").spec.to_json())
    assert spec.effects == effects


def test_a_good_playbook_is_read() -> None:
    """The same text without faults."""
    assert [step.id for step in parse_playbook(GOOD, "two.yaml").steps] == ["first", "second"]


def test_a_directorys_faults_do_not_stop_the_others(tmp_path: Path) -> None:
    """The library keeps what is valid and says what is not."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text("name: bad\nsteps: []\n")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    library = load_library([tmp_path])
    assert set(library.playbooks) == {"research-report", "two"}
    assert "line 2" in library.invalid["bad"]
    assert "UTF-8" in library.invalid["latin"]
    assert library.roles >= {"retrieval", "analysis", "drafting", "verification", "delivery"}


def test_missing_files_and_directories_are_named(tmp_path: Path) -> None:
    """An operator's typing error is not an empty library."""
    with pytest.raises(PlaybookError, match="no such directory"):
        load_library([tmp_path / "nowhere"])
    with pytest.raises(PlaybookError, match="No such file"):
        load_playbook(tmp_path / "nowhere.yaml")


def test_drawings_show_steps_and_loop() -> None:
    """A Mermaid flowchart and an outline of the built-in playbook."""
    playbook = load_library().playbooks["research-report"]
    chart = mermaid(playbook)
    assert "step_retrieve --> step_analyse" in chart
    assert "at most 3 rounds" in chart
    assert "for each question" in chart
    assert "loop: retrieve -> analyse -> draft -> verify" in outline(playbook)


@pytest.mark.parametrize(
    ("second", "line", "says"),
    [
        ("id: one\n    role: b\n    instruction: x", 6, "defined twice"),
        ("id: two\n    role: b\n    instruction: x\n    inputs: [three]", 9, "no step of this playbook"),
        ("id: two\n    role: b\n    instruction: x\n    after: [two]", 9, "in a circle: two -> two"),
        (
            "id: two\n    role: b\n    instruction: x\nloop:\n  repeat: [two]\n  review: one",
            11,
            "last step of loop.repeat",
        ),
    ],
)
def test_faults_of_the_graph_have_their_line(second: str, line: int, says: str) -> None:
    """What only the whole playbook shows is still told where it stands."""
    text = f"name: p\nsteps:\n  - id: one\n    role: a\n    instruction: x\n  - {second}\n"
    with pytest.raises(PlaybookError) as caught:
        parse_playbook(text, "p.yaml")
    [fault] = caught.value.faults
    assert fault.line == line
    assert says in fault.message


def test_a_role_that_only_undoes_is_a_role_of_the_playbook() -> None:
    """Its topic must exist before the first compensation is sent there."""
    text = GOOD + "    effects: [a]\n    compensate: {role: undertaker}\n"
    playbook = parse_playbook(text, "two.yaml")
    assert Library({"two": playbook}).roles == {"retrieval", "analysis", "undertaker"}


def test_effects_and_what_undoes_them_are_drawn() -> None:
    """Both drawings of the example say what is changed and who takes it back."""
    example = load_playbook(EXAMPLES / "report-and-announce.yaml")
    text = outline(example)
    assert "changes reports, undone by delivery" in text
    assert "changes announcements, undone by delivery" in text
    assert 'step_announce -. "when the run fails" .-> step_announce_undo' in mermaid(example)
