"""What simulated runs consist of."""

from typing import Final

from collegium.orchestrator.playbooks import parse_playbook
from collegium_schemas.playbook import Playbook

_REPORT: Final = """
name: report
decomposition: {max_questions: 3}
steps:
  - {id: find, role: finder, for_each: question, instruction: "{question}", outputs: [report], timeout_ms: 1500,
     retry: {max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1000}}
  - {id: write, role: writer, inputs: [find], revises: [write], instruction: "{goal}", outputs: [report],
     min_confidence: 0.5, timeout_ms: 1500, retry: {max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1000}}
  - {id: check, role: checker, inputs: [write, find], instruction: check, timeout_ms: 1500,
     retry: {max_attempts: 4, base_delay_ms: 100, max_delay_ms: 1000}}
  - {id: tell, role: writer, inputs: [write], after: [check], instruction: tell, outputs: [report], optional: true,
     timeout_ms: 1500, retry: {max_attempts: 2, base_delay_ms: 100, max_delay_ms: 1000}}
loop: {review: check, repeat: [find, write, check], max_rounds: 3}
deadline_ms: 15000
max_steps: 40
"""

_SHORT: Final = """
name: short
steps:
  - {id: find, role: finder, instruction: "{goal}", outputs: [report], timeout_ms: 1500,
     retry: {max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1000}}
  - {id: write, role: writer, inputs: [find], instruction: "{goal}", outputs: [report], timeout_ms: 1500,
     retry: {max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1000}}
deadline_ms: 15000
max_steps: 12
"""

_SAGA: Final = """
name: saga
steps:
  - {id: find, role: finder, instruction: "{goal}", outputs: [report], timeout_ms: 1500,
     retry: {max_attempts: 3, base_delay_ms: 100, max_delay_ms: 1000}}
  - {id: book, role: writer, inputs: [find], instruction: book, effects: [outside], timeout_ms: 6000,
     retry: {max_attempts: 4, base_delay_ms: 100, max_delay_ms: 1000},
     compensate: {instruction: unbook, timeout_ms: 6000,
                  retry: {max_attempts: 6, base_delay_ms: 100, max_delay_ms: 1000}}}
  - {id: pay, role: writer, after: [book], instruction: pay, effects: [outside], timeout_ms: 6000,
     retry: {max_attempts: 4, base_delay_ms: 100, max_delay_ms: 1000},
     compensate: {instruction: unpay, timeout_ms: 6000,
                  retry: {max_attempts: 6, base_delay_ms: 100, max_delay_ms: 1000}}}
  - {id: confirm, role: checker, after: [pay], instruction: confirm, timeout_ms: 1500,
     retry: {max_attempts: 2, base_delay_ms: 100, max_delay_ms: 1000}}
deadline_ms: 15000
compensation_ms: 20000
max_steps: 40
"""

PLAYBOOKS: Final[dict[str, Playbook]] = {
    name: parse_playbook(text, name) for name, text in (("report", _REPORT), ("short", _SHORT), ("saga", _SAGA))
}
ROLES: Final = ("finder", "writer", "checker")
EXECUTING: Final = "writer"
"""The role with execution rights."""

GOALS: Final = (
    "What is a topic?",
    "Explain topics and offsets",
    "Compare acks in Kafka 2.8 and 3.9",
    "Explain topics, partitions and offsets",
)
