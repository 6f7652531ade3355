"""Folders of judged data: what is read, and what is told of a folder that cannot be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from collegium.evaluation.corpora import read_retrieval
from collegium.evaluation.errors import DataInvalid, DataMissing, EvaluationError
from collegium.evaluation.reading import read_contradiction, read_injection, read_verification
from judged_folders import Record, claims, contexts, pairs, ranking, write_lines

CLAIM: Record = {"id": "c", "claim": "It holds.", "evidence": ["It holds."], "label": "SUPPORTS"}
PAGE: Record = {"id": "p", "claim": "It holds.", "chunks": [{"sentences": ["a", "b"]}], "label": "partially_supported"}


def test_claims_have_evidence_or_pages(tmp_path: Path) -> None:
    """Sentences are one source, each page is one; a partly supported claim lacks evidence."""
    write_lines(tmp_path / "claims.jsonl", [CLAIM, PAGE])
    claim, page = read_verification(tmp_path).cases
    assert (claim.sources, claim.truth) == (("It holds.",), "supported")
    assert (page.sources, page.truth) == (("a\n\nb",), "not_enough_evidence")


def test_pairs_and_contexts_are_read(tmp_path: Path) -> None:
    """Instructions that stand alone are cases of their own."""
    assert [case.truth for case in read_contradiction(pairs(tmp_path)).cases] == [
        "contradiction",
        "neutral",
        "entailment",
    ]
    found = read_injection(contexts(tmp_path)).cases
    assert [(case.truth, case.group) for case in found] == [
        ("benign", "email"),
        ("injected", "email"),
        ("injected", "table"),
        ("injected", "alone"),
    ]


def test_both_layouts_of_rankings_are_read(tmp_path: Path) -> None:
    """A corpus with questions, and passages with queries."""
    first = read_retrieval(ranking(tmp_path / "one"))
    assert (len(first.documents), first.cases[0].relevance) == (3, (("d/1", 1.0),))
    other = tmp_path / "other"
    write_lines(other / "passages.jsonl", [{"doc_id": "a", "text": "Some text."}])
    write_lines(other / "retrieval_queries.jsonl", [{"query_id": "q", "text": "some?"}])
    write_lines(other / "retrieval_qrels.jsonl", [{"query_id": "q", "doc_id": "a", "relevance": 1, "label": "x"}])
    assert read_retrieval(other).cases[0].question == "some?"


def test_a_suite_changes_with_its_cases(tmp_path: Path) -> None:
    """The digest stands for what was read, not for where."""
    one, other = read_verification(claims(tmp_path / "a")), read_verification(claims(tmp_path / "b"))
    assert one.sha256 == other.sha256
    write_lines(tmp_path / "b" / "claims.jsonl", [CLAIM])
    assert read_verification(tmp_path / "b").sha256 != one.sha256


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (b"{\n", r"claims\.jsonl, line 1: "),
        (b'{"id": "c", "claim": "x", "label": "MAYBE", "evidence": []}\n', "line 1: label: "),
        (b'{"id": "c", "claim": "x", "label": "SUPPORTS"}\n', "line 1: give either `evidence`"),
        (b'{"id": "c", "claim": "", "label": "SUPPORTS", "evidence": []}\n', "line 1: claim: "),
        (b'{"id": "c", "claim": 3, "label": "SUPPORTS", "evidence": []}\n', "line 1: claim: "),
        (b'{"id": "c", "claim": "x", "label": "SUPPORTS", "evidence": []}\n' * 2, "line 2: id 'c' stands in line 1"),
        (b'{"id": "c", "claim": "\xff", "label": "SUPPORTS", "evidence": []}\n', "line 1: "),
        (b"\n \n", "it holds no record"),
        (b" " * (5 << 20), "line 1: longer than"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, lines: bytes, told: str) -> None:
    """With file, line and what to do."""
    (tmp_path / "claims.jsonl").write_bytes(lines)
    with pytest.raises(DataInvalid, match=told):
        read_verification(tmp_path)


@pytest.mark.parametrize(
    ("name", "records", "told"),
    [
        ("qrels.jsonl", [{"query_id": "q1", "doc_id": "d/9", "relevance": 1}], "line 1: document 'd/9' is not in"),
        ("qrels.jsonl", [{"query_id": "q1", "doc_id": "d/1", "relevance": 0}], "no relevant document for 'q1'"),
        ("qrels.jsonl", [{"query_id": "q1", "doc_id": "d/1", "relevance": 1}] * 2, "line 2: .*judged twice"),
        (
            "qrels.jsonl",
            [{"query_id": query, "doc_id": "d/1", "relevance": 1} for query in ("q1", "q2")],
            "question 'q2'",
        ),
        ("corpus.jsonl", [{"doc_id": "d/1"}], "give either `text`"),
    ],
)
def test_files_that_do_not_fit_each_other_are_told(tmp_path: Path, name: str, records: list[Record], told: str) -> None:
    """Judgements name documents and questions that are there."""
    ranking(tmp_path)
    write_lines(tmp_path / name, records)
    with pytest.raises(DataInvalid, match=told):
        read_retrieval(tmp_path)


@pytest.mark.parametrize("reader", [read_verification, read_contradiction, read_injection, read_retrieval])
def test_a_missing_folder_or_file_is_told(tmp_path: Path, reader: Callable[[Path], object]) -> None:
    """Which one, and where the layouts are described."""
    with pytest.raises(DataMissing, match="nowhere does not exist"):
        reader(tmp_path / "nowhere")
    with pytest.raises(DataMissing, match=r"\.jsonl does not exist"):
        reader(tmp_path)


def test_an_instruction_must_be_marked_as_one(tmp_path: Path) -> None:
    """A benign text has none, an injected one has one, and ids are given once over both files."""
    write_lines(tmp_path / "contexts_labelled.jsonl", [{"id": "a", "text": "x", "label": "INJECTED"}])
    with pytest.raises(EvaluationError, match="line 1: `injection` must be given"):
        read_injection(tmp_path)
    contexts(tmp_path)
    write_lines(tmp_path / "strings.jsonl", [{"id": "i0", "text": "Do it."}])
    with pytest.raises(EvaluationError, match=r"strings\.jsonl, line 1: id 'i0' stands in contexts_labelled"):
        read_injection(tmp_path)
