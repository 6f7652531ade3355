"""The fold that decides who may call: over generated records it keeps one holder, and forgets nothing that matters."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collegium.agent.effects_book import FREE, Standing, State, fold
from collegium_schemas.effects import EffectEnded, EffectIntended

KEY = "01932c07-7a3e-7c64-8f0e-2b7d5e1c9a10/s1/t"
CLAIMS = ("c1", "c2", "c3")
Record = EffectIntended | EffectEnded


def intent(claim: str, takes_over: str | None = None, purpose: str = "execute", attempt: int = 1) -> EffectIntended:
    """A claim."""
    body = {"key": KEY, "claim": claim, "purpose": purpose, "takes_over": takes_over, "attempt": attempt, "role": "r"}
    times = {"at_ms": 1, "start_before_ms": 2, "settled_by_ms": 3}
    return EffectIntended.model_validate({**body, **times, "worker": "w", "target": "t", "request_sha256": "0" * 64})


def ended(claim: str, status: str, doubt: int = 0) -> EffectEnded:
    """An outcome."""
    body = {"key": KEY, "claim": claim, "status": status, "attempt": 1, "doubt": doubt, "worker": "w"}
    return EffectEnded.model_validate({**body, "request_sha256": "0" * 64, "at_ms": 4})


RECORDS = st.one_of(
    st.builds(
        intent,
        st.sampled_from(CLAIMS),
        st.none() | st.sampled_from(CLAIMS),
        st.sampled_from(["execute", "execute", "execute", "close"]),
        st.integers(1, 3),
    ).filter(lambda made: made.takes_over != made.claim),
    st.builds(ended, st.sampled_from(CLAIMS), st.sampled_from(["done", "failed", "unknown"])),
)


def standing_after(records: list[Record]) -> Standing:
    """The fold of all of them."""
    standing: Standing | None = None
    for record in records:
        standing = fold(standing, record)
    return standing or FREE


@settings(max_examples=500)
@given(records=st.lists(RECORDS, max_size=12))
def test_a_holder_is_replaced_only_by_its_own_outcome_or_by_a_take_over_that_names_it(records: list[Record]) -> None:
    """So at most one claim at a time may call, whoever else writes."""
    standing = FREE
    for record in records:
        before, standing = standing, fold(standing, record)
        if before.state is State.DONE:
            assert standing.state is State.DONE
        if before.state is State.CLOSED:
            assert standing.state in {State.CLOSED, State.DONE}
        if before.state is State.HELD and standing != before:
            named = isinstance(record, EffectIntended) and record.takes_over == before.claim
            said = isinstance(record, EffectEnded) and (record.claim == before.claim or record.status == "done")
            assert named or said


@given(records=st.lists(RECORDS, max_size=12))
def test_a_record_that_is_written_twice_counts_once(records: list[Record]) -> None:
    """A producer that lost its acknowledgement writes the same record again, at once."""
    twice = [record for record in records for _ in range(2)]
    assert standing_after(twice) == standing_after(records)


@given(records=st.lists(RECORDS, min_size=1, max_size=12))
def test_what_may_have_happened_is_never_free_after_a_take_over(records: list[Record]) -> None:
    """Only a human, the target, or an outcome `done` resolves a doubt; a later refusal does not."""
    standing = FREE
    doubtful = False
    for record in records:
        before, standing = standing, fold(standing, record)
        if isinstance(record, EffectIntended) and standing.claim == record.claim and standing != before:
            doubtful = doubtful or record.takes_over is not None
        if doubtful:
            assert standing.state is not State.FREE


def as_written(records: list[Record]) -> list[Record]:
    """The same as the desk writes them: only a holder says that it failed or cannot tell, and with the doubt it has."""
    written: list[Record] = []
    standing: Standing | None = None
    for record in records:
        made = record
        if isinstance(record, EffectEnded) and record.status != "done":
            open_yet = standing is not None and standing.state in {State.HELD, State.UNKNOWN}
            if standing is None or not open_yet or record.claim != standing.claim:
                continue
            made = record.model_copy(update={"doubt": standing.doubt, "attempt": standing.attempt})
        written.append(made)
        standing = fold(standing, made)
    return written


@settings(max_examples=1_000)
@given(records=st.lists(RECORDS, min_size=1).map(as_written))
def test_compaction_to_the_latest_record_never_makes_a_key_free(records: list[Record]) -> None:
    """Whoever reads the topic later may know less, but never that it may simply call."""
    if records and standing_after(records).state is not State.FREE:
        assert standing_after(records[-1:]).state is not State.FREE


def test_compaction_to_a_failed_take_over_keeps_the_doubt() -> None:
    """Attempt 1 may have called: neither is its effect called again without a word, nor left when it is undone."""
    records = [intent("c1"), intent("c2", "c1", attempt=2), ended("c2", "failed", doubt=1)]
    for known in (records, records[-1:]):
        standing = standing_after(known)
        assert (standing.state, standing.attempt) == (State.UNKNOWN, 1)
        closed = fold(standing, intent("c3", standing.claim, "close", attempt=3))
        assert (closed.state, closed.doubt) == (State.CLOSED, 1)


def test_a_refusal_frees_the_key_and_a_late_copy_of_its_intent_does_not_take_it_again() -> None:
    """The next claim holds it."""
    records = [intent("c1"), ended("c1", "failed"), intent("c1")]
    assert standing_after(records).state is State.FREE
    assert standing_after([*records, intent("c2")]).claim == "c2"


def test_a_failed_take_over_falls_back_to_the_attempt_in_doubt() -> None:
    """A human's word on that attempt still applies."""
    after = standing_after(
        [intent("c1", attempt=1), ended("c1", "unknown"), intent("c2", "c1", attempt=2), ended("c2", "failed")]
    )
    assert (after.state, after.attempt) == (State.UNKNOWN, 1)


def test_a_holder_that_was_given_up_and_then_says_that_it_did_nothing_frees_the_key() -> None:
    """A zombie that woke up after its bound knows for certain what others could only doubt."""
    assert standing_after([intent("c1"), ended("c1", "unknown"), ended("c1", "failed")]).state is State.FREE
