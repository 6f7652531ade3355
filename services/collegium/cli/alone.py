"""Runs an objective in this process alone."""

import hashlib
import re
from pathlib import Path

from pydantic import ValidationError

from collegium.agent.settings import AgentSettings
from collegium.cli.corpora import add_documents
from collegium.cli.errors import UsageFault
from collegium.cli.playbooks import library
from collegium.cli.session import Session
from collegium.cli.showing import show
from collegium.embedded.inprocess import in_process, installed
from collegium.retrieval.corpus import corpora
from collegium_schemas.envelope import explain
from collegium_schemas.objective import ObjectiveSubmitted

_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")


async def run_alone(session: Session, objective: ObjectiveSubmitted, corpus: Path, *, timeout_ms: int) -> None:
    """Run an objective that has a run_id, and show it until it has ended.

    Args:
        session: The command's surroundings.
        objective: What is asked for; its corpus is replaced.
        corpus: A file or directory to read, or the name of a corpus that exists.
        timeout_ms: How long at most.

    Raises:
        NotFound: there is neither such a path nor such a corpus.
        RunNotCompleted: the run ended otherwise.
        TimedOut: it has not ended in time.
    """
    try:
        settings = AgentSettings()
    except ValidationError as error:
        raise UsageFault(f"environment COLLEGIUM_*: {explain(error)}") from error
    name = _corpus_name(session, corpus)
    playbooks = library()
    async with session.tracing() as tracing:
        with installed(sorted(playbooks.roles), settings) as specialists:
            async with in_process(specialists, library=playbooks, tracing=tracing) as system:
                run_id = await system.submit(objective.model_copy(update={"corpus": name}))
                await show(session, system.log, system.names, run_id, start="earliest", timeout_ms=timeout_ms)


def _corpus_name(session: Session, corpus: Path) -> str:
    """The corpus of that name, or one that is made of the files at that path."""
    if not corpus.exists() and str(corpus) in corpora(session.settings.data_dir):
        return str(corpus)
    place = corpus.resolve()
    # Two directories of one name must not end in one corpus.
    fingerprint = hashlib.sha256(str(place).encode()).hexdigest()[:8]
    name = f"{_UNFIT.sub('-', place.stem).strip('-.')[:40] or 'corpus'}-{fingerprint}"
    report = add_documents(session, name, [corpus])
    session.out.aside(f"corpus {report.corpus}: {report.documents} documents, {report.passages} passages")
    return name
