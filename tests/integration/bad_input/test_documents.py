"""Corpora that are missing or hold broken files: told by the command line and by the run, on a real broker."""

import json
from pathlib import Path

import pytest

from collegium.retrieval.composition import build
from collegium.retrieval.settings import RetrievalSettings
from collegium_schemas.events import AttemptDispatched
from collegium_schemas.objective import RunStatus
from live_system import LiveSystem
from pdf_pages import pdf_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


def broken_files(directory: Path) -> dict[str, bytes]:
    """Files of known types that are none, and one good one of each kind."""
    pdf = pdf_of([["The default of acks is all.", "Since Kafka 3.0."]], title="Guide")
    files = {
        "good.pdf": pdf,
        "good.md": b"# Topics\n\nA topic is a log.\n",
        "cut.pdf": pdf[: len(pdf) // 3],
        "noise.pdf": b"%PDF-1.7\n" + bytes(range(256)) * 40,
        "no-pdf.pdf": b"<html>not found</html>",
        "empty.pdf": b"",
        "no-word.docx": b"PK\x03\x04 broken",
    }
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return files


async def test_broken_files_are_reported_and_skipped_and_the_others_added(system: LiveSystem, tmp_path: Path) -> None:
    """Each with its reason and what its owner can do; the exit status is 0, as something was added."""
    files = broken_files(tmp_path / "docs")
    added = await system.cli("corpus", "add", "--corpus", "mixed", "--json", str(tmp_path / "docs"))
    assert added.status == 0, added.err
    report = json.loads(added.out)
    assert report["documents"] == 2
    reports = {Path(file["path"]).name: file for file in report["files"]}
    assert reports.keys() == files.keys()
    for name, file in reports.items():
        assert (file["status"] == "skipped") == (not name.startswith("good")), file
        if file["status"] == "skipped":
            assert file["reason"]
            assert file["advice"]
    again = await system.cli("corpus", "add", "--corpus", "mixed", str(tmp_path / "docs"))
    assert again.status == 0
    assert "Traceback" not in again.err
    assert "5 files skipped" in again.out + again.err


async def test_a_corpus_that_is_not_there_fails_the_run_with_advice(system: LiveSystem, tmp_path: Path) -> None:
    """The real retrieval specialist; one attempt per question, since another cannot help."""
    retrieval = build(tmp_path, RetrievalSettings(vectors="off"))  # pyright: ignore[reportCallIssue]
    try:
        async with system.serving(retrieval):
            run_id = await system.submit(playbook="research-report", corpus="nonesuch")
            assert await system.status(run_id) is RunStatus.FAILED
    finally:
        retrieval.close()
    [ending] = system.seen.endings(run_id)
    assert "corpus 'nonesuch' does not exist" in ending.reason
    assert "collegium corpus add --corpus nonesuch" in ending.reason
    attempts = [event.attempt for event in system.seen.events(run_id) if isinstance(event, AttemptDispatched)]
    assert set(attempts) == {1}


async def test_a_playbook_that_is_wrong_is_told_with_its_lines(system: LiveSystem, tmp_path: Path) -> None:
    """`playbook check` ends with 2 and names file, line and fault; a good one with 0."""
    wrong = {
        "cycle": ("name: c\nsteps:\n  - {id: a, role: r, instruction: x, after: [a]}\n", "3: steps wait for each"),
        "typing": ("name: c\nsteps:\n  - id: a\n    role: Not A Role\n    instruction: x\n", "4: "),
        "no-yaml": ("name: [\n", "2: "),
        "no-utf8": ("\udcff", "1: not UTF-8"),
    }
    for name, (text, says) in wrong.items():
        path = tmp_path / f"{name}.yaml"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        checked = await system.cli("playbook", "check", str(path))
        assert checked.status == 2, checked.err
        assert f"{path}:{says}" in checked.err
    good = tmp_path / "good.yaml"
    good.write_text("name: c\nsteps:\n  - {id: a, role: r, instruction: x}\n")
    assert (await system.cli("playbook", "check", str(good))).status == 0
    assert (await system.cli("playbook", "check", str(tmp_path / "absent.yaml"))).status == 3
