"""Per-stage latencies."""

from collegium.ledger.folding import RunRecord, fold
from collegium.ledger.latencies import LatencyBook, new_samples, summarise
from run_histories import RUN_ID, completed_run


def test_stages_are_measured_from_the_histories_times() -> None:
    """Queue, work, judge and total of each role are differences of the recorded times; the run has a total."""
    book, record = LatencyBook(), RunRecord()
    for decision in completed_run():
        after = fold(record, decision)
        book.add(new_samples(record, after))
        record = after
    found = {(entry.role, entry.stage): entry for entry in book.report().stages}
    delivery = [found["delivery", stage].p50_ms for stage in ("queue", "work", "judge", "total")]
    assert delivery == [10, 70, 20, 100]
    assert found["run", "total"].max_ms == 500
    assert found["retrieval", "total"].count == 3
    assert found["retrieval", "work"].count == 2


def test_a_repeated_decision_adds_no_sample() -> None:
    """Folding the history twice measures each attempt once."""
    book, record = LatencyBook(), RunRecord()
    for decision in completed_run(RUN_ID) * 2:
        after = fold(record, decision)
        book.add(new_samples(record, after))
        record = after
    assert {entry.role: entry.count for entry in book.report().stages if entry.stage == "total"} == {
        "delivery": 1,
        "retrieval": 3,
        "run": 1,
    }


def test_percentiles_are_by_nearest_rank() -> None:
    """Of 1..100 the percentile is its own rank; of one value it is that value."""
    hundred = summarise("r", "work", range(1, 101))
    assert (hundred.p50_ms, hundred.p90_ms, hundred.p99_ms, hundred.max_ms) == (50, 90, 99, 100)
    one = summarise("r", "work", [7])
    assert (one.p50_ms, one.p99_ms) == (7, 7)


def test_the_book_keeps_only_the_newest_samples() -> None:
    """Past its bound the oldest samples go."""
    book, record = LatencyBook(samples_per_stage=1), RunRecord()
    for decision in completed_run():
        after = fold(record, decision)
        book.add(new_samples(record, after))
        record = after
    assert {entry.count for entry in book.report().stages} == {1}
