"""Recorded topics: every record of a system's topics in one JSON Lines file, to be read by later versions.

The first line says where the recording comes from, each further line is one record: topic without prefix, partition,
offset, time, key, value and headers. Bytes are text where they are UTF-8, else `{"base64": ...}`.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from collegium.log.memory import MemoryBroker
from collegium.log.port import Outgoing, Record, TopicPartition
from collegium.log.topics import TopicNames, required
from collegium.orchestrator.core.model import Run

DIRECTORY = Path(__file__).parent / "data" / "recorded_topics"
FORMAT = 1
NAMES = TopicNames()


@dataclass(frozen=True, slots=True)
class Recording:
    """What the topics of one system held at one moment."""

    version: str
    """The release whose code wrote it."""
    recorded_at_ms: int
    partitions: int
    """Of the co-partitioned topics."""
    playbooks: Mapping[str, str]
    """Name -> YAML, beside the built-in ones."""
    runs: Mapping[str, str]
    """What was done -> run_id."""
    ends: Mapping[str, int]
    """`topic/partition` -> the offset of its next record; control records take offsets, too."""
    records: tuple[Record, ...]
    """Topics by their short names."""

    def of(self, topic: str) -> Iterator[Record]:
        """A topic's records, each partition in order."""
        return (record for record in self.records if record.topic == topic)

    def on_broker(self, broker: MemoryBroker) -> None:
        """Create the topics and write every record at its own offset."""
        tasks = {record.topic for record in self.records if record.topic.startswith("tasks.")}
        broker.create(required(NAMES, [topic.removeprefix("tasks.") for topic in tasks], self.partitions))
        for record in self.records:
            log = broker.partition(TopicPartition(NAMES(record.topic), record.partition))
            log.end = record.offset
            log.append(
                Outgoing(NAMES(record.topic), record.key, record.value, record.headers), record.timestamp_ms, None
            )
        for name, end in self.ends.items():
            topic, _, partition = name.rpartition("/")
            log = broker.partition(TopicPartition(NAMES(topic), int(partition)))
            log.end = log.stable = end


def without_keys(run: Run) -> Run:
    """A run without the keys that are forgotten at its archiving.

    0.1.0 had no names for effects. Its deliveries are read as what they did, so that live runs end well; of a run that
    had ended by then, folding names keys that its header does not, and to forget what was never kept changes nothing.
    """
    return replace(run, header=run.header.model_copy(update={"effects": ()}))


def recordings() -> list[Path]:
    """Every committed recording, oldest release first."""
    return sorted(DIRECTORY.glob("*.jsonl"))


def read(path: Path) -> Recording:
    """A recording from its file."""
    with path.open(encoding="utf-8") as lines:
        about = json.loads(next(lines))
        assert about["format"] == FORMAT, f"{path.name} has format {about['format']}, which this code cannot read"
        records = tuple(_record(json.loads(line)) for line in lines)
    return Recording(
        version=about["version"],
        recorded_at_ms=about["recorded_at_ms"],
        partitions=about["partitions"],
        playbooks=about["playbooks"],
        runs=about["runs"],
        ends=about["ends"],
        records=records,
    )


def write(path: Path, recording: Recording) -> None:
    """A recording into its file."""
    about = {
        "format": FORMAT,
        "version": recording.version,
        "recorded_at_ms": recording.recorded_at_ms,
        "partitions": recording.partitions,
        "playbooks": dict(recording.playbooks),
        "runs": dict(recording.runs),
        "ends": dict(recording.ends),
    }
    lines = [about, *(_line(record) for record in recording.records)]
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def _line(record: Record) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "key": _text(record.key),
        "headers": [[name, _text(value)] for name, value in record.headers],
        "value": _text(record.value),
    }


def _record(line: Mapping[str, Any]) -> Record:
    return Record(
        topic=line["topic"],
        partition=line["partition"],
        offset=line["offset"],
        timestamp_ms=line["timestamp_ms"],
        key=_bytes(line["key"]),
        value=_bytes(line["value"]),
        headers=tuple((name, _bytes(value) or b"") for name, value in line["headers"]),
    )


def _text(value: bytes | None) -> str | dict[str, str] | None:
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value or b"").decode()}


def _bytes(value: str | Mapping[str, str] | None) -> bytes | None:
    if value is None or isinstance(value, str):
        return None if value is None else value.encode("utf-8")
    return base64.b64decode(value["base64"])
