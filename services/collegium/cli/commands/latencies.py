"""Show how long each stage takes, by role."""

from collegium.cli.command import command
from collegium.cli.ledger_client import LedgerClient, LedgerUnavailable
from collegium.cli.rendering import latency_table
from collegium.cli.session import Session
from collegium.ledger.folding import RunRecord
from collegium.ledger.latencies import LatencyBook, new_samples
from collegium.ledger.reading import HistoryReader
from collegium.ledger.views import LatencyReport


@command("collegium latencies", "collegium latencies --json")
def latencies(session: Session) -> None:
    """Show percentiles of each stage: queue (dispatch to start), work, judge (end to decision) and total."""
    report = session.run(_report(session))
    session.out.answer(report, latency_table(report))


async def _report(session: Session) -> LatencyReport:
    url = session.ledger_url
    if url is not None:
        try:
            report = await LedgerClient(url, timeout_ms=session.settings.ledger_timeout_ms).latencies()
        except LedgerUnavailable as error:
            session.out.detail(f"the ledger does not answer ({error}): reading run-events directly")
        else:
            if report is not None and report.complete:
                return report
    book = LatencyBook()
    async with session.log() as log:
        for record in (await HistoryReader(log, session.names).records()).values():
            book.add(new_samples(RunRecord(), record))
    return book.report()
