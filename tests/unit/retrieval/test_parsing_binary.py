"""PDF and Word files, made by real writers, whole and broken."""

import io
import zipfile
from datetime import UTC, datetime

import docx
import pytest
from pypdf import PdfReader, PdfWriter

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.parsing.formats import Format, parse
from collegium.retrieval.parsing.pdf import parse_pdf
from collegium.retrieval.parsing.word import parse_docx
from pdf_pages import pdf_of

LIMIT = 10**6


def blocks(parsed: ParsedText) -> list[tuple[str, str]]:
    """Kind and text of each block."""
    return [(block.kind.value, parsed.text[block.start : block.end]) for block in parsed.blocks]


def word(*, fill: bool = True) -> bytes:
    """A Word document, or an empty one."""
    document = docx.Document()
    if fill:
        document.core_properties.title = "The Guide"
        document.core_properties.version = "3.9"
        document.core_properties.modified = datetime(2024, 11, 6, tzinfo=UTC)
        document.add_heading("Durability", level=1)
        document.add_paragraph("The leader waits for all replicas.")
        document.add_heading("Settings", level=2)
        document.add_paragraph("acks", style="List Bullet")
        table = document.add_table(rows=1, cols=2)
        table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Default", "all"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_word_structure_and_properties() -> None:
    """Headings by style, lists, tables in their place, title, version and date from the properties."""
    parsed = parse_docx(word(), LIMIT)
    assert (parsed.title, parsed.version, parsed.date) == ("The Guide", "3.9", "2024-11-06")
    assert blocks(parsed) == [
        ("h", "Durability"),
        ("p", "The leader waits for all replicas."),
        ("h", "Settings"),
        ("i", "- acks"),
        ("r", "Default | all"),
    ]


def test_pdf_lines_become_paragraphs() -> None:
    """Lines that the page broke are joined, hyphenated words too; page numbers and running heads go."""
    page = [
        "Kafka Guide",
        "1.{n} Durability of {word}",
        "The leader waits for all in-sync repli-",
        "cas to acknowledge it.",
        "{n}",
    ]
    parsed = parse_pdf(
        pdf_of([[line.format(n=n, word="abcde"[n - 1] * n) for line in page] for n in range(1, 6)], title="The Guide"),
        LIMIT,
    )
    assert parsed.title == "The Guide"
    assert blocks(parsed)[:2] == [
        ("h", "1.1 Durability of a"),
        ("p", "The leader waits for all in-sync replicas to acknowledge it."),
    ]
    assert "Kafka Guide" not in parsed.text


def encrypted_pdf() -> bytes:
    """A PDF that asks for a password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_of([["Secret text."]]))))
    writer.encrypt("password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def bomb() -> bytes:
    """A small archive that unpacks to 576 MiB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.writestr(f"word/{number}.xml", b"\0" * (64 * 2**20))
    return out.getvalue()


PDF = Format("application/pdf", parse_pdf)
DOCX = Format("application/docx", parse_docx)


@pytest.mark.parametrize(
    ("form", "data", "reason"),
    [
        (PDF, b"%PDF-1.7 and then nothing", "it is damaged"),
        (PDF, b"not a pdf at all", "it is damaged"),
        (PDF, pdf_of([["Some text here."]])[:200], "it is damaged"),
        (PDF, encrypted_pdf(), "it is encrypted"),
        (PDF, pdf_of([[]]), "it holds no text"),
        (DOCX, b"PK\x03\x04 broken", "it is damaged"),
        (DOCX, word()[:500], "it is damaged"),
        (DOCX, b"\xd0\xcf\x11\xe0 old", "it is encrypted or an old .doc file"),
        (DOCX, word(fill=False), "it holds no readable text"),
        (DOCX, bomb(), "it unpacks to more than"),
        (PDF, b"   \n", "it is empty"),
    ],
)
def test_bad_files_are_named(form: Format, data: bytes, reason: str) -> None:
    """Whatever is wrong with a file becomes a reason and an advice, never another exception."""
    with pytest.raises(DocumentError) as caught:
        parse(form, data, LIMIT)
    assert caught.value.reason.startswith(reason)
    assert caught.value.advice
