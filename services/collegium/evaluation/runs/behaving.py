"""Whether a run went as its objective expects: status, re-plans, fall-backs, escalation."""

from collections.abc import Iterator

from collegium.evaluation.runs.objectives import Behaviour, Objective
from collegium.evaluation.runs.recording import Course, Recording


def broken_expectations(objective: Objective, recording: Recording) -> tuple[str, ...] | None:
    """What was expected and is not so, in a few words each; None where nothing was expected."""
    if objective.expect == Behaviour():
        return None
    return tuple(_broken(objective.expect, recording))


def fell_back(course: Course) -> bool:
    """Whether a subtask that was begun with a model was done without one."""
    models = {attempt.subtask for attempt in course.attempts if attempt.strategy == "model"}
    return any(
        attempt.subtask in models and attempt.strategy == "deterministic" and attempt.failure is None
        for attempt in course.attempts
    )


def _broken(expected: Behaviour, recording: Recording) -> Iterator[str]:
    course, report = recording.course, recording.report
    if expected.status is not None and course.status is not expected.status:
        yield f"status {course.status.value}, not {expected.status.value} ({course.reason})"
    if expected.limit is not None and course.limit != expected.limit:
        yield f"halted by {course.limit}, not by {expected.limit}"
    disagreements = 0 if report is None else len(report.disagreements)
    for name, found, least, most in (
        ("re-plans", course.replans, expected.replans_at_least, expected.replans_at_most),
        ("retries", course.retries, expected.retries_at_least, None),
        ("disagreements", disagreements, expected.disagreements_at_least, expected.disagreements_at_most),
    ):
        if least is not None and found < least:
            yield f"{found} {name}, fewer than {least}"
        if most is not None and found > most:
            yield f"{found} {name}, more than {most}"
    seen = {attempt.failure for attempt in course.attempts}
    for kind in expected.failures:
        if kind not in seen:
            yield f"no attempt failed with {kind.value}"
    for name, wanted, found in (
        ("a fall-back", expected.fallback, fell_back(course)),
        ("an escalation", expected.escalated, bool(course.escalated)),
        ("a report with facts", expected.report, report is not None and report.answered),
    ):
        if wanted is not None and wanted != found:
            yield f"{name} was {'' if wanted else 'not '}expected"
