"""Speed and memory of retrieval on a large corpus: prints one JSON object.

    python benchmarks/retrieval_scale.py [--passages 100000] [--questions 300]

The corpus is made from a seed: files of twenty paragraphs below headings, their sentences drawn from FOLDER's
`corpus.jsonl` (HotpotQA's paragraphs in this repository), so that words are as frequent as in real text. It is added
as files, indexed anew (`index_mb_per_s`, of normalised text), grown by one file, and searched by BM25 in a process of
its own, whose memory is that of the corpus: `anonymous` is its own, `mapped` is shared by all processes that search.
Seconds of the clock include what else the machine does; those of the CPU do not.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from collegium.retrieval.building import build_index
from collegium.retrieval.corpus import Corpus
from collegium.retrieval.search import Searcher

_DATA = Path(__file__).parents[1] / "tests" / "evaluation" / "data" / "multidoc_hotpotqa100"
_PARAGRAPHS = 20
_SENTENCES = 5
_HITS = 10
_CORPUS = "scale"


def write_files(target: Path, passages: int, seed: int) -> None:
    """Files whose paragraphs are one passage each."""
    lines = (_DATA / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    sentences = [sentence for line in lines for sentence in json.loads(line)["sentences"] if len(sentence) > 40]
    words = " ".join(sentences).split()
    draw = random.Random(seed)  # noqa: S311 - no secret, a made text
    for number in range(passages // _PARAGRAPHS):
        parts = [f"# {' '.join(draw.choices(words, k=3))}"]
        for _ in range(_PARAGRAPHS):
            parts.append(f"## {' '.join(draw.choices(words, k=2))}")
            parts.append(" ".join(sentence.strip() for sentence in draw.choices(sentences, k=_SENTENCES)))
        (target / f"{number:06}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


_T = TypeVar("_T")


def timed(work: Callable[[], _T]) -> tuple[_T, dict[str, float]]:
    """What the work gives, and its seconds."""
    clock, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"s": round(time.perf_counter() - clock, 2), "cpu_s": round(time.process_time() - cpu, 2)}


def memory_mb() -> dict[str, float]:
    """This process's memory (Linux): its own, and what it has mapped from files."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    kinds = {"anonymous": "RssAnon", "mapped": "RssFile"}
    return {name: round(int(fields[field].split()[0]) / 1024, 1) for name, field in kinds.items()}


def questions(count: int, seed: int) -> list[str]:
    """Questions that people asked, and as many made of words of the corpus."""
    lines = (_DATA / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["question"] for line in lines]
    words = " ".join(asked).split()
    draw = random.Random(seed)  # noqa: S311 - no secret, a made text
    return [draw.choice(asked) if n % 2 else " ".join(draw.choices(words, k=10)) for n in range(count)]


def search(data: Path, count: int) -> dict[str, object]:
    """Open the corpus and ask; called in a fresh process."""
    before = memory_mb()
    opened, opening = timed(lambda: Corpus(data, _CORPUS).open())
    searcher = Searcher(opened)
    clock: list[float] = []
    cpu: list[float] = []
    for question in questions(count, seed=2):
        began, worked = time.perf_counter(), time.thread_time()
        searcher.search(question, _HITS)
        clock.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (time.thread_time() - worked))
    after = memory_mb()

    def percentiles(values: list[float]) -> dict[str, float]:
        return {f"p{q}": round(float(np.percentile(values, q)), 1) for q in (50, 95, 99)}

    return {
        "open": opening,
        "query_ms": percentiles(clock),
        "query_cpu_ms": percentiles(cpu),
        "memory_mb": {name: round(after[name] - before[name], 1) for name in after},
    }


def run(passages: int, count: int) -> dict[str, object]:
    """Build a corpus and measure it."""
    with tempfile.TemporaryDirectory() as temporary:
        files, data, rebuilt = (Path(temporary, name) for name in ("files", "data", "rebuilt"))
        files.mkdir()
        rebuilt.mkdir()
        write_files(files, passages, seed=1)
        corpus = Corpus(data, _CORPUS)
        report, adding = timed(lambda: corpus.add([files]))
        texts = {document.text_key: corpus.text(document) for document in corpus.documents()}
        size_mb = sum(len(parsed.text.encode()) for parsed in texts.values()) / 1e6
        documents = corpus.documents()
        _, indexing = timed(lambda: build_index(rebuilt, documents, lambda document: texts[document.text_key]))
        (files / "one-more.md").write_text("# One more\n\nA paragraph that was not there before.\n", encoding="utf-8")
        _, growing = timed(lambda: corpus.add([files / "one-more.md"]))
        command = [sys.executable, __file__, "--search", str(data), "--questions", str(count)]
        searched = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return {
            "documents": report.documents,
            "passages": report.passages,
            "text_mb": round(size_mb, 1),
            "index_on_disk_mb": round(sum(path.stat().st_size for path in rebuilt.iterdir()) / 1e6, 1),
            "add": adding,
            "index": indexing,
            "index_mb_per_s": round(size_mb / indexing["s"], 2),
            "index_mb_per_cpu_s": round(size_mb / indexing["cpu_s"], 2),
            "add_one_file": growing,
            **searched,
        }


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Speed and memory of retrieval on a large corpus.")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--search", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.search:
        print(json.dumps(search(arguments.search, arguments.questions)))
    else:
        print(json.dumps(run(arguments.passages, arguments.questions)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
