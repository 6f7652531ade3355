"""Ranking quality and speed of retrieval on a judged set: prints one JSON object.

    python benchmarks/retrieval.py FOLDER [--no-vectors]

FOLDER holds `corpus.jsonl` (doc_id, title, sentences), `questions.jsonl` (question_id, question) and
`qrels.jsonl` (query_id, doc_id, relevance), as the HotpotQA sample that the targets were measured on. nDCG@10 is
that of Järvelin and Kekäläinen (2002), with the ideal ranking of each question's judged documents.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import cast

from collegium.evaluation.metrics import ndcg_at
from collegium.retrieval.corpus import Corpus, OpenCorpus
from collegium.retrieval.embedding import MiniLm
from collegium.retrieval.errors import VectorsUnavailable
from collegium.retrieval.search import Searcher
from collegium.retrieval.vectors import CorpusVectors

_CUT = 10


def read_lines(path: Path) -> Iterator[dict[str, object]]:
    """The records of a JSON-lines file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def write_documents(folder: Path, target: Path) -> int:
    """Each paragraph as a Markdown file of its own; returns the bytes written."""
    size = 0
    for record in read_lines(folder / "corpus.jsonl"):
        sentences = record["sentences"]
        body = " ".join(cast(list[str], sentences)) if isinstance(sentences, list) else str(sentences)
        text = f"---\ntitle: {json.dumps(record['title'])}\n---\n{body}\n"
        (target / f"{record['doc_id']}.md").write_text(text, encoding="utf-8")
        size += len(text.encode())
    return size


def evaluate(searcher: Searcher, questions: dict[str, str], judged: dict[str, dict[str, float]]) -> dict[str, float]:
    """Mean nDCG@10 and milliseconds per question."""
    total, began = 0.0, time.perf_counter()
    for question_id, question in questions.items():
        hits = searcher.search(question, 3 * _CUT).hits
        ranking = [Path(hit.sources[0].document.document_id).stem for hit in hits]
        total += ndcg_at(ranking, judged[question_id], _CUT)
    elapsed_ms = (time.perf_counter() - began) * 1000
    return {"ndcg_at_10": round(total / len(questions), 4), "ms_per_question": round(elapsed_ms / len(questions), 2)}


def with_vectors(opened: OpenCorpus) -> tuple[Searcher, float]:
    """A searcher with all vectors, and the passages embedded per second."""
    vectors = CorpusVectors(opened, MiniLm())
    began = time.perf_counter()
    builder = Thread(target=vectors.build, args=(Event(),))
    builder.start()
    builder.join()
    return Searcher(opened, vectors), len(opened.index) / (time.perf_counter() - began)


def run(folder: Path, *, vectors: bool) -> dict[str, object]:
    """Measure one folder."""
    questions = {str(r["question_id"]): str(r["question"]).strip() for r in read_lines(folder / "questions.jsonl")}
    judged: dict[str, dict[str, float]] = {}
    for record in read_lines(folder / "qrels.jsonl"):
        judged.setdefault(str(record["query_id"]), {})[str(record["doc_id"])] = float(str(record["relevance"]))
    questions = {question_id: text for question_id, text in questions.items() if question_id in judged}
    with tempfile.TemporaryDirectory() as temporary:
        documents = Path(temporary, "documents")
        documents.mkdir()
        size = write_documents(folder, documents)
        corpus = Corpus(Path(temporary, "data"), "benchmark")
        began = time.perf_counter()
        report = corpus.add([documents])
        added_s = time.perf_counter() - began
        opened = corpus.open()
        result: dict[str, object] = {
            "documents": report.documents,
            "passages": report.passages,
            "questions": len(questions),
            "add_mb_per_s": round(size / 1e6 / added_s, 2),
            "bm25": evaluate(Searcher(opened), questions, judged),
        }
        if vectors:
            searcher, rate = with_vectors(opened)
            result["bm25+vectors"] = evaluate(searcher, questions, judged)
            result["embedded_passages_per_s"] = round(rate, 1)
        return result


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Ranking quality and speed of retrieval on a judged set.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no-vectors", action="store_true", help="measure BM25 alone")
    arguments = parser.parse_args()
    try:
        print(json.dumps(run(arguments.folder, vectors=not arguments.no_vectors)))
    except (OSError, VectorsUnavailable) as error:
        print(f"{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
