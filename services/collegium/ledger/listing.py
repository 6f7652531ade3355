"""Lists of runs, the same from the ledger and from the topics."""

from collections.abc import Iterable

from collegium.ledger.views import RunPage, RunSummary
from collegium_schemas.objective import RunStatus


def newest(
    summaries: Iterable[RunSummary], status: RunStatus | None, limit: int, prefix: str = "", *, complete: bool = True
) -> RunPage:
    """The newest runs of a status whose run_id begins with a prefix."""
    matching = [
        summary
        for summary in summaries
        if (status is None or summary.status is status) and summary.run_id.startswith(prefix)
    ]
    matching.sort(key=lambda summary: (summary.accepted_at_ms, summary.run_id), reverse=True)
    return RunPage(runs=tuple(matching[:limit]), total=len(matching), complete=complete)
