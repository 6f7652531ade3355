"""Runs on a terminal: a list, one run in detail, and the live board."""

from collections.abc import Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from collegium.cli.durations import age, clock, spoken
from collegium.ledger.views import LatencyReport, RunPage, RunSummary, RunView, SubtaskView
from collegium_schemas.objective import RunStatus
from collegium_schemas.tasks import TaskProgress

STATUS_STYLE: Final[dict[RunStatus, str]] = {
    RunStatus.PLANNING: "cyan",
    RunStatus.RUNNING: "cyan",
    RunStatus.WAITING_APPROVAL: "yellow",
    RunStatus.PAUSED: "yellow",
    RunStatus.COMPLETED: "green",
    RunStatus.FAILED: "red",
    RunStatus.HALTED: "red",
    RunStatus.CANCELLED: "magenta",
}
_MARK: Final = {
    "pending": ("·", "dim"),
    "running": ("▶", "cyan"),
    "backoff": ("↻", "yellow"),
    "waiting": ("?", "yellow"),
    "succeeded": ("✓", "green"),
    "failed": ("✗", "red"),
    "superseded": ("–", "dim"),
    "stopped": ("■", "magenta"),
}
_GOAL_WIDTH: Final = 120
_MOVING: Final = ("running", "backoff", "waiting", "failed")


def run_list(page: RunPage, now_ms: int) -> RenderableType:
    """A line for each run, newest first."""
    if not page.runs:
        return Text('no runs: start one with `collegium submit "GOAL"`')
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("RUN", "STATUS", "AGE", "TIME", "DONE"):
        table.add_column(heading, no_wrap=True)
    table.add_column("GOAL", no_wrap=True, overflow="ellipsis", max_width=_GOAL_WIDTH)
    for summary in page.runs:
        table.add_row(
            summary.run_id,
            _status(summary),
            age(now_ms - summary.accepted_at_ms),
            spoken(_elapsed(summary, now_ms)),
            f"{summary.subtasks_ended}/{summary.subtasks_total}",
            " ".join(summary.goal.split()) or Text(summary.reason, "dim"),
        )
    if page.total <= len(page.runs):
        return table
    return Group(table, Text(f"{len(page.runs)} of {page.total} runs; --limit shows more", "dim"))


def run_detail(view: RunView, now_ms: int) -> RenderableType:
    """Everything that is known of a run."""
    parts: list[RenderableType] = [_head(view, now_ms), _facts(view), Text()]
    parts.append(_subtasks(view, {}, now_ms, len(view.subtasks)))
    parts += [Text(), *_plans(view)]
    for notice in view.notices:
        who = f" by {notice.requester}" if notice.requester else ""
        word = notice.kind.replace("_", " ")
        parts.append(Text(f"{clock(notice.at_ms)}  {word}{who}{': ' + notice.text if notice.text else ''}", "yellow"))
    return Group(*parts)


def live_board(view: RunView | None, progress: Mapping[str, TaskProgress], now_ms: int, rows: int) -> RenderableType:
    """The run as it is now, in at most about `rows` lines."""
    if view is None:
        return Text("waiting for an orchestrator …", "dim")
    plans = _plans(view)[-4:]
    room = max(3, rows - 4 - len(plans))
    return Group(_head(view, now_ms), Text(), _subtasks(view, progress, now_ms, room), Text(), *plans)


def latency_table(report: LatencyReport) -> RenderableType:
    """Percentiles by role and stage."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("ROLE", "STAGE", "COUNT", "P50", "P90", "P99", "MAX"):
        table.add_column(heading, justify="left" if heading in {"ROLE", "STAGE"} else "right")
    for entry in report.stages:
        times = (entry.p50_ms, entry.p90_ms, entry.p99_ms, entry.max_ms)
        table.add_row(entry.role, entry.stage, str(entry.count), *(spoken(elapsed_ms) for elapsed_ms in times))
    return table


def _head(view: RunView, now_ms: int) -> Text:
    text = Text()
    text.append(f"{view.run_id}  ", style="bold")
    text.append_text(_status(view))
    text.append(f"  {spoken(_elapsed(view, now_ms))}", style="bold")
    text.append(f"  {view.subtasks_ended}/{view.subtasks_total} subtasks, {view.evidence_count} evidence")
    if view.retries:
        text.append(f", {view.retries} retries", style="yellow")
    if view.replans:
        text.append(f", {view.replans} re-plans", style="yellow")
    if view.goal:
        text.append(f"\n{' '.join(view.goal.split())}", style="italic")
    if view.status.terminal and view.status is not RunStatus.COMPLETED:
        text.append(f"\n{view.reason}", style="red")
    return text


def _facts(view: RunView) -> Text:
    facts = [
        f"playbook {view.playbook or '?'}, corpus {view.corpus or '?'}, by {view.requester or '?'}",
        f"started {clock(view.accepted_at_ms)}" + (f", ended {clock(view.ended_at_ms)}" if view.ended_at_ms else ""),
        f"trace {view.trace_id or '-'}",
    ]
    if view.usage.tokens or view.usage.micro_usd:
        facts.append(f"{view.usage.tokens} tokens, {view.usage.micro_usd / 1e6:.4f} USD")
    if view.incomplete:
        facts.append("part of the history is lost: counts may be too low")
    return Text("\n".join(facts), "dim")


def _subtasks(view: RunView, progress: Mapping[str, TaskProgress], now_ms: int, rows: int) -> RenderableType:
    shown = _chosen(view, rows)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", expand=True)
    table.add_column("", no_wrap=True)
    table.add_column("SUBTASK", no_wrap=True, overflow="ellipsis")
    table.add_column("ROLE", no_wrap=True)
    table.add_column("TIME", justify="right", no_wrap=True)
    table.add_column("EVIDENCE", justify="right", no_wrap=True)
    table.add_column("NOTE", ratio=1, no_wrap=True, overflow="ellipsis")
    for part in shown:
        mark, style = _MARK[part.status]
        latest = part.latest
        tries = f" ×{len(part.attempts)}" if len(part.attempts) > 1 else ""
        evidence = str(latest.evidence_count) if latest and latest.status == "succeeded" else ""
        table.add_row(
            Text(mark, style), part.subtask_id + tries, part.role, _time(part, now_ms), evidence, _note(part, progress)
        )
    if len(shown) == len(view.subtasks):
        return table
    return Group(table, Text(f"… and {len(view.subtasks) - len(shown)} more subtasks", "dim"))


def _chosen(view: RunView, rows: int) -> list[SubtaskView]:
    """What fits: everything, else first what moves or failed, then the newest of the rest, in the plan's order."""
    if len(view.subtasks) <= rows:
        return list(view.subtasks)
    moving = [part.subtask_id for part in view.subtasks if part.status in _MOVING][:rows]
    others = [part.subtask_id for part in view.subtasks if part.status not in _MOVING]
    kept = {*moving, *others[len(others) - (rows - len(moving)) :]}
    return [part for part in view.subtasks if part.subtask_id in kept]


def _time(part: SubtaskView, now_ms: int) -> str:
    latest = part.latest
    if latest is None:
        return ""
    if part.status == "running":
        return spoken(max(0, now_ms - latest.dispatched_at_ms))
    if latest.started_at_ms is not None and latest.ended_at_ms is not None:
        return spoken(max(0, latest.ended_at_ms - latest.started_at_ms))
    return spoken(max(0, (latest.decided_at_ms or now_ms) - latest.dispatched_at_ms))


def _note(part: SubtaskView, progress: Mapping[str, TaskProgress]) -> Text:
    latest = part.latest
    if part.status == "running":
        word = progress.get(part.subtask_id)
        fits = word is not None and latest is not None and word.attempt == latest.attempt
        return Text(word.note if word is not None and fits else "", "cyan")
    failure = part.failure or (latest.failure if latest else None)
    if failure is not None and part.status != "succeeded":
        return Text(f"{failure.kind}: {failure.message}", "red")
    return Text(latest.note if latest else "", "dim" if part.status == "superseded" else "")


def _plans(view: RunView) -> list[Text]:
    return [
        Text(
            f"plan {plan.version}"
            + (f" (round {plan.round})" if plan.round > 1 else "")
            + f": +{len(plan.added)}{f' −{len(plan.removed)}' if plan.removed else ''}  {plan.reason}",
            "dim" if plan.version == 1 else "yellow",
            no_wrap=True,
            overflow="ellipsis",
        )
        for plan in view.plans
    ]


def _status(summary: RunSummary) -> Text:
    word = f"{summary.status.value} ({summary.limit})" if summary.limit else summary.status.value
    return Text(word, STATUS_STYLE[summary.status])


def _elapsed(summary: RunSummary, now_ms: int) -> int:
    return max(0, (summary.ended_at_ms or now_ms) - summary.accepted_at_ms)
