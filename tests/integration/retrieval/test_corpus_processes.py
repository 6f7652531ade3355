"""Several processes share a corpus; one of them is killed while it writes."""

import subprocess
import sys
from pathlib import Path

from collegium.retrieval.corpus import Corpus

ADD = """
import sys
from pathlib import Path
from collegium.retrieval.corpus import Corpus
Corpus(Path(sys.argv[1]), "shared").add([Path(p) for p in sys.argv[2:]])
"""
ADD_AND_STALL = """
import sys
from pathlib import Path
from collegium.retrieval import corpus as module
build = module.build_index
def stall(directory, documents, read_text, previous):
    build(directory, documents, read_text, previous)
    print("built", flush=True)
    sys.stdin.read()
    return 0
module.build_index = stall
module.Corpus(Path(sys.argv[1]), "shared").add([Path(p) for p in sys.argv[2:]])
"""


def write_docs(root: Path, prefix: str, count: int) -> list[str]:
    """Files with a text of their own."""
    root.mkdir(exist_ok=True)
    paths = [root / f"{prefix}{number}.md" for number in range(count)]
    for path in paths:
        path.write_text(f"# {path.stem}\n\nThis is the text of {path.stem}.\n")
    return [str(path) for path in paths]


def test_writers_in_several_processes_lose_nothing(tmp_path: Path) -> None:
    """Processes that add at the same time wait for each other, and every document is there at the end."""
    groups = [write_docs(tmp_path / "docs", prefix, 5) for prefix in "abc"]
    data = str(tmp_path / "data")
    running = [subprocess.Popen([sys.executable, "-c", ADD, data, *group]) for group in groups]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    opened = Corpus(tmp_path / "data", "shared").open()
    assert len(opened.documents) == 15
    assert len(opened.index) == 15


def test_a_writer_that_is_killed_leaves_the_old_snapshot(tmp_path: Path) -> None:
    """After kill -9 in the middle of publishing, readers see the old snapshot and the next writer is not blocked."""
    corpus = Corpus(tmp_path / "data", "shared")
    before = corpus.add([Path(path) for path in write_docs(tmp_path / "docs", "a", 3)])
    more = write_docs(tmp_path / "docs", "b", 3)
    command = [sys.executable, "-c", ADD_AND_STALL, str(tmp_path / "data"), *more]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"built\n"
        assert corpus.open().snapshot_id == before.snapshot_id
        writer.kill()
        writer.wait(timeout=30)
    assert corpus.open().snapshot_id == before.snapshot_id
    after = corpus.add([Path(path) for path in more])
    assert after.documents == 6
    assert not list((tmp_path / "data" / "corpora" / "shared" / "snapshots").glob(".new-*"))
