"""Putting cases to a subject: resumed, in processes, and when the subject fails."""

import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from collegium.evaluation.answers import Answer, AnswerFile, AnswersInMemory
from collegium.evaluation.cases import Suite, VerificationCase
from collegium.evaluation.errors import DataInvalid, SubjectFailed, SubjectInvalid
from collegium.evaluation.judging import Material, resolve
from collegium.evaluation.running import Progress, run

CASES = tuple(
    VerificationCase(f"c{number}", f"word{number} holds", (f"word{number % 3} holds here",), "supported")
    for number in range(5)
)


def suite(cases: Sequence[VerificationCase] = CASES) -> Suite[VerificationCase]:
    """A few claims."""
    return Suite("verification", "tiny", tuple(cases))


def material(folder: Path) -> Material:
    """No corpus."""
    return Material((), "", folder / "prepared")


def said(answers: Sequence[Answer]) -> list[tuple[str, str, str]]:
    """What was answered, without times."""
    return [(one.case_id, one.prediction.label, one.prediction.note) for one in answers]


def test_every_case_is_answered_in_order(tmp_path: Path) -> None:
    """Cases without all their words in a source are not supported; progress counts up."""
    told: list[Progress] = []
    done = run(
        suite(), "judging_subjects:overlap", material(tmp_path), AnswersInMemory[Answer](), on_progress=told.append
    )
    labels = [one.prediction.label for one in done.answers]
    assert labels == ["supported"] * 3 + ["not_enough_evidence"] * 2
    assert told == [Progress(number, 0, 5) for number in range(1, 6)]


def test_processes_answer_as_one_does(tmp_path: Path) -> None:
    """Also what a subject draws by chance depends on the case alone."""
    here = run(suite(), "judging_subjects:overlap", material(tmp_path), AnswersInMemory[Answer]())
    there = run(
        suite(CASES[::-1]), "judging_subjects:overlap", material(tmp_path), AnswersInMemory[Answer](), workers=2
    )
    assert said(there.answers[::-1]) == said(here.answers)
    assert len(list((tmp_path / "prepared").iterdir())) > 1  # it was opened in other processes too


def test_a_second_run_asks_only_what_is_new(tmp_path: Path) -> None:
    """Answers are taken up from the file, changed cases and other versions are asked again."""
    path = tmp_path / "answers.jsonl"
    subject = "judging_subjects:overlap"
    assert run(suite(CASES[:3]), subject, material(tmp_path), AnswerFile(path, Answer)).taken_up == 0
    again = run(suite(), subject, material(tmp_path), AnswerFile(path, Answer))
    assert (again.taken_up, len(again.answers)) == (3, 5)
    changed = [VerificationCase("c0", "another claim", (), "supported"), *CASES[1:]]
    assert run(suite(changed), subject, material(tmp_path), AnswerFile(path, Answer)).taken_up == 4
    assert run(suite(), "judging_subjects:newer", material(tmp_path), AnswerFile(path, Answer)).taken_up == 0


def test_a_line_that_was_cut_off_is_asked_again(tmp_path: Path) -> None:
    """As a kill leaves it; the file is whole afterwards."""
    path = tmp_path / "answers.jsonl"
    run(suite(), "judging_subjects:overlap", material(tmp_path), AnswerFile(path, Answer))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    again = run(suite(), "judging_subjects:overlap", material(tmp_path), AnswerFile(path, Answer))
    assert (again.taken_up, len(AnswerFile(path, Answer).known())) == (4, 5)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    """File, line, and what to do."""
    path = tmp_path / "answers.jsonl"
    path.write_text('{"key": 1}\n', encoding="utf-8")
    with pytest.raises(DataInvalid, match=r"line 1: .*delete the file"):
        AnswerFile(path, Answer).known()


def test_a_failing_subject_names_its_case_and_keeps_the_answers_before(tmp_path: Path) -> None:
    """In this process, where the order is known."""
    answers = AnswersInMemory[Answer]()
    with pytest.raises(SubjectFailed, match="failing failed on case c2: ValueError: no idea"):
        run(suite(), "judging_subjects:failing", material(tmp_path), answers)
    assert {one.case_id for one in answers.known().values()} == {"c0", "c1"}


@pytest.mark.parametrize(
    ("subject", "problem"), [("failing", "failed on case c2: ValueError"), ("ending", "a worker process ended")]
)
def test_failures_travel_from_workers(tmp_path: Path, subject: str, problem: str) -> None:
    """An error of the subject, or the end of its process."""
    with pytest.raises(SubjectFailed, match=problem):
        run(suite(), f"judging_subjects:{subject}", material(tmp_path), AnswersInMemory[Answer](), workers=2)


@pytest.mark.parametrize("name", ["judging_subjects:nothing", "no_such_module:x", "judging_subjects:silent"])
def test_what_is_no_subject_is_refused(tmp_path: Path, name: str) -> None:
    """No attribute, no module, or what it returns cannot judge."""
    with pytest.raises(SubjectInvalid):
        run(suite(), name, material(tmp_path), AnswersInMemory[Answer]())


def test_a_name_is_shipped_or_a_path() -> None:
    """Anything else is told which names there are."""
    assert resolve("verification", "shipped").endswith("subjects.verification:shipped")
    with pytest.raises(SubjectInvalid, match="shipped, bm25"):
        resolve("retrieval", "bm26")


def test_an_interrupt_ends_the_workers_and_keeps_the_answers(tmp_path: Path) -> None:
    """Also one that comes again: what was answered is there, and the handler is the one from before."""
    path, before = tmp_path / "answers.jsonl", signal.getsignal(signal.SIGINT)

    def interrupt(progress: Progress) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(
            suite(),
            "judging_subjects:overlap",
            material(tmp_path),
            AnswerFile(path, Answer),
            workers=2,
            on_progress=interrupt,
        )
    assert signal.getsignal(signal.SIGINT) is before
    assert 1 <= len(AnswerFile(path, Answer).known()) <= len(CASES)
