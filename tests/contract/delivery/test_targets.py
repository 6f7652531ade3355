"""What every target owes the desk, on files and on a webhook whose receiver keeps its promises."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import AnyHttpUrl, SecretStr

from collegium.agent.effects import EffectCall, Found, NotDone, Target
from collegium.delivery.files import Publication, ReportFiles
from collegium.delivery.settings import WebhookSettings
from collegium.delivery.webhook import Webhook
from collegium_schemas.tasks import FailureKind
from report_worlds import RUN_ID
from webhook_receiver import Received, receiver

T = TypeVar("T")
KEY, UNDO = f"{RUN_ID}/deliver/t", f"{RUN_ID}/undo.deliver/t"


def content(text: str = "a report") -> bytes:
    """What is published."""
    return Publication(run_id=RUN_ID, title="A report", files={"report.md": text}).to_json()


def tree(directory: Path) -> list[str]:
    """Everything below a directory."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@dataclass
class Case:
    """A target, and a look at what lies behind it."""

    target: Target
    directory: Path
    received: Received

    def published(self) -> list[str]:
        """What a reader finds: the texts that are there."""
        if self.target.kind == "webhook":
            return [Publication.read(body).files["report.md"] for body in self.received.done.values()]
        return [path.read_text() for path in self.directory.glob("*/report.md")]


def webhook(received: Received, **fields: object) -> Webhook:
    """A webhook with everything that its receiver offers."""
    settings = {"url": f"{received.base}/hook", "query_url": f"{received.base}/query", "deduplicates": True, **fields}
    return Webhook(WebhookSettings.model_validate(settings), allow_loopback=True)


@pytest.fixture(params=["files", "webhook"])
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    """Each target."""
    async with AsyncExitStack() as open_things:
        received = await open_things.enter_async_context(receiver())
        hook = webhook(received, withdraw_url=f"{received.base}/undo")
        yield Case(hook if request.param == "webhook" else ReportFiles(tmp_path), tmp_path, received)


async def test_a_call_publishes_and_gives_a_receipt(case: Case) -> None:
    """The content is there, and the key is found."""
    assert (await case.target.find(KEY)).found is Found.ABSENT
    assert await case.target.call(EffectCall(KEY, content()))
    assert case.published() == ["a report"]
    assert (await case.target.find(KEY)).found is Found.DONE


async def test_a_second_call_with_the_key_changes_nothing(case: Case) -> None:
    """This is what `deduplicates` promises."""
    assert case.target.deduplicates
    for _ in range(2):
        await case.target.call(EffectCall(KEY, content()))
    assert case.published() == ["a report"]


async def test_other_content_under_the_key_is_refused_for_good(case: Case) -> None:
    """What was published stays."""
    await case.target.call(EffectCall(KEY, content()))
    with pytest.raises(NotDone) as refused:
        await case.target.call(EffectCall(KEY, content("another")))
    assert refused.value.permanent
    assert case.published() == ["a report"]


async def test_a_withdrawal_takes_it_back_and_can_be_repeated_and_found(case: Case) -> None:
    """The withdrawal is an effect of its own."""
    await case.target.call(EffectCall(KEY, content()))
    for _ in range(2):
        await case.target.call(EffectCall(UNDO, b"", withdraws=KEY))
    assert case.published() == []
    assert (await case.target.find(UNDO)).found is Found.DONE
    assert (await case.target.find(KEY)).found is Found.ABSENT


async def test_what_is_withdrawn_before_it_came_never_comes(case: Case) -> None:
    """A zombie that wakes up after the compensation publishes nothing."""
    await case.target.call(EffectCall(UNDO, b"", withdraws=KEY))
    with pytest.raises(NotDone):
        await case.target.call(EffectCall(KEY, content()))
    assert case.published() == []


async def test_a_withdrawal_leaves_anothers_place_alone(case: Case) -> None:
    """Only the effect that it names is undone."""
    await case.target.call(EffectCall(KEY, content()))
    await case.target.call(EffectCall(UNDO, b"", withdraws=f"{RUN_ID}/other/t"))
    assert case.published() == ["a report"]


async def test_files_that_a_kill_left_half_withdrawn_are_withdrawn_by_the_next(tmp_path: Path) -> None:
    """Between moving them aside and writing the receipt, nothing lies at the place."""
    target = ReportFiles(tmp_path)
    await target.call(EffectCall(KEY, content()))
    (tmp_path / RUN_ID).rename(tmp_path / f".{RUN_ID}.deadbeef")
    await target.call(EffectCall(UNDO, b"", withdraws=KEY))
    assert tree(tmp_path) == [RUN_ID, f"{RUN_ID}/delivery.json"]


async def test_whatever_waits_for_the_disk_does_so_in_a_thread(tmp_path: Path) -> None:
    """A disk that hangs stops neither the event loop nor the bound of a question."""
    waited: list[str] = []

    async def beside(function: Callable[[], T], /) -> T:
        waited.append("in a thread")
        return await asyncio.to_thread(function)

    target = ReportFiles(tmp_path, beside)
    await target.call(EffectCall(KEY, content()))
    await target.find(KEY)
    await target.call(EffectCall(UNDO, b"", withdraws=KEY))
    assert len(waited) == 3


# -- what only a webhook can do wrong


async def test_a_request_carries_the_key_and_the_token() -> None:
    """`Idempotency-Key`, and a bearer token from the settings."""
    async with receiver() as received:
        await webhook(received, token="s3cret").call(EffectCall(KEY, content()))
        [(_, headers)] = received.requests
    assert headers["Idempotency-Key"] == KEY
    assert headers["Authorization"] == "Bearer s3cret"
    assert headers["Host"] == f"127.0.0.1:{received.port}"


async def test_a_token_that_an_answer_echoes_reaches_no_record() -> None:
    """Neither a reason nor a receipt may hold it."""
    async with receiver() as received:
        received.answer, received.text = 400, "you sent Bearer s3cret"
        with pytest.raises(NotDone) as refused:
            await webhook(received, token="s3cret").call(EffectCall(KEY, content()))
    assert "s3cret" not in refused.value.message
    assert "you sent Bearer ***" in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        "x" * 490 + ' s3cret-"token',  # over the bound of what is kept
        "x" + " " * 4_085 + ' s3cret-"token',  # over the bound of what is read
        "x" * 20 + ' s3cret-\\"token',  # inside JSON
    ],
)
async def test_no_part_of_an_echoed_token_is_kept(text: str) -> None:
    """Wherever an answer is cut, and however it is written."""
    async with receiver() as received:
        received.answer, received.text = 400, text
        with pytest.raises(NotDone) as refused:
            await webhook(received, token='s3cret-"token').call(EffectCall(KEY, content()))
    assert "s3c" not in refused.value.message


async def test_a_request_that_cannot_be_written_is_certain_and_does_not_name_the_token() -> None:
    """The HTTP library refuses it before anything is sent, and its message holds the header."""
    async with receiver() as received:
        settings = WebhookSettings.model_construct(url=AnyHttpUrl(f"{received.base}/hook"), token=SecretStr("s3cret\n"))
        with pytest.raises(NotDone, match="url and token") as refused:
            await Webhook(settings, allow_loopback=True).call(EffectCall(KEY, content()))
    assert received.requests == []
    assert refused.value.permanent
    assert "s3cret" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    ("status", "kind", "permanent"),
    [
        (400, FailureKind.TOOL_ERROR, True),
        (401, FailureKind.UNAUTHORISED, True),
        (422, FailureKind.TOOL_ERROR, True),
        (429, FailureKind.RATE_LIMITED, False),
    ],
)
async def test_a_refusal_is_certain(status: int, kind: FailureKind, permanent: bool) -> None:  # noqa: FBT001 - a case
    """The receiver did not take it over."""
    async with receiver() as received:
        received.answer = status
        with pytest.raises(NotDone) as refused:
            await webhook(received).call(EffectCall(KEY, content()))
    assert (refused.value.kind, refused.value.permanent) == (kind, permanent)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 409, 500, 503])
async def test_an_answer_that_does_not_say_is_no_refusal(status: int) -> None:
    """It may have happened; a redirect is a usual answer after a success, and is not followed."""
    async with receiver() as received:
        received.answer = status
        with pytest.raises(Exception, match=str(status)) as unclear:
            await webhook(received).call(EffectCall(KEY, content()))
    assert not isinstance(unclear.value, NotDone)
    assert [path for path, _ in received.requests] == ["/hook"]


async def test_a_connection_that_breaks_off_is_no_refusal_and_the_query_knows() -> None:
    """The receiver had done it before it went."""
    async with receiver() as received:
        received.silent_after_doing = True
        hook = webhook(received)
        with pytest.raises(Exception) as broken:  # noqa: PT011 - whatever the client raises, but no refusal
            await hook.call(EffectCall(KEY, content()))
        assert not isinstance(broken.value, NotDone)
        assert (await hook.find(KEY)).found is Found.DONE


async def test_no_connection_is_certain_and_passes() -> None:
    """Nothing was sent."""
    async with receiver() as received:
        hook = webhook(received)
    with pytest.raises(NotDone) as refused:
        await hook.call(EffectCall(KEY, content()))
    assert (refused.value.kind, refused.value.permanent) == (FailureKind.DEPENDENCY_UNAVAILABLE, False)


async def test_without_a_query_nobody_can_tell_and_without_a_withdrawal_nothing_is_taken_back() -> None:
    """What a webhook cannot do is said, not guessed."""
    async with receiver() as received:
        hook = webhook(received, query_url=None)
        assert (await hook.find(KEY)).found is Found.CANNOT_TELL
        with pytest.raises(NotDone, match="withdraw_url"):
            await hook.call(EffectCall(UNDO, b"", withdraws=KEY))
