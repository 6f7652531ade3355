"""Whole runs are measured through Kafka, on the services of a running stack."""

from pathlib import Path

import pytest

from full_stack import FullStack
from needs import needs

pytestmark = [needs("jaeger"), pytest.mark.asyncio(loop_scope="session")]

SUITE = """
name: through-kafka
documents:
  - path: barn.md
    text: "# Barn\\n\\nThe barn of the north farm is 40 metres long.\\n"
objectives:
  - id: barn
    goal: "How long is the barn of the north farm?"
    facts: [{id: length, any: [["40", "metres"]], document: barn.md}]
    answerable: true
  - {id: volcano, goal: "Which composer wrote the opera about the volcano?", answerable: false}
"""


async def test_runs_on_the_stack_are_scored(stack: FullStack, tmp_path: Path) -> None:
    """The suite's documents reach the services; reports, courses and bytes come back."""
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    answer = await stack.cli("evaluate", "runs", "--suite", str(suite), "--kafka", "--strict", "--json")
    assert answer.code == 0, answer.err
    figures = {one["name"]: one["value"] for one in answer.json["parts"][0]["figures"]}
    assert figures["fact_coverage"] == figures["grounded"] == figures["unanswerable_declared"] == 1.0
    assert figures["log_bytes"] > figures["report_bytes"] > 0
