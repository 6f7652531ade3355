"""A task's inputs: inline or read from the log, always checked."""

import hashlib
from collections.abc import Callable

import pytest

from agent_rig import Rig, Scripted, new_task
from collegium.agent.context import ContentCache, ContextReader
from collegium.agent.specialist import SpecialistFailure, Success, Workbench
from collegium_schemas.evidence import Draft, ReportText
from collegium_schemas.tasks import ContextRef, FailureKind, TaskFailed, TaskInput, TaskRequested, TaskSucceeded

CONTENT = ReportText(title="the title", markdown="text").to_json()


def reference(
    content: bytes = CONTENT,
    *,
    name: str = "report",
    sha256: str | None = None,
    partition: int = 0,
    offset: int = 0,
    inline: bool = False,
) -> ContextRef:
    """A reference to content."""
    return ContextRef(
        name=name,
        partition=partition,
        offset=offset,
        sha256=sha256 or hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        inline=content.decode() if inline else None,
    )


def entry(ref: ContextRef, step: str = "write") -> TaskInput:
    """An input from a step."""
    return TaskInput(subtask_id=f"{step}-1", step=step, ref=ref)


async def titles(task: TaskRequested, bench: Workbench) -> Success:
    """Notes the titles of all reports it was given."""
    reports = await bench.inputs(ReportText)
    assert await bench.input_sha256(ReportText) == [given.ref.sha256 for given in task.inputs]
    return Success(note=",".join(report.title for report in reports))


async def outcome(rig: Rig, *inputs: TaskInput) -> TaskSucceeded | TaskFailed:
    """What comes of reading inputs."""
    rig.start(Scripted(titles))
    await rig.submit(new_task(inputs=inputs))
    return await rig.result()


async def test_inline_content_needs_no_read(rig: Rig) -> None:
    """Content in the task is used, wherever its reference points."""
    result = await outcome(rig, entry(reference(inline=True, offset=999)))
    assert isinstance(result, TaskSucceeded)
    assert result.note == "the title"


async def test_content_is_read_from_the_log(rig: Rig) -> None:
    """Content that is not inline is read at its offset, in the order of the task's inputs."""
    refs = []
    for title in ("one", "two", "three"):
        content = ReportText(title=title, markdown="").to_json()
        at = await rig.write("context", title.encode(), content)
        refs.append(entry(reference(content, partition=at.partition, offset=at.offset)))
    result = await outcome(rig, *reversed(refs))
    assert isinstance(result, TaskSucceeded)
    assert result.note == "three,two,one"


def _stored_wrong(ref: ContextRef) -> ContextRef:
    return ref.model_copy(update={"sha256": "0" * 64})


def _gone(ref: ContextRef) -> ContextRef:
    return ref.model_copy(update={"offset": 12_345})


def _inline_wrong(ref: ContextRef) -> ContextRef:
    return ref.model_copy(update={"inline": '{"title": "forged", "markdown": ""}'})


@pytest.mark.parametrize(
    ("spoil", "said"), [(_stored_wrong, "hash"), (_gone, "no longer in the log"), (_inline_wrong, "hash")]
)
async def test_content_that_is_lost_or_changed_is_never_used(
    rig: Rig, spoil: Callable[[ContextRef], ContextRef], said: str
) -> None:
    """A wrong hash or a missing record fails the attempt for good, and the message says which entry."""
    at = await rig.write("context", b"k", CONTENT)
    result = await outcome(rig, entry(spoil(reference(partition=at.partition, offset=at.offset))))
    assert isinstance(result, TaskFailed)
    assert (result.failure.kind, result.failure.permanent) == (FailureKind.TOOL_ERROR, True)
    assert said in result.failure.message
    assert "report of write-1" in result.failure.message


async def test_content_that_breaks_its_contract_fails_for_good(rig: Rig) -> None:
    """Content with the right hash and the wrong fields is refused, naming the fields."""
    result = await outcome(rig, entry(reference(b'{"title": 7}', inline=True)))
    assert isinstance(result, TaskFailed)
    assert result.failure.permanent
    assert "markdown: Field required" in result.failure.message


async def test_inputs_are_chosen_by_type_and_step(rig: Rig) -> None:
    """Entries of other types are left out, and of other steps when one is asked for; a numbered name is the type's."""
    found: list[list[str]] = []

    async def choose(task: TaskRequested, bench: Workbench) -> Success:
        found.append([report.title for report in await bench.inputs(ReportText)])
        found.append([report.title for report in await bench.inputs(ReportText, step="second")])
        found.append([draft.title for draft in await bench.inputs(Draft)])
        return Success()

    def report(title: str) -> bytes:
        return ReportText(title=title, markdown="").to_json()

    rig.start(Scripted(choose))
    draft = Draft(title="d", goal="g").to_json()
    await rig.submit(
        new_task(
            inputs=[
                entry(reference(report("a"), inline=True), "first"),
                entry(reference(draft, name="draft", inline=True), "first"),
                entry(reference(report("b"), name="report.2", inline=True), "second"),
            ]
        )
    )
    assert isinstance(await rig.result(), TaskSucceeded)
    assert found == [["a", "b"], ["b"], ["d"]]


async def test_content_is_read_once(rig: Rig) -> None:
    """The same content is not read again, by any attempt of the process."""
    at = await rig.write("context", b"k", CONTENT)
    cache = ContentCache(1_000)
    reader = ContextReader(rig.log, rig.names("context"), cache, read_timeout_ms=1_000)
    given = entry(reference(partition=at.partition, offset=at.offset))
    assert await reader.contents([given]) == [CONTENT]
    assert await reader.contents([entry(_gone(given.ref))]) == [CONTENT]
    assert cache.size_bytes == len(CONTENT)


def test_the_cache_is_bounded_in_bytes() -> None:
    """The least recently used content goes first, and content over the bound is not held."""
    cache = ContentCache(10)
    cache.put("a", b"12345")
    cache.put("b", b"12345")
    assert cache.get("a") is not None
    cache.put("c", b"1")
    cache.put("d", b"x" * 11)
    assert (cache.get("a"), cache.get("b"), cache.get("c"), cache.get("d")) == (b"12345", None, b"1", None)
    assert cache.size_bytes == 6


async def test_a_log_that_does_not_answer_is_an_unavailable_dependency(rig: Rig) -> None:
    """A read that fails for lack of an answer may be tried again: the attempt says so."""
    await rig.log.close()
    reader = ContextReader(rig.log, rig.names("context"), ContentCache(1_000), read_timeout_ms=1_000)
    with pytest.raises(SpecialistFailure) as caught:
        await reader.contents([entry(reference())])
    assert (caught.value.kind, caught.value.permanent) == (FailureKind.DEPENDENCY_UNAVAILABLE, False)
