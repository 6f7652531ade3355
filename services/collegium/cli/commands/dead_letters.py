"""Look at records that could not be used, send them again, or put them away."""

import click

from collegium.cli.command import command, family
from collegium.cli.letters import (
    Question,
    Told,
    described,
    desk,
    letter_list,
    letter_page,
    parse_ids,
    parse_since,
    shown,
    trace_link,
)
from collegium.cli.output import JsonValue
from collegium.cli.redriving import redrive as send_again
from collegium.cli.session import Session
from collegium.cli.users import user_name
from collegium.log.letter_desk import Entry, Page
from collegium.log.letters import LetterId


@command(
    "collegium dead-letters list --since 2h --topic tasks.retrieval",
    "collegium dead-letters list --run 0199c5a0 --all --json",
    name="list",
)
@click.option("--topic", default="", help="Only of this topic, with or without prefix, such as objectives.")
@click.option("--run", default="", help="Only of the runs whose run_id begins like this.")
@click.option("--reason", default="", help="Only with these words in their reason or its kind.")
@click.option("--since", default=None, help="Only since then: 2h, or a time such as 2030-01-31T18:00:00Z.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
@click.option("--all", "handled", is_flag=True, help="Also those that were sent again or put away.")
def list_letters(  # noqa: PLR0917 - one for each option
    session: Session,
    topic: str,
    run: str,
    reason: str,
    since: str | None,
    limit: int,
    handled: bool,  # noqa: FBT001 - an option
) -> None:
    """List dead letters that wait, newest first."""
    since_ms = None if since is None else parse_since(since, session.now_ms())
    question = Question(topic, run.strip().lower(), reason, since_ms)
    page = session.run(_page(session, question, limit, handled=handled))
    entries: list[JsonValue] = [described(entry, session.names) for entry in page.entries]
    value: JsonValue = {"letters": entries, "total": page.total, "complete": page.complete}
    session.out.answer(value, letter_list(page, session.names, session.now_ms()))


async def _page(session: Session, question: Question, limit: int, *, handled: bool) -> Page:
    async with session.log() as log:
        return await desk(log, session).page(question.wants(session.names), limit=limit, handled=handled)


@command("collegium dead-letters show 0:17", "collegium dead-letters show 0:17 --bytes 1000000 --json")
@click.argument("letter", metavar="ID")
@click.option(
    "--bytes",
    "most_bytes",
    type=click.IntRange(0, 2_000_000),
    default=4_096,
    show_default=True,
    help="How much of its value at most.",
)
def show(session: Session, letter: str, most_bytes: int) -> None:
    """Show the dead letter ID with its original bytes, headers, reason and trace.

    ID is partition:offset, as `list` shows it. Bytes that are no text are shown in hexadecimal.
    """
    [letter_id] = parse_ids([letter])
    entry = session.run(_entry(session, letter_id))
    link = trace_link(session, entry.letter)
    value: dict[str, JsonValue] = {
        **described(entry, session.names),
        **shown(entry.letter, most_bytes),
        "trace_url": link,
    }
    session.out.answer(value, letter_page(entry, session.names, most_bytes=most_bytes, link=link))


async def _entry(session: Session, letter: LetterId) -> Entry:
    async with session.log() as log:
        with Told():
            return await desk(log, session).entry(letter)


@command("collegium dead-letters redrive 0:17 0:18", "collegium dead-letters redrive 0:17 --again")
@click.argument("letters", metavar="ID...", nargs=-1, required=True)
@click.option("--again", is_flag=True, help="Also what was sent again or put away before.")
@click.option("--ended", is_flag=True, help="Also what belongs to a run that has ended.")
def redrive(session: Session, letters: tuple[str, ...], again: bool, ended: bool) -> None:  # noqa: FBT001 - options
    """Send the dead letters ID... to the topics they came from, with their original key, bytes, headers and trace.

    All of them or none, each once: who asks again is told so. What was sent says in its headers which letter it was
    made of and how often it was sent again; after three times it is refused.
    """
    chosen = parse_ids(letters)
    written = session.run(send_again(session, chosen, again=again, ended=ended))
    sent: list[JsonValue] = [
        {"id": str(letter), "topic": session.names.short(to.topic), "partition": to.partition, "offset": to.offset}
        for letter, to in zip(chosen, written, strict=True)
    ]
    lines = "\n".join(
        f"{letter} is sent again: {to.topic}, partition {to.partition}, offset {to.offset}"
        for letter, to in zip(chosen, written, strict=True)
    )
    session.out.answer({"redriven": sent}, lines)


@command("collegium dead-letters discard 0:17 0:18")
@click.argument("letters", metavar="ID...", nargs=-1, required=True)
def discard(session: Session, letters: tuple[str, ...]) -> None:
    """Put the dead letters ID... away: `list` leaves them out, `list --all` shows them until they expire."""
    chosen = parse_ids(letters)
    done = {str(letter) for letter in session.run(_discard(session, chosen))}
    words = {str(letter): "put away" if str(letter) in done else "was put away before" for letter in chosen}
    lines = "\n".join(f"{letter} {word}" for letter, word in words.items())
    session.out.answer({"discarded": sorted(done), "before": sorted(set(words) - done)}, lines)


async def _discard(session: Session, letters: list[LetterId]) -> list[LetterId]:
    async with session.log() as log:
        with Told():
            return list(await desk(log, session).discard(letters, by=user_name() or ""))


@family(list=list_letters, show=show, redrive=redrive, discard=discard)
def dead_letters() -> None:
    """Look at records that could not be used, send them again, or put them away."""
