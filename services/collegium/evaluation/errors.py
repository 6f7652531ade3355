"""What can go wrong with an evaluation, by what the user can do.

EvaluationError
├── DataMissing      name a folder that holds the files
├── DataInvalid      mend that line, or lay the folder out as the README says
├── SubjectInvalid   name something that can be imported and judges cases
├── SubjectFailed    mend the subject; the answers so far are kept
└── ReportUnusable   compare with a report of the same data
"""

from pathlib import Path


class EvaluationError(Exception):
    """Root of everything that an evaluation raises."""


class DataMissing(EvaluationError):
    """A folder, or a file that its layout asks for, is not there."""

    def __init__(self, path: Path, advice: str) -> None:
        super().__init__(f"{path} does not exist: {advice}")
        self.path = path


class DataInvalid(EvaluationError):
    """A line of the data cannot be used.

    Args:
        path: The file.
        line: Counted from 1; None where it is about the file as a whole.
        problem: What is wrong, and what to do.
    """

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if line is None else f"{path}, line {line}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem


class SubjectInvalid(EvaluationError):
    """What was named as the subject cannot be one."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"subject {name}: {problem}")
        self.name = name


class SubjectFailed(EvaluationError):
    """The subject raised an error on a case, answered what is no prediction, or ended its process."""

    def __init__(self, subject: str, case_id: str, problem: str) -> None:
        super().__init__(f"subject {subject} failed on case {case_id}: {problem}")
        self.subject = subject
        self.case_id = case_id
        self.problem = problem

    def __reduce__(self) -> tuple[type["SubjectFailed"], tuple[str, str, str]]:
        """It travels between processes."""
        return (SubjectFailed, (self.subject, self.case_id, self.problem))


class ReportUnusable(EvaluationError):
    """A report to compare with is not there, cannot be read, or has no case in common."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
