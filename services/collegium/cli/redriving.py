"""Sends dead letters again, unless nothing could come of it."""

from collections.abc import Sequence

from collegium.cli.errors import NotFound, Refused
from collegium.cli.letters import Told, desk
from collegium.cli.session import Session
from collegium.cli.users import user_name
from collegium.ledger.views import RunView
from collegium.log.letter_desk import LetterDesk
from collegium.log.letters import LetterId
from collegium.log.port import Position


async def redrive(session: Session, letters: Sequence[LetterId], *, again: bool, ended: bool) -> Sequence[Position]:
    """Send letters to the topics that they came from.

    Args:
        session: The command's surroundings.
        letters: Which.
        again: Also those that were sent again or put away before.
        ended: Also those of runs that have ended.

    Returns:
        Where each was written.

    Raises:
        Refused: one of them cannot be sent, and so none was.
        NotFound: one of them is not there.
    """
    async with session.log() as log:
        with Told():
            here = desk(log, session)
            await _judge_runs(session, here, letters, ended=ended)
            return await here.redrive(letters, by=user_name() or "", again=again)


async def _judge_runs(session: Session, here: LetterDesk, letters: Sequence[LetterId], *, ended: bool) -> None:
    runs: dict[str, RunView | None] = {}
    for letter_id in letters:
        letter = (await here.entry(letter_id)).letter
        run_id = letter.run_id
        if run_id is None:
            continue
        if run_id not in runs:
            runs[run_id] = await _view(session, run_id)
        view = runs[run_id]
        if view is not None and view.status.terminal and not ended:
            raise Refused(
                f"dead letter {letter_id}: its run {run_id} has ended as {view.status}, so nothing would follow: "
                "submit the objective anew, or send the letter nevertheless with --ended; nothing was done"
            )
        task = letter.topic is not None and session.names.short(letter.topic).startswith("tasks.")
        if view is not None and task:
            session.out.aside(
                f"dead letter {letter_id}: its attempt has failed meanwhile, so run {run_id} drops what comes of it"
            )


async def _view(session: Session, run_id: str) -> RunView | None:
    try:
        return await session.lookup.view(run_id)
    except NotFound:
        return None
