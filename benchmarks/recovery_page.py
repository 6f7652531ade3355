"""docs/recovery.md, made of what recovery.py measured."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Row = Mapping[str, float]

HEAD: Final = """# Recovery

What an orchestrator's death costs, what a restore costs, and what one event costs in large plans and long lives. The
numbers are written by `make bench-recovery` (`benchmarks/recovery.py`), the text by `benchmarks/recovery_page.py`.

**Read with the load in mind.** Each table says how busy its machine was: a load above the number of cores means that
the times hold much waiting for a core; CPU seconds hold less of it.
"""

TAKEOVER: Final = """
## Takeover after `kill -9`
Two orchestrators with default settings share 4 partitions of a real broker; one is killed while objectives keep coming
and {live_runs:,} runs are live. Seconds, one column for each kill.

{table}
Wanted: a first newly committed step at most 10 s after the kill ({first}), and at most 2 s after the group has
rebalanced ({rebalanced}).

Where the time goes: the group waits for the dead member's session, 6 s by default
(`COLLEGIUM_KAFKA_SESSION_TIMEOUT_MS`, the least that a broker with default settings allows), counted from its last
heartbeat; then the survivor joins within a heartbeat interval, 1 s. Both producers of a partition are opened at once,
which ends what the dead owner had under way. Two partitions are restored at a time, so that half of them are served
before the others are ready. Spans of the dead owner's last decisions are told beside the first work, not before it.
"""

RESTORE: Final = """
## Restore
Live runs of the shipped `research-report` playbook that wait for their analysis (9 records each: header, objective,
plan, 6 subtasks; two timers), in one partition of a real broker, written in transactions of 20 runs and read by a
process of its own. Memory is the growth of the resident set (psutil), reader's buffers included.

{table}
Wanted: 100,000 live runs in at most 10 s ({time}), with at most 6 KB of memory for each ({memory}).

Keys and values are read in bulk (`Log.scan`, a third of a consumer's cost per record). An idle run is one LZ4 block of
its records' bytes. While the topic is read, a run is decoded only where a timer depends on it: its header, and a
subtask that is under way or backs off, which its bytes tell.
"""

FLAT: Final = """
## One event
The whole orchestrator on the memory log, one input in each transaction: an outcome is taken, and what waited for it is
dispatched. Bytes are those of all committed records.

{sizes}
{ages}
From the middle of that life on nothing waits for an outcome any more, hence fewer bytes. What grows with the plan: a
run's first event after a restore, or after it was idle long enough to be packed, decodes the whole run (`first event`);
a new plan version writes the list of its subtasks; a resume looks at all subtasks once.
"""

TAIL: Final = """
## What a restore relies on
- A store holds only what was committed; an unknown outcome drops it, and the partition is read anew.
- Half-compacted segments, gaps in offsets and tombstones that went at different times restore the same state
  (`tests/unit/orchestrator/test_restoring.py`): a run without header is archived, whatever else of it is still there.
- A finished run keeps its header alone, for `COLLEGIUM_ORCHESTRATOR_ARCHIVE_AFTER_MS`; then its last record is
  tombstoned, and so is its order to stop in `control`. From then on its run_id is unknown: an objective that is sent
  again with it is a new run, whose history begins at version 1 after the `run_archived` of the old one.
- A partition that opens but cannot commit waits longer each time, up to 5 s. Before it fences anyone again it asks the
  group whether it is still its owner, for as long as it is not told to stop.
- A member that hears nothing for 30 s, while Kafka answers others, joins the group anew in the same process; one that
  is not answered from the start ends, for its supervisor.
"""


def page(found: Mapping[str, Any]) -> str:
    """The page."""
    parts = [HEAD]
    if "takeover" in found:
        rows, told = found["takeover"]["results"], found["takeover"]["measured"]
        text = TAKEOVER.format(
            live_runs=told["live_runs"],
            table=columns(rows),
            first=verdict(rows, "killed_to_first_step_s", 10),
            rebalanced=verdict(rows, "rebalanced_to_first_step_s", 2),
        )
        parts += [text, circumstances(told)]
    if "restore" in found:
        rows, told = found["restore"]["results"], found["restore"]["measured"]
        most = [row for row in rows if row["live_runs"] == max(each["live_runs"] for each in rows)]
        text = RESTORE.format(
            table=columns(rows),
            time=verdict(most, "restore_s", 10),
            memory=verdict(most, "rss_bytes_per_run", 6_000),
        )
        parts += [text, circumstances(told)]
    if "flat" in found:
        results, told = found["flat"]["results"], found["flat"]["measured"]
        text = FLAT.format(sizes=lines(results["by_size"]), ages=lines(results["by_age"]))
        parts += [text, circumstances(told)]
    return "".join([*parts, TAIL])


def verdict(rows: Sequence[Row], name: str, bound: float) -> str:
    """Whether a bound holds in these rows, here and under this load."""
    met = sum(row[name] <= bound for row in rows)
    return "met here" if met == len(rows) else f"met here in {met} of {len(rows)}"


def columns(rows: Sequence[Row]) -> str:
    """One line for each value, one column for each row."""
    head = "| |" + "".join(f" {number} |" for number in range(1, len(rows) + 1))
    body = ["| " + name.replace("_", " ") + " |" + "".join(f" {row[name]:,} |" for row in rows) for name in rows[0]]
    return "\n".join([head, "|---|" + "---|" * len(rows), *body, ""])


def lines(rows: Sequence[Row]) -> str:
    """One line for each row."""
    names = list(rows[0])
    head = "| " + " | ".join(name.replace("_", " ") for name in names) + " |"
    body = ["| " + " | ".join(f"{row[name]:,}" for name in names) + " |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(names), *body, ""])


def circumstances(told: Mapping[str, Any]) -> str:
    """Where and when."""
    return f"\nMeasured {told['at']} with `{told['command']}` on {told['machine']}; load {told['load']}.\n"
