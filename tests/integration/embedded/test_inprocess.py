"""The whole system in one process: real orchestrator, runtimes and specialists on the memory log."""

import asyncio
from pathlib import Path

import pytest

from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Success, Workbench
from collegium.embedded.inprocess import in_process, installed, run_in_process
from collegium.orchestrator.playbooks import Library, load_library
from collegium.retrieval.corpus import Corpus
from collegium.telemetry.memory import MemoryTracing
from collegium_schemas.events import PlanAdopted, RunDecided
from collegium_schemas.objective import ObjectiveSubmitted, RunStatus
from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import TaskRequested

ROLES = ("retrieval", "analysis", "drafting", "verification", "delivery")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a small corpus, `tea`."""
    page = tmp_path / "tea.md"
    page.write_text(
        "# Tea\n\n## Brewing\n\nGreen tea is brewed at a temperature of 80 degrees Celsius for 2 minutes. "
        "Black tea is brewed at 100 degrees Celsius for 4 minutes. Oolong tea is brewed at 90 degrees Celsius.\n\n"
        "## Storage\n\nTea keeps its flavour for 12 months when it is stored in a closed tin.\n"
    )
    data = tmp_path / "data"
    Corpus(data, "tea").add([page])
    return data


def small_playbook() -> Library:
    """A playbook of one step for a role of our own."""
    library = Library()
    playbook = Playbook.model_validate(
        {"name": "one", "steps": [{"id": "greet", "role": "greeter", "instruction": "Greet."}]}
    )
    library.playbooks[playbook.name] = playbook
    return library


class Greeter:
    """A specialist of the user's own."""

    role = "greeter"

    async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
        """Greet."""
        return Success(note=f"hello, {task.goal}")


async def test_an_objective_becomes_a_cited_report(data_dir: Path) -> None:
    """A goal that the corpus answers ends as completed, with a report that cites it, on disk and in hand."""
    seen: list[RunDecided] = []
    objective = ObjectiveSubmitted(goal="At what temperature is green tea brewed?", corpus="tea")
    with installed(ROLES, AgentSettings(data_dir=data_dir)) as specialists:
        finished = await run_in_process(objective, specialists, on_decision=seen.append)
    assert finished.status is RunStatus.COMPLETED, finished.reason
    assert finished.report is not None
    assert finished.delivery is not None
    assert "80 degrees" in finished.report.markdown
    assert "[1]" in finished.report.markdown
    assert Path(finished.delivery.files[0].path).is_relative_to(data_dir)
    assert await asyncio.to_thread(Path(finished.delivery.files[0].path).read_text) == finished.report.markdown
    assert [decided.version for decided in seen] == list(range(1, len(seen) + 1))
    assert any(isinstance(event, PlanAdopted) for event in seen[0].events)


async def test_what_the_corpus_does_not_answer_is_said(data_dir: Path) -> None:
    """A goal without evidence ends as completed, with a report that asserts nothing."""
    objective = ObjectiveSubmitted(goal="What is the boiling point of gallium?", corpus="tea")
    with installed(ROLES, AgentSettings(data_dir=data_dir)) as specialists:
        finished = await run_in_process(objective, specialists)
    assert finished.status is RunStatus.COMPLETED, finished.reason
    assert finished.delivery is not None
    assert (finished.delivery.sentences, finished.delivery.questions_without_evidence) == (0, 1)


async def test_a_missing_corpus_fails_the_run_with_what_to_do(data_dir: Path) -> None:
    """The reason names the command that adds documents."""
    with installed(ROLES, AgentSettings(data_dir=data_dir)) as specialists:
        finished = await run_in_process(ObjectiveSubmitted(goal="What is tea?", corpus="none"), specialists)
    assert finished.status is RunStatus.FAILED
    assert "collegium corpus add" in finished.reason
    assert finished.report is None


async def test_a_refused_objective_ends_with_its_reason() -> None:
    """An objective for a playbook that does not exist is answered."""
    objective = ObjectiveSubmitted(goal="What is tea?", playbook="nothing")
    finished = await run_in_process(objective, [Greeter()], library=small_playbook())
    assert finished.status is RunStatus.FAILED
    assert "nothing" in finished.reason


async def test_several_runs_share_one_system_and_each_is_one_trace() -> None:
    """Runs submitted together all end, each with one connected trace."""
    tracing = MemoryTracing()
    async with in_process([Greeter()], library=small_playbook(), tracing=tracing) as system:
        objectives = [ObjectiveSubmitted(goal=f"visitor {number}", playbook="one") for number in range(20)]
        runs = [await system.submit(objective) for objective in objectives]
        finished = await asyncio.gather(*(system.finish(run_id) for run_id in runs))
    assert {run.status for run in finished} == {RunStatus.COMPLETED}
    assert [run.run_id for run in finished] == runs
    by_trace: dict[str, list[str | None]] = {}
    for span in tracing.spans:
        if span.attributes.get("collegium.run.id") in runs or span.name.startswith("invoke_agent"):
            by_trace.setdefault(span.trace_id, []).append(span.parent_id)
    assert len(by_trace) == 20
    known = {span.span_id for span in tracing.spans}
    assert all(span.parent_id is None or span.parent_id in known for span in tracing.spans)


async def test_a_defect_of_a_specialist_ends_its_run_with_the_reason() -> None:
    """An exception that nobody foresaw is retried, and then told as the run's end."""

    class Broken(Greeter):
        async def perform(self, task: TaskRequested, bench: Workbench) -> Success:
            raise ArithmeticError("the numbers are done for")

    finished = await run_in_process(
        ObjectiveSubmitted(goal="visitor", playbook="one"), [Broken()], library=small_playbook()
    )
    assert finished.status is RunStatus.FAILED
    assert "done for" in finished.reason


def test_unknown_roles_are_refused() -> None:
    """A role without a package is an error, not a system that waits for it."""
    with pytest.raises(ModuleNotFoundError, match="nothing"), installed(["nothing"], AgentSettings()):
        pass


def test_all_roles_of_the_built_in_playbooks_are_installed(data_dir: Path) -> None:
    """Every role that a playbook of the distribution names has a package that builds its specialist."""
    roles = load_library().roles
    with installed(roles, AgentSettings(data_dir=data_dir)) as specialists:
        assert [specialist.role for specialist in specialists] == list(roles)
