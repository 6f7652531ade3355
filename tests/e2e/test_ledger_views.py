"""The ledger and the topics tell the same."""

import pytest

from full_stack import FullStack, new_run_id, objective
from needs import needs

pytestmark = [needs("jaeger"), pytest.mark.asyncio(loop_scope="session")]

QUESTION = "What does the acks setting of a producer mean?"


async def test_without_a_ledger_the_command_line_shows_the_same(stack: FullStack) -> None:
    """Every view that the ledger serves equals the one folded from the topics; the ledger's return changes nothing."""
    ended, live = objective(QUESTION), new_run_id()
    await stack.ended(await stack.submit(ended))
    stack.gates.close("delivery", live)
    await stack.submit(objective(QUESTION, live))
    await stack.gates.held("delivery", live)
    commands = (("runs", "--limit", "100"), ("show", live), ("latencies",))

    served = [await stack.cli(*command, "--json", "--verbose") for command in commands]
    await stack.cli("scale", "ledger=0")
    direct = [await stack.cli(*command, "--json", "--verbose") for command in commands]
    await stack.cli("scale", "ledger=1")
    again = [await stack.cli(*command, "--json", "--verbose") for command in commands[:2]]
    stack.gates.open("delivery", live)
    await stack.ended(live)

    assert [answer.code for answer in (*served, *direct, *again)] == [0] * 8
    assert all("answered by the ledger" in answer.err for answer in (*served[:2], *again))
    assert all("reading run-events directly" in answer.err for answer in direct[:2]), direct[:2]
    assert [answer.json for answer in served] == [answer.json for answer in direct]
    assert [answer.json for answer in served[:2]] == [answer.json for answer in again]
