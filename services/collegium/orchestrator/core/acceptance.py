"""What a success must have to be accepted."""

from collegium_schemas.state import SubtaskPart
from collegium_schemas.tasks import Failure, FailureKind, TaskSucceeded


def acceptance_fault(part: SubtaskPart, outcome: TaskSucceeded) -> Failure | None:
    """What an outcome lacks of its subtask's acceptance criteria; None when it meets them."""
    missing = sorted(set(part.spec.outputs) - {ref.name for ref in outcome.outputs})
    if missing:
        return Failure(kind=FailureKind.INVALID_OUTPUT, message=f"the outcome lacks output {missing[0]!r}")
    if outcome.confidence < part.spec.min_confidence:
        message = f"confidence {outcome.confidence:.2f} is below {part.spec.min_confidence:.2f}"
        return Failure(kind=FailureKind.LOW_CONFIDENCE, message=message)
    return None
