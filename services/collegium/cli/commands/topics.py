"""Create or check the topics in Kafka."""

import click

from collegium.cli.command import command, family
from collegium.cli.errors import TopicsWrong, topic_problems
from collegium.cli.session import Session
from collegium.cli.stacks import specialists
from collegium.ledger.topics import check_ledger_topics, ledger_topics
from collegium.log.errors import TopicMismatch
from collegium.log.port import NewTopic
from collegium.log.topics import DEFAULT_CO_PARTITIONS, check, required


@command("collegium topics create", "collegium topics create --partitions 12 --role planning --dry-run")
@click.option(
    "--partitions",
    type=click.IntRange(1, 1_000),
    default=DEFAULT_CO_PARTITIONS,
    show_default=True,
    help="Of the co-partitioned topics: how far orchestrators scale. It cannot be changed later.",
)
@click.option("--role", "roles", multiple=True, help="One more role that gets a task topic.")
@click.option("--dry-run", is_flag=True, help="Only say what would be created.")
def create(session: Session, partitions: int, roles: tuple[str, ...], dry_run: bool) -> None:  # noqa: FBT001 - an option
    """Create the topics that are missing; what exists is left as it is."""
    session.run(_create(session, partitions, (*specialists(), *roles), dry_run=dry_run))


async def _create(session: Session, partitions: int, roles: tuple[str, ...], *, dry_run: bool) -> None:
    names = session.names
    async with session.log() as log:
        existing = await log.describe([topic.name for topic in required(names, roles, partitions)])
        # A new topic must fit the co-partitioned ones that are there already.
        counts = {existing[names(name)].partitions for name in ("run-events",) if names(name) in existing}
        fitting = next(iter(counts), partitions)
        wanted: tuple[NewTopic, ...] = (*required(names, roles, fitting), *ledger_topics(names, fitting))
        known = await log.describe([topic.name for topic in wanted])
        missing = [topic for topic in wanted if topic.name not in known]
        if missing and not dry_run:
            await log.create(missing)
    word = "would be created" if dry_run else "created"
    listed = "".join(f"\n  {topic.name} ({topic.partitions} partitions)" for topic in missing)
    session.out.answer(
        {
            "created": [] if dry_run else [topic.name for topic in missing],
            "missing": [topic.name for topic in missing] if dry_run else [],
            "existing": sorted(known),
        },
        f"{len(missing)} topics {word}, {len(known)} exist{listed}",
    )


@command("collegium topics check", name="check")
def check_topics(session: Session) -> None:
    """Check that all topics exist and fit together; the exit code is 5 when they do not."""
    session.run(_check(session))


async def _check(session: Session) -> None:
    async with session.log() as log:
        problems: tuple[str, ...] = ()
        partitions = 0
        try:
            partitions = await check(log, session.names, specialists())
            await check_ledger_topics(log, session.names, partitions)
        except TopicMismatch as error:
            problems = error.problems
    if session.out.json:
        session.out.json_line({"ok": not problems, "partitions": partitions, "problems": list(problems)})
    if problems:
        raise TopicsWrong(topic_problems(problems))
    session.out.aside(f"all topics are there; the co-partitioned ones have {partitions} partitions")


@family(create=create, check=check_topics)
def topics() -> None:
    """Create or check the topics in Kafka."""
