"""The page: one row for each cell, ending in pass or fail, and rows that survive a pause of the matrix."""

from dataclasses import replace
from pathlib import Path

from chaos.__main__ import page
from chaos.cells import CELLS
from chaos.document import Row, document, record, recorded

PASSED = Row(
    name="owner.6.sent/kill--9",
    where="owner.6.sent",
    fault="kill -9",
    brokers="one node",
    day="2026-01-02",
    passed=True,
    counts={"objectives": 24, "decisions": 120, "events": 240, "retries": 3, "redelivered": 1},
    recovery_s=2.04,
    took_s=12.5,
)
FAILED = replace(PASSED, name="other", where="worker", passed=False, counts={}, recovery_s=None, failure="lost a run")


def test_each_cell_has_one_row_that_ends_in_its_verdict() -> None:
    """Counts and recovery where there are any, and what failed is told below."""
    told = document(
        [PASSED, FAILED], [(CELLS[0], "no root")], never_run=CELLS[1:3], command="make chaos", session_ms="2000"
    )
    assert "| owner.6.sent | kill -9 | 24 | 120 | 240 | 3 | 1 | 2.0 s | pass\n" in told
    assert "| worker | kill -9 | - | - | - | - | - | - | fail\n" in told
    assert "**1 of 5 trials passed.** `make chaos`, 2026-01-02" in told
    assert "- worker, kill -9: lost a run" in told
    assert f"- {CELLS[0].row}, {CELLS[0].column}: no root" in told
    never_run = "".join(f"- {cell.row}, {cell.column}\n" for cell in CELLS[1:3])
    assert told.endswith(f"## Never run\n\n{never_run}")


def test_the_page_has_every_cell_of_the_matrix() -> None:
    """Whatever was asked for: what has no row is listed, by name, and counted."""
    told = page({PASSED.name: replace(PASSED, name=CELLS[0].name)}, quick=False)
    assert f"**0 of {len(CELLS)} trials passed.**" in told
    told = page({CELLS[0].name: PASSED}, quick=False)
    assert f"**1 of {len(CELLS)} trials passed.**" in told
    assert all(f"\n- {cell.row}, {cell.column}" in told for cell in CELLS[1:])


def test_rows_are_kept_and_the_latest_counts(tmp_path: Path) -> None:
    """A cell that failed and was run again has its second row."""
    file = tmp_path / "rows.jsonl"
    assert recorded(file) == {}
    for row in (FAILED, PASSED, replace(FAILED, passed=True)):
        record(file, row)
    assert recorded(file) == {PASSED.name: PASSED, FAILED.name: replace(FAILED, passed=True)}


def test_every_trial_is_under_load() -> None:
    """At least twenty objectives, some of them before the fault."""
    for cell in CELLS:
        assert cell.load.least >= 20, cell.name
        assert 0 < cell.load.warm < cell.load.least, cell.name


def test_every_cell_has_a_name_of_its_own() -> None:
    """`--only NAME` chooses one, and the document has one row for each."""
    names = [cell.name for cell in CELLS]
    assert len(names) == len(set(names))
