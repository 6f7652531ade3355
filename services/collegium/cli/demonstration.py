"""The demo: the real stack, a real corpus and a real objective, from nothing to a report and its trace."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from uuid6 import uuid7

import collegium
from collegium.cli.corpora import add_documents
from collegium.cli.errors import NotFound, first_of
from collegium.cli.objectives import Wish, objective_of
from collegium.cli.session import Session
from collegium.cli.stacks import stack_options
from collegium.cli.submitting import submit_objective
from collegium.cli.tracing import run_spans
from collegium.cli.users import user_name
from collegium.embedded.errors import EmbeddedError
from collegium.embedded.progress import TerminalProgress
from collegium.embedded.stack import Stack, StackOptions
from collegium.embedded.state import StackState
from collegium.embedded.topics import topic_creation
from collegium.ledger.views import RunView
from collegium.telemetry.waterfall import Waterfall, check_tree

_WATCH_MS: Final = 600_000
_TRACE_WAIT_S: Final = 5.0
_LOOK_S: Final = 0.1


def example(*parts: str) -> Path:
    """A path below `examples/` of the checkout that this runs from, or of the current directory.

    Raises:
        NotFound: neither has it, as in an installed package.
    """
    for root in (Path(collegium.__file__).parents[2], Path.cwd()):
        path = root.joinpath("examples", *parts)
        if path.exists():
            return path
    raise NotFound(f"examples/{'/'.join(parts)} is not here: run the demo in a checkout of collegium")


async def demonstrate(session: Session, objective_file: Path, corpus: Path, *, keep: bool) -> None:
    """Run the demo.

    Raises:
        CliError: a step failed; the message says which and what to do.
        EmbeddedError: the stack cannot run here.
    """
    wish = Wish(file=objective_file, requester=user_name())
    objective = objective_of(wish, new_run_id=str(uuid7()), now_ms=session.now_ms())
    session.out.aside(f'objective: "{" ".join(objective.goal.split())}"')
    async with _stack(session) as stack_is_ours:
        report = await asyncio.to_thread(add_documents, session, objective.corpus, [corpus])
        session.out.aside(f"corpus {report.corpus}: {report.documents} documents, {report.passages} passages")
        async with session.log() as log:
            view = await submit_objective(session, log, objective, watch_ms=_WATCH_MS)
        if view is not None:
            await _show_trace(session, view)
        if keep and stack_is_ours:
            session.out.aside("the stack stays up; Ctrl-C stops it")
            await asyncio.Event().wait()


@asynccontextmanager
async def _stack(session: Session) -> AsyncGenerator[bool]:
    """The stack that runs already, or one of our own for the duration of the block; yields whether it is ours."""
    if session.stack is not None:
        session.out.aside(f"using the stack that is running: Kafka at {session.stack.bootstrap}")
        yield False
        return
    options = stack_options({}, jaeger=False)
    try:
        async with asyncio.TaskGroup() as tasks:
            with TerminalProgress(Console(stderr=True)) as progress:
                up: asyncio.Future[StackState] = asyncio.get_running_loop().create_future()
                running = tasks.create_task(_own(options, progress, up))
                state = await up
            session.forget_stack()
            session.out.aside(f"up: Kafka at {state.bootstrap}, {len(state.services)} processes")
            yield True
            running.cancel()
    except* EmbeddedError as group:
        raise first_of(group) from None


async def _own(options: StackOptions, progress: TerminalProgress, up: "asyncio.Future[StackState]") -> None:
    await Stack(options, prepare=topic_creation(options.specialists), progress=progress, on_up=up.set_result).run()


async def _show_trace(session: Session, view: RunView) -> None:
    """The trace, once the processes have written all of it, or what there is after a while."""
    loop = asyncio.get_running_loop()
    give_up_at_s = loop.time() + _TRACE_WAIT_S
    spans = await run_spans(session, view)
    while not check_tree(spans).is_one_tree and loop.time() < give_up_at_s:
        await asyncio.sleep(_LOOK_S)
        spans = await run_spans(session, view)
    if not session.out.json:
        session.out.console.print(Waterfall(spans))
