# pyright: basic, reportMissingTypeStubs=false
"""Recovery in numbers: takeover after kill -9, restore of many live runs, and what one event costs.

    python benchmarks/recovery.py [--parts takeover,restore,flat] [--write docs/recovery-results.json]

Starts brokers of its own. Prints one JSON object; with `--write`, its parts replace those of that file, from which
`--render docs/recovery.md` makes the page. Needs about 3 GB of disk for 100,000 runs.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

import recovery_flat
import recovery_takeover
from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.progress import SilentProgress
from collegium.embedded.setup import default_cache_dir, prepare_kafka
from collegium.log.kafka import open_log
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames, required
from live_runs import copies, write
from recovery_page import page

HERE = Path(__file__).parent
PARTS = ("takeover", "restore", "flat")


async def restore(bootstrap: str, live_runs: int) -> dict[str, float]:
    """Put so many live runs into one partition, and restore them in a process of its own."""
    names = TopicNames(f"restore-{live_runs}.")
    now_ms = time.time_ns() // 1_000_000
    async with open_log(KafkaSettings(bootstrap=bootstrap)) as log:
        await log.create(required(names, ["retrieval"], 1))
        records, body_bytes = await write(log, names, 0, copies(live_runs, now_ms), now_ms)
    command = [sys.executable, str(HERE / "recovery_restore.py"), bootstrap, names.prefix]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return {
        **json.loads(output),
        "records": records,
        "state_bytes_per_run": round(body_bytes / live_runs),
    }


async def measure(given: argparse.Namespace) -> dict[str, object]:
    """The wanted parts, each with its time, machine and command."""
    found: dict[str, object] = {}
    wanted = given.parts.split(",")
    home = await prepare_kafka(default_cache_dir(), progress=SilentProgress())
    for part in wanted:
        with tempfile.TemporaryDirectory(prefix="collegium-bench-") as name:
            directory = Path(name)
            if part == "flat":
                results: object = {
                    "by_size": await recovery_flat.by_size([5, 50, 500, 5_000]),
                    "by_age": await recovery_flat.by_age(5_000, 500),
                }
            else:
                async with EmbeddedKafka(home, directory / "kafka") as kafka:
                    if part == "restore":
                        results = [await restore(kafka.bootstrap, count) for count in given.restored]
                    else:
                        results = await recovery_takeover.measure(
                            kafka.bootstrap, directory, given.live_runs, given.rounds
                        )
        found[part] = {"measured": told(given, part), "results": results}
    return found


def told(given: argparse.Namespace, part: str) -> dict[str, object]:
    """Under which circumstances."""
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": f"python benchmarks/recovery.py --parts {part}",
        "live_runs": given.live_runs,
        "machine": f"{os.cpu_count()} cores, {processor()}, Python {platform.python_version()}",
        "load": round(os.getloadavg()[1], 1),
    }


def processor() -> str:
    """The processor's name, where the system tells."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Takeover, restore, and the cost of an event.")
    parser.add_argument("--parts", default=",".join(PARTS), help="comma separated; empty to render only")
    parser.add_argument("--live-runs", type=int, default=10_000, help="in all partitions, for the takeover")
    parser.add_argument("--rounds", type=int, default=3, help="kills")
    parser.add_argument("--restored", type=int, nargs="*", default=[10_000, 100_000], help="live runs in one partition")
    parser.add_argument("--write", type=Path, default=None, help="JSON file whose parts are replaced")
    parser.add_argument("--render", type=Path, default=None, help="Markdown page made of that file")
    given = parser.parse_args()
    found: dict[str, object] = {}
    if given.parts:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(measure(given))
        print(json.dumps(found))
    if given.write is not None:
        known = json.loads(given.write.read_text()) if given.write.exists() else {}
        given.write.write_text(json.dumps({**known, **found}, indent=1) + "\n")
    if given.write is not None and given.render is not None:
        given.render.write_text(page(json.loads(given.write.read_text())))


if __name__ == "__main__":
    main()
