"""The fold from decisions to run views."""

from hypothesis import given
from hypothesis import strategies as st

from collegium.ledger.folding import MAX_WAITING, RunRecord, Source, fold
from collegium.ledger.views import RunView
from collegium_schemas.events import InputRefused, RunDecided
from collegium_schemas.objective import RunStatus
from run_histories import RUN_ID, START_MS, cancelled_run, completed_run, rejected_run


def folded(history: list[RunDecided]) -> RunRecord:
    """All decisions, one after the other."""
    record = RunRecord()
    for decision in history:
        record = fold(record, decision)
    return record


def view_of(history: list[RunDecided]) -> RunView:
    """The view after all decisions."""
    view = folded(history).view()
    assert view is not None
    return view


def test_a_completed_run_shows_its_end_and_its_counts() -> None:
    """Status, times, steps, retries, re-plans and evidence are those of the history."""
    view = view_of(completed_run())
    assert view.status is RunStatus.COMPLETED
    assert view.version == 10
    assert view.goal == "Compare A and B"
    assert (view.accepted_at_ms, view.ended_at_ms) == (START_MS, START_MS + 500)
    assert (view.steps, view.retries, view.replans) == (4, 1, 1)
    assert (view.subtasks_total, view.subtasks_ended) == (3, 3)
    assert view.evidence_count == 5
    assert view.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert not view.incomplete


def test_a_subtask_shows_every_attempt_with_its_times() -> None:
    """A retried subtask has both attempts: the failure with its reason, the success with its times and worker."""
    part = view_of(completed_run()).subtask("retrieve-2")
    assert part is not None
    first, second = part.attempts
    assert first.status == "failed"
    assert first.failure is not None
    assert first.failure.kind == "timeout"
    assert second.status == "succeeded"
    assert second.dispatched_at_ms == START_MS + 300
    assert (second.started_at_ms, second.ended_at_ms) == (START_MS + 310, START_MS + 390)
    assert second.decided_at_ms == START_MS + 400
    assert second.evidence_count == 2
    assert second.note == "retrieve-2 done"


def test_plans_show_their_reasons_and_what_they_replaced() -> None:
    """Both plan versions are there, and the subtask that the second one removed is superseded."""
    view = view_of(completed_run())
    assert [plan.version for plan in view.plans] == [1, 2]
    assert view.plans[1].reason.startswith("review of round 1")
    assert view.plans[1].removed == ("draft-1",)
    replaced = view.subtask("draft-1")
    assert replaced is not None
    assert replaced.status == "superseded"


def test_what_people_did_is_shown_as_notices() -> None:
    """Pause, resume and a refused intervention appear in order."""
    notices = view_of(completed_run()).notices
    assert [notice.kind for notice in notices] == ["intervention_refused", "paused", "resumed"]
    assert notices[1].requester == "ann"


def test_the_report_is_found_through_the_view() -> None:
    """`output` names the subtask and attempt that wrote the entry."""
    found = view_of(completed_run()).output("report")
    assert found is not None
    subtask_id, attempt, ref = found
    assert (subtask_id, attempt, ref.name) == ("deliver-1", 1, "report")
    assert view_of(completed_run()).output("nothing") is None


def test_folding_a_decision_twice_changes_nothing() -> None:
    """A redelivered decision returns the very same record."""
    history = completed_run()
    record = folded(history)
    for decision in history:
        assert fold(record, decision) is record


@given(order=st.permutations(range(20)))
def test_any_order_and_repetition_gives_the_same_view(order: list[int]) -> None:
    """Shuffled histories with duplicates fold to the view of the history in order, positions included."""
    history = completed_run()
    positions = {decision.version: Source(2, 100 + decision.version) for decision in history}
    expected = RunRecord()
    for decision in history:
        expected = fold(expected, decision, positions[decision.version])
    record = RunRecord()
    for turn in order:
        decision = history[turn % len(history)]
        record = fold(record, decision, positions[decision.version])
    assert record.view() == expected.view()
    assert not record.waiting


def test_a_decision_before_its_turn_is_not_shown() -> None:
    """Version 3 waits for version 2; the view stays at version 1 until it comes."""
    history = completed_run()
    record = fold(fold(RunRecord(), history[0]), history[2])
    assert record.version == 1
    assert fold(record, history[1]).version == 3


def test_a_lost_decision_is_given_up_at_the_bound() -> None:
    """When MAX_WAITING decisions wait for one that never comes, folding goes on and the view says so."""
    history = completed_run()[:1]
    later = [
        history[0].model_copy(update={"version": version, "events": (InputRefused(what="objective", reason="again"),)})
        for version in range(3, 3 + MAX_WAITING)
    ]
    view = view_of(history + later)
    assert view.incomplete
    assert view.version == 2 + MAX_WAITING


def test_a_cancelled_run_stops_its_open_subtasks() -> None:
    """Who cancelled it is shown, and the running subtask is `stopped`, not running for ever."""
    view = view_of(cancelled_run(RUN_ID))
    assert view.status is RunStatus.CANCELLED
    assert view.ended_by == "ann"
    assert [part.status for part in view.subtasks] == ["stopped"]


def test_a_rejected_objective_is_a_failed_run_with_its_reason() -> None:
    """The sender finds the reason under the run_id."""
    view = view_of(rejected_run(RUN_ID))
    assert view.status is RunStatus.FAILED
    assert view.reason == "unknown playbook 'nope'"
    assert view.ended_at_ms == START_MS


def test_a_view_survives_its_json() -> None:
    """What HTTP carries reads back as the same view."""
    view = view_of(completed_run())
    assert RunView.read(view.to_json()) == view
