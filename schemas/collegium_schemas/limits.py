"""Every bound on what may travel through a topic, in one place.

A value past its bound is refused where it enters, with an error that names the bound. Sizes are in bytes of
UTF-8 JSON unless the name says otherwise.
"""

from typing import Final

MAX_MESSAGE_BYTES: Final = 1_048_576
"""The largest record value that Collegium sends or accepts; larger objectives are refused and dead-lettered."""

MAX_INLINE_BYTES: Final = 32_768
"""Context content up to this size travels inside the result as well, which spares readers a point read."""

MAX_GOAL_CHARS: Final = 8_000
MAX_TEXT_CHARS: Final = 4_000
"""Reasons, instructions and other prose for people."""

MAX_EPOCH_MS: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""

MAX_NAME_CHARS: Final = 64
MAX_ID_CHARS: Final = 128
MAX_URI_CHARS: Final = 1_024
MAX_PARAMS: Final = 32
"""Entries of a free-form parameter map."""

MAX_OUTPUTS: Final = 16
"""Context entries that one attempt may return."""

MAX_INPUTS: Final = 256
"""Context references that one task may carry."""

MAX_FOLLOW_UPS: Final = 16
"""Further work that one review may ask for."""

MAX_PLAN_SUBTASKS: Final = 5_000
MAX_FAN_OUT: Final = 256
"""Subtasks that one playbook step may expand to."""

MAX_PLAN_DEPTH: Final = 64
MAX_ATTEMPTS: Final = 20
"""Attempts at one subtask, retries included."""

MAX_ROUNDS: Final = 10
"""Times that a playbook's loop may repeat."""

MAX_STEP_EFFECTS: Final = 8
"""Effects that one step may ask for."""

MAX_RUN_EFFECTS: Final = 256
"""Effects that one plan may ask for, what undoes them included; each has a key that is kept as long as its run."""

MAX_EFFECT_KEY_CHARS: Final = 192
MAX_RECEIPT_CHARS: Final = 8_192
"""What a target answered, as it is kept with an effect's outcome."""

MAX_EVENTS_PER_DECISION: Final = 20_000
MAX_PASSAGES: Final = 200
MAX_PASSAGE_CHARS: Final = 8_000
MAX_CLAIMS: Final = 2_000
MAX_SENTENCES: Final = 2_000
MAX_SOURCES: Final = 500
