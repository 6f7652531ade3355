# pyright: basic, reportMissingTypeStubs=false
"""Restores one partition of run-state in a fresh process, and prints what that took as one JSON object.

    python benchmarks/recovery_restore.py BOOTSTRAP TOPIC_PREFIX

Used by recovery.py. Memory is the process's resident set (psutil), before and after; what a reader's buffers and the
interpreter keep of it is counted, too.
"""

import asyncio
import json
import resource
import sys
import time

import psutil
import uvloop

from collegium.log.kafka import open_log
from collegium.log.port import TopicPartition
from collegium.log.settings import KafkaSettings
from collegium.log.topics import TopicNames
from collegium.orchestrator.shell.restoring import restore
from collegium.orchestrator.shell.store import RunStore
from collegium.telemetry.garbage import spare_collections
from live_runs import RULES


async def measure(bootstrap: str, prefix: str) -> dict[str, float]:
    """Restore partition 0 as its new owner would."""
    spare_collections()  # as the orchestrator's own process does
    source = TopicPartition(TopicNames(prefix)("run-state"), 0)
    async with open_log(KafkaSettings(bootstrap=bootstrap)) as log:
        await log.end_offsets([source])
        process = psutil.Process()
        before = process.memory_info().rss
        began_s, cpu_s = time.perf_counter(), time.process_time()
        restored = await restore(log, source, RULES, RunStore(), latest=1_000)
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
        after, peak = process.memory_info().rss, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
    live = restored.store.live
    return {
        "live_runs": live,
        "timers": len(restored.timers),
        "restore_s": round(took_s, 2),
        "restore_cpu_s": round(cpu_s, 2),
        "rss_bytes_per_run": round((after - before) / live),
        "peak_rss_bytes_per_run": round((peak - before) / live),
    }


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(measure(sys.argv[1], sys.argv[2]))))
