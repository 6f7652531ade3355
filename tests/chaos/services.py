"""The systems that trials run: which services, how many, with which settings."""

import json
from dataclasses import replace
from pathlib import Path

from chaos.fleet import ServicePlan

HERE = Path(__file__).parent

SETTINGS = {
    "COLLEGIUM_KAFKA_SESSION_TIMEOUT_MS": "2000",
    "COLLEGIUM_KAFKA_HEARTBEAT_INTERVAL_MS": "300",
    "COLLEGIUM_KAFKA_REBALANCE_TIMEOUT_MS": "5000",
    "COLLEGIUM_KAFKA_TRANSACTION_TIMEOUT_MS": "6000",
    "COLLEGIUM_TRACE_FILE": "off",
    "OTEL_TRACES_EXPORTER": "none",
}
"""Time-outs short enough for a matrix of many cells; recovery with the default ones is benchmarks/recovery.py's."""

ORCHESTRATOR = ServicePlan(
    "orchestrator",
    ("-m", "collegium.orchestrator"),
    settings={"COLLEGIUM_ORCHESTRATOR_PLAYBOOK_DIRS": json.dumps([str(HERE / "playbooks")])},
)
WORKER = ServicePlan("worker", (str(HERE / "worker.py"), "worker"))
"""A specialist of a few milliseconds: reads its inputs, writes outputs, large ones too, and fails now and then."""


def light(orchestrators: int = 1, workers: int = 1) -> tuple[ServicePlan, ...]:
    """An orchestrator and the light specialist."""
    return (replace(ORCHESTRATOR, instances=orchestrators), replace(WORKER, instances=workers))
