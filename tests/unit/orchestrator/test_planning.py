"""From playbook to plan, for playbooks that are written otherwise than the built-in one."""

from collegium_schemas.playbook import Playbook
from collegium_schemas.tasks import FailureKind
from orchestrator_worlds import World, arrived, review

GOAL = "Compare acks and retries"


def begun(steps: list[dict[str, object]], **extra: object) -> World:
    """A run of a playbook with these steps, whose roles are their names."""
    full = [{"role": step["id"], "instruction": "{goal}", **step} for step in steps]
    playbook = Playbook.model_validate({"name": "line", "steps": full, **extra})
    world = World(playbooks={"line": playbook})
    world.take(arrived(GOAL, playbook="line"))
    return world


def test_steps_may_stand_before_what_they_wait_for() -> None:
    """The order of the file means nothing: a step listed first still waits for its inputs, and is given them."""
    world = begun([{"id": "draft", "inputs": ["retrieve"]}, {"id": "retrieve", "for_each": "question"}])
    assert world.running() == ["retrieve.1", "retrieve.2"]
    assert world.part("draft").spec.inputs == ("retrieve.1", "retrieve.2")


def test_a_new_round_also_builds_in_the_order_of_the_graph() -> None:
    """The loop lists its steps in one order and the graph has another: the graph decides who waits for whom."""
    world = begun(
        [{"id": "verify", "inputs": ["draft"]}, {"id": "draft"}],
        loop={"review": "verify", "repeat": ["draft", "verify"], "max_rounds": 2},
    )
    world.succeed("draft")
    world.succeed("verify", review=review("draft").model_dump())
    assert world.running() == ["draft.r2"]
    assert world.part("verify.r2").spec.depends_on == ("draft.r2",)


def test_a_new_round_keeps_questions_that_nobody_has_asked_yet() -> None:
    """Subtasks of a fan-out that still wait when a round begins are replaced, not lost."""
    world = begun(
        [
            {"id": "outline"},
            {"id": "retrieve", "for_each": "question", "inputs": ["outline"]},
            {"id": "verify", "inputs": ["retrieve"]},
            {"id": "publish", "for_each": "question", "inputs": ["verify"]},
        ],
        loop={"review": "verify", "repeat": ["outline", "retrieve", "verify"], "max_rounds": 2},
    )
    asked = [spec.params["question"] for spec in (world.part("retrieve.1").spec, world.part("retrieve.2").spec)]
    world.fail("outline", FailureKind.INVALID_OUTPUT)
    world.succeed("outline.r2")
    assert world.running() == ["retrieve.1.r2", "retrieve.2.r2"]
    assert [world.part(name).spec.params["question"] for name in world.running()] == asked
    assert [world.part(name).spec.params["question_id"] for name in world.running()] == ["q1", "q2"]
    assert {"publish.1", "publish.2"} <= set(world.live().subtasks)
