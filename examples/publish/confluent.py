"""Sends an objective with confluent-kafka (librdkafka) and waits for the end of its run.

pip install confluent-kafka
python examples/publish/confluent.py 127.0.0.1:9092 "What is log compaction?" '{"corpus": "kafka-docs"}'

The third argument holds further fields of the objective, the fourth the topics' prefix; both may be left out.
"""

import json
import sys
import time
import uuid

from confluent_kafka import Consumer, KafkaError, Producer

WAIT_S = 120


def main() -> int:
    """Send, then read decisions until the run has ended; the exit status is 0 when it completed."""
    bootstrap, goal = sys.argv[1], sys.argv[2]
    fields = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    prefix = sys.argv[4] if len(sys.argv) > 4 else "collegium."
    run_id = str(uuid.uuid4())
    reader = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"example-{run_id}",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    reader.subscribe([f"{prefix}run-events"])
    producer = Producer({"bootstrap.servers": bootstrap})
    objective = {"goal": goal, "run_id": run_id, **fields}
    refused: list[KafkaError] = []
    producer.produce(
        f"{prefix}objectives",
        value=json.dumps(objective),
        key=run_id,
        on_delivery=lambda error, _: refused.append(error) if error else None,
    )
    if producer.flush(10) or refused:
        print(f"not sent: {refused[0] if refused else 'no broker answers'}", file=sys.stderr)
        return 1
    give_up_at = time.monotonic() + WAIT_S
    try:
        while time.monotonic() < give_up_at:
            record = reader.poll(1.0)
            if record is None or record.error() or record.key() != run_id.encode():
                continue
            for event in json.loads(record.value())["events"]:
                print(event["type"], event.get("subtask_id", ""), event.get("reason", ""))
                if event["type"] in {"run_ended", "run_rejected"}:
                    return 0 if event.get("status") == "completed" else 1
    finally:
        reader.close()
    print(f"run {run_id} has not ended within {WAIT_S} s", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
