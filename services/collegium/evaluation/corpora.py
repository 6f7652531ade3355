"""Folders of judged rankings: a corpus, questions and the documents that answer them."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import AliasChoices, Field, StringConstraints

from collegium.evaluation.cases import MOST_CASES, MOST_DOCUMENTS, RetrievalCase, SourceDocument, Suite
from collegium.evaluation.errors import DataInvalid, DataMissing
from collegium.evaluation.lines import Row, Seen, read_rows
from collegium.evaluation.reading import Id, SourceText, Texts, folder_of
from collegium_schemas import limits

_LAYOUTS: Final = (
    ("corpus.jsonl", "questions.jsonl", "qrels.jsonl"),
    ("passages.jsonl", "retrieval_queries.jsonl", "retrieval_qrels.jsonl"),
)
_MOST_JUDGEMENTS: Final = 200_000

Question = Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_PASSAGE_CHARS)]


class _Document(Row):
    doc_id: Id
    title: Annotated[str, StringConstraints(max_length=limits.MAX_TEXT_CHARS)] = ""
    sentences: Texts | None = None
    text: SourceText | None = None


class _Question(Row):
    question_id: Annotated[Id, Field(validation_alias=AliasChoices("question_id", "query_id"))]
    question: Annotated[Question, Field(validation_alias=AliasChoices("question", "text"))]
    type: Id | None = None


class _Judgement(Row):
    query_id: Id
    doc_id: Id
    relevance: Annotated[float, Field(ge=0.0, le=1_000.0)]


def read_retrieval(folder: Path) -> Suite[RetrievalCase]:
    """`corpus.jsonl`, `questions.jsonl` and `qrels.jsonl`, or the same as passages and queries (see `_LAYOUTS`).

    Raises:
        DataMissing: a file is not there.
        DataInvalid: a line cannot be used, or files do not fit each other.
    """
    corpus, questions, qrels = _files(folder_of(folder))
    seen, documents = Seen(corpus), list[SourceDocument]()
    for line, row in read_rows(corpus, _Document, MOST_DOCUMENTS):
        seen.add(row.doc_id, line)
        if (row.text is None) == (row.sentences is None):
            raise DataInvalid(corpus, line, "give either `text` or `sentences`")
        text = " ".join(row.sentences or ()) if row.text is None else row.text
        documents.append(SourceDocument(row.doc_id, row.title, text))
    judged = _judgements(qrels, seen)
    asked, cases = Seen(questions), list[RetrievalCase]()
    for line, row in read_rows(questions, _Question, MOST_CASES):
        asked.add(row.question_id, line)
        relevance = tuple(judged.get(row.question_id, {}).items())
        if not any(gain > 0 for _, gain in relevance):
            raise DataInvalid(questions, line, f"{qrels.name} has no relevant document for {row.question_id!r}")
        cases.append(RetrievalCase(row.question_id, row.question.strip(), relevance, row.type or ""))
    for unknown in judged.keys() - {case.case_id for case in cases}:
        raise DataInvalid(qrels, None, f"it judges question {unknown!r}, which {questions.name} does not hold")
    return Suite("retrieval", folder.resolve().name, tuple(cases), tuple(documents))


def _files(folder: Path) -> tuple[Path, Path, Path]:
    for names in _LAYOUTS:
        if (folder / names[1]).exists():
            corpus, questions, qrels = (folder / name for name in names)
            return corpus, questions, qrels
    raise DataMissing(folder / _LAYOUTS[0][1], f"a retrieval folder holds {_LAYOUTS[0]} or {_LAYOUTS[1]}")


def _judgements(path: Path, documents: Seen) -> dict[str, dict[str, float]]:
    judged: dict[str, dict[str, float]] = {}
    for line, row in read_rows(path, _Judgement, _MOST_JUDGEMENTS):
        if row.doc_id not in documents:
            raise DataInvalid(path, line, f"document {row.doc_id!r} is not in the corpus")
        if row.doc_id in judged.setdefault(row.query_id, {}):
            raise DataInvalid(path, line, f"document {row.doc_id!r} is judged twice for {row.query_id!r}")
        judged[row.query_id][row.doc_id] = row.relevance
    return judged
