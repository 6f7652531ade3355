"""The systems that trials run: which services, how many, with which settings."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chaos.fleet import ServicePlan
from chaos.load import LoadPlan
from collegium.retrieval.corpus import Corpus

HERE = Path(__file__).parent
CORPUS = "kafka-docs"
_DOCUMENT = HERE.parents[1] / "examples" / "corpora" / CORPUS / "3.9" / "introduction.html"

SETTINGS = {
    "COLLEGIUM_KAFKA_SESSION_TIMEOUT_MS": "2000",
    "COLLEGIUM_KAFKA_HEARTBEAT_INTERVAL_MS": "300",
    "COLLEGIUM_KAFKA_REBALANCE_TIMEOUT_MS": "5000",
    "COLLEGIUM_KAFKA_TRANSACTION_TIMEOUT_MS": "6000",
    "COLLEGIUM_RETRIEVAL_VECTORS": "off",
    "COLLEGIUM_TRACE_FILE": "off",
}
"""Time-outs short enough for a matrix of many cells; recovery with the default ones is benchmarks/recovery.py's."""

ORCHESTRATOR = ServicePlan(
    "orchestrator",
    ("-m", "collegium.orchestrator"),
    settings={"COLLEGIUM_ORCHESTRATOR_PLAYBOOK_DIRS": json.dumps([str(HERE / "playbooks")])},
)
WORKER = ServicePlan("worker", ("-m", "chaos.worker", "worker"))
"""A specialist of a few milliseconds: reads, writes large outputs too, has an effect, and fails now and then."""

UNDOER = ServicePlan("undoer", ("-m", "chaos.worker", "undoer"))
"""The same, which only undoes what others have done."""


def light(orchestrators: int = 1, workers: int = 1) -> tuple[ServicePlan, ...]:
    """An orchestrator and the light specialist."""
    return (replace(ORCHESTRATOR, instances=orchestrators), replace(WORKER, instances=workers))


def with_settings(services: Sequence[ServicePlan], **settings: str) -> tuple[ServicePlan, ...]:
    """The same services with more settings."""
    return tuple(replace(plan, settings={**plan.settings, **settings}) for plan in services)


def _add_document(home: Path) -> None:
    """One document is a corpus: trials are about what is lost, not about what is found."""
    report = Corpus(home, CORPUS).add([_DOCUMENT])
    assert not report.skipped, report.skipped


SPECIALISTS = ("retrieval", "analysis", "drafting", "verification", "delivery")
"""The real ones, in the order in which a run of `research-report` meets them."""


def real(orchestrators: int = 1) -> tuple[ServicePlan, ...]:
    """An orchestrator and the five specialists of `research-report`."""
    plans = [ServicePlan(role, ("-m", f"collegium.{role}")) for role in SPECIALISTS]
    plans[0] = replace(plans[0], prepare=_add_document)
    return (replace(ORCHESTRATOR, instances=orchestrators), *plans)


REPORTS = LoadPlan(
    per_second=1.5,
    least=20,
    warm=2,
    fields={"playbook": "research-report", "corpus": CORPUS, "goal": "What is a topic?"},
)
"""Objectives for them."""
