"""Bounds on what specialists read, quote and keep of texts, and on what a trace store reads."""

import io
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfWriter
from rich.console import Console

from collegium.analysis.choosing import _MOST_PER_PASSAGE  # pyright: ignore[reportPrivateUsage] - the bound itself
from collegium.analysis.examine import MOST_CLAIMS, MOST_CLAIMS_IN_ALL, examine
from collegium.language.attribution import (
    _MOST_TITLE_CHARS,  # pyright: ignore[reportPrivateUsage] - the bound itself
    short_title,
)
from collegium.language.quantities import _MOST_DIGITS, measures  # pyright: ignore[reportPrivateUsage]
from collegium.language.settings import _MOST_VALUE_CHARS, settings  # pyright: ignore[reportPrivateUsage]
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.files import (
    _MOST_MANIFEST_BYTES,  # pyright: ignore[reportPrivateUsage] - the bound itself
    find_files,
)
from collegium.retrieval.parsing.builder import TextBuilder
from collegium.retrieval.parsing.pdf import _MOST_PAGES, parse_pdf  # pyright: ignore[reportPrivateUsage]
from collegium.retrieval.parsing.word import _MOST_UNPACKED_BYTES, parse_docx  # pyright: ignore[reportPrivateUsage]
from collegium.retrieval.passages import _MOST_HEADING_CHARS, passages  # pyright: ignore[reportPrivateUsage]
from collegium.telemetry.spans import StoredSpan
from collegium.telemetry.store import (
    _MAX_LINE_BYTES,  # pyright: ignore[reportPrivateUsage] - the bound itself
    LocalTraceStore,
)
from collegium.telemetry.waterfall import (
    _MAX_ERROR_CHARS,  # pyright: ignore[reportPrivateUsage] - the bound itself
    _MAX_ERRORS,  # pyright: ignore[reportPrivateUsage]
    Waterfall,
)
from report_worlds import evidence, passage


def test_a_quoted_title_is_cut() -> None:
    """At the bound it is whole."""
    assert short_title("t" * _MOST_TITLE_CHARS) == "t" * _MOST_TITLE_CHARS
    assert short_title("t" * (_MOST_TITLE_CHARS + 1)) == "t" * _MOST_TITLE_CHARS


def test_a_number_with_more_digits_is_none() -> None:
    """It is no amount of anything, and arithmetic on it would cost."""
    assert len(measures(f"It takes {'1' * _MOST_DIGITS} seconds.")) == 1
    assert measures(f"It takes {'1' * (_MOST_DIGITS + 1)} seconds.") == ()


def test_the_end_of_a_long_path_of_headings_is_kept() -> None:
    """A passage is found by the innermost ones."""
    builder = TextBuilder(10**6)
    for level in range(1, 7):
        builder.heading(f"{level}" * 100, level)
    builder.paragraph("Some text of the innermost section.")
    [found] = [each for each in passages(builder.build()) if "innermost" in each.text]
    assert found.heading.startswith("… ")
    assert found.heading.endswith("6" * 100)
    assert len(found.heading) == _MOST_HEADING_CHARS + 2


def test_a_manifest_over_its_bound_is_told_and_its_files_are_found(tmp_path: Path) -> None:
    """What it says does not count."""
    (tmp_path / "a.md").write_text("# A\n")
    with (tmp_path / "manifest.jsonl").open("wb") as file:
        file.truncate(_MOST_MANIFEST_BYTES + 1)
    found = find_files([tmp_path])
    assert ["manifest" in problem.reason for problem in found.problems] == [True]
    assert [file.path.name for file in found.files] == ["a.md"]


def test_a_document_of_too_many_pages_is_refused() -> None:
    """With what to do about it."""
    writer = PdfWriter()
    for _ in range(_MOST_PAGES + 1):
        writer.add_blank_page(10, 10)
    body = io.BytesIO()
    writer.write(body)
    with pytest.raises(DocumentError, match="it has more than 5,000 pages"):
        parse_pdf(body.getvalue(), 1_000)


def test_the_claims_of_an_analysis_are_bounded() -> None:
    """Per passage, per question and in all: the best are kept."""
    texts = [
        " ".join(f"The broker number {page}{line} stores {page}{line} records of the topic." for line in range(10))
        for page in range(10)
    ]
    asked = "How many records of the topic does the broker store?"
    found = [passage(text, document=f"d{number}") for number, text in enumerate(texts)]
    (question,) = examine([evidence(asked, *found)]).questions
    per_passage = [sum(claim.passage_id == each.passage_id for claim in question.claims) for each in found]
    assert len(question.claims) == MOST_CLAIMS
    assert max(per_passage) == _MOST_PER_PASSAGE
    many = [evidence(asked, *found, question_id=f"q{number}") for number in range(30)]
    assert sum(len(each.claims) for each in examine(many).questions) == MOST_CLAIMS_IN_ALL


def test_a_line_without_end_is_read_in_pieces(tmp_path: Path) -> None:
    """No piece of it is a span, and what follows it is found."""
    line = b'{"trace_id":"' + b"x" * (2 * _MAX_LINE_BYTES)
    (tmp_path / "a.spans.jsonl").write_bytes(line + b"\n")
    assert LocalTraceStore(tmp_path).read("0af7651916cd43dd8448eb211c80319c") == []


def test_a_document_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    """What its directory says counts."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("word/document.xml", b"x")
        archive.filelist[0].file_size = _MOST_UNPACKED_BYTES + 1
    with pytest.raises(DocumentError, match="it unpacks to more than 512 MiB"):
        parse_docx(body.getvalue(), 1_000)


def test_a_long_value_of_a_setting_is_none() -> None:
    """A row of a table that goes on and on states no value to compare."""
    (found,) = settings(f"Default: {'v' * _MOST_VALUE_CHARS}", "acks")
    assert found.value == "v" * _MOST_VALUE_CHARS
    assert settings(f"Default: {'v' * (_MOST_VALUE_CHARS + 1)}", "acks") == ()


def test_a_trace_tells_so_many_errors_and_so_much_of_each() -> None:
    """How many more there are is said."""
    spans = [
        StoredSpan(
            trace_id="a" * 32,
            span_id=f"{number:016x}",
            parent_id=None if number == 1 else f"{1:016x}",
            name="span",
            kind="internal",
            service="a",
            start_ns=0,
            end_ns=1_000_000,
            error="x" * (_MAX_ERROR_CHARS + 1),
        )
        for number in range(1, _MAX_ERRORS + 6)
    ]
    out = io.StringIO()
    Console(file=out, width=1_000).print(Waterfall(spans))
    told = [line for line in out.getvalue().splitlines() if line.startswith("✗ span: ")]
    assert [line.count("x") for line in told] == [_MAX_ERROR_CHARS] * _MAX_ERRORS
    assert "… and 5 more failed spans" in out.getvalue()
