"""Word documents (.docx) by python-docx: headings by style, lists, tables, core properties."""

import io
import re
import zipfile

import docx
from docx.table import Table

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.parsing.builder import TextBuilder
from collegium.retrieval.parsing.metadata import iso_date

_HEADING_STYLE = re.compile(r"^heading (\d)$", re.IGNORECASE)
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_MOST_UNPACKED_BYTES = 512 * 1024 * 1024


def parse_docx(data: bytes, max_chars: int) -> ParsedText:
    """Read a Word document.

    Raises:
        DocumentError: when it is encrypted, no Word document, or unpacks to too much.
    """
    if data.startswith(_OLE_MAGIC):
        raise DocumentError("it is encrypted or an old .doc file", "save it as .docx without a password")
    _check_archive(data)
    document = docx.Document(io.BytesIO(data))
    builder = TextBuilder(max_chars)
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            for row in part.rows:
                cells = dict.fromkeys(cell for cell in row.cells)  # a merged cell is listed once per column
                builder.row([cell.text for cell in cells])
        else:
            _write_paragraph(builder, part.text, part.style.name if part.style else None)
    properties = document.core_properties
    return builder.build(
        title=properties.title or None,
        version=properties.version or None,
        date=iso_date(properties.modified or properties.created),
    )


def _write_paragraph(builder: TextBuilder, text: str, style: str | None) -> None:
    heading = _HEADING_STYLE.match(style or "")
    if heading:
        builder.heading(text, int(heading.group(1)))
    elif style == "Title":
        builder.heading(text, 1)
    elif style and style.lower().startswith("list"):
        builder.item(text)
    else:
        builder.paragraph(text)


def _check_archive(data: bytes) -> None:
    """Refuse an archive that would unpack to an enormous size before anything unpacks it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise DocumentError("it is damaged or no Word document", "save it again as .docx") from error
    if unpacked > _MOST_UNPACKED_BYTES:
        raise DocumentError(
            f"it unpacks to more than {_MOST_UNPACKED_BYTES // 2**20} MiB", "split it into several files"
        )
