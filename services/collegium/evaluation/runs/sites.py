"""Where runs happen, and what is asked there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collegium.agent.settings import AgentSettings
from collegium.agent.specialist import Specialist
from collegium.evaluation.runs.documents import NAME, EvaluatedCorpus
from collegium.evaluation.runs.objectives import Objective
from collegium.log.settings import KafkaSettings
from collegium.orchestrator.playbooks import Library

PLAYBOOK: Final = "research-report"


@dataclass(frozen=True, slots=True)
class Stack:
    """A running system of services on this machine.

    Attributes:
        kafka: How its Kafka is reached.
        data_dir: Where its services keep corpora and reports.
    """

    kafka: KafkaSettings
    data_dir: Path


Overrides = Callable[[AgentSettings], Sequence[Specialist]]
"""A function of the user that makes specialists."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An objective with the digest of all that its outcome depends on."""

    key: str
    objective: Objective


@dataclass(frozen=True, slots=True)
class Site:
    """Where runs happen.

    Attributes:
        corpus: What they search.
        library: The playbooks.
        playbook: The suite's, for objectives that name none.
        replaced: Specialists of the user, each in place of the shipped one of its role.
        at_once: Runs at the same time.
        timeout_ms: A run's deadline.
        stack: The services that do the runs, through Kafka; None: all in this process.
        vectors_wait_s: How long to wait, before the first run, until the corpus's vectors are ready; 0 when there are
            none to come.
    """

    corpus: EvaluatedCorpus
    library: Library
    playbook: str | None = None
    replaced: tuple[Overrides, ...] = ()
    at_once: int = 1
    timeout_ms: int = 120_000
    stack: Stack | None = None
    vectors_wait_s: float = 0.0
    links: tuple[str, ...] = ()
    """Roles that the objectives go through in a row, without an orchestrator; empty for whole runs."""

    @property
    def corpus_name(self) -> str:
        """The corpus's name where the runs search it."""
        return NAME if self.stack is None else f"{NAME}-{self.corpus.sha256[:12]}"

    @property
    def reports(self) -> Path:
        """Where the reports of its runs lie."""
        return (self.corpus.data_dir if self.stack is None else self.stack.data_dir) / "reports"
