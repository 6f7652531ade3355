"""Which parser reads which file, and the one place where a parser's failure becomes a report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.parsing.html import parse_html
from collegium.retrieval.parsing.markdown import parse_markdown, parse_mdx
from collegium.retrieval.parsing.pdf import parse_pdf
from collegium.retrieval.parsing.plain import parse_plain
from collegium.retrieval.parsing.rst import parse_rst
from collegium.retrieval.parsing.word import parse_docx


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its media type and the function that reads its bytes."""

    media_type: str
    parse: Callable[[bytes, int], ParsedText]


_HTML = Format("text/html", parse_html)
_MARKDOWN = Format("text/markdown", parse_markdown)
_PLAIN = Format("text/plain", parse_plain)
_FORMATS: dict[str, Format] = {
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".mdx": Format("text/mdx", parse_mdx),
    ".txt": _PLAIN,
    ".text": _PLAIN,
    ".rst": Format("text/x-rst", parse_rst),
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".pdf": Format("application/pdf", parse_pdf),
    ".docx": Format("application/vnd.openxmlformats-officedocument.wordprocessingml.document", parse_docx),
}
KNOWN_EXTENSIONS: tuple[str, ...] = tuple(sorted(_FORMATS))


def format_of(path: PurePath) -> Format | None:
    """The format that a file's extension names, or None."""
    return _FORMATS.get(path.suffix.lower())


def parse(form: Format, data: bytes, max_chars: int) -> ParsedText:
    """Read a file's bytes.

    Raises:
        DocumentError: when the file cannot be read or holds no text, with what its owner can do about it.
    """
    if not data.strip():
        raise DocumentError("it is empty", "leave it out or fill it")
    try:
        parsed = form.parse(data, max_chars)
    except DocumentError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:300]
        raise DocumentError(
            f"it is damaged or not {form.media_type} ({reason})", "open it with its own program and save it again"
        ) from error
    if not parsed.text.strip():
        raise DocumentError("it holds no readable text", "leave it out")
    return parsed
