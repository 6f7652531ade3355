"""Which parser reads which file, and the one place where a parser's failure becomes a report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its media type and the function that reads its bytes."""

    media_type: str
    parse: Callable[[bytes, int], ParsedText]


# Each parser is imported by the first file of its kind: together they take half a second, and whoever only asks
# which files are known needs none of them.
def _html(data: bytes, max_chars: int) -> ParsedText:
    from collegium.retrieval.parsing.html import parse_html

    return parse_html(data, max_chars)


def _markdown(data: bytes, max_chars: int) -> ParsedText:
    from collegium.retrieval.parsing.markdown import parse_markdown

    return parse_markdown(data, max_chars)


def _mdx(data: bytes, max_chars: int) -> ParsedText:
    from collegium.retrieval.parsing.markdown import parse_mdx

    return parse_mdx(data, max_chars)


def _plain(data: bytes, max_chars: int) -> ParsedText:
    from collegium.retrieval.parsing.plain import parse_plain

    return parse_plain(data, max_chars)


def _rst(data: bytes, max_chars: int) -> ParsedText:
    from collegium.retrieval.parsing.rst import parse_rst

    return parse_rst(data, max_chars)


def _pdf(data: bytes, max_chars: int) -> ParsedText:
    from collegium.retrieval.parsing.pdf import parse_pdf

    return parse_pdf(data, max_chars)


def _docx(data: bytes, max_chars: int) -> ParsedText:
    from collegium.retrieval.parsing.word import parse_docx

    return parse_docx(data, max_chars)


_HTML = Format("text/html", _html)
_MARKDOWN = Format("text/markdown", _markdown)
_PLAIN = Format("text/plain", _plain)
_FORMATS: dict[str, Format] = {
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".mdx": Format("text/mdx", _mdx),
    ".txt": _PLAIN,
    ".text": _PLAIN,
    ".rst": Format("text/x-rst", _rst),
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".pdf": Format("application/pdf", _pdf),
    ".docx": Format("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _docx),
}
KNOWN_EXTENSIONS: tuple[str, ...] = tuple(sorted(_FORMATS))


def format_of(path: PurePath) -> Format | None:
    """The format that a file's extension names, or None."""
    return _FORMATS.get(path.suffix.lower())


def parse(form: Format, data: bytes, max_chars: int) -> ParsedText:
    """Read a file's bytes.

    Raises:
        DocumentError: when the file cannot be read or holds no text, with what its owner can do about it.
        MemoryError: when it takes more memory than there is.
    """
    if not data.strip():
        raise DocumentError("it is empty", "leave it out or fill it")
    try:
        parsed = form.parse(data, max_chars)
    except (DocumentError, MemoryError):  # how much memory there is says nothing about the file
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:300]
        raise DocumentError(
            f"it is damaged or not {form.media_type} ({reason})", "open it with its own program and save it again"
        ) from error
    if not parsed.text.strip():
        raise DocumentError("it holds no readable text", "leave it out")
    return parsed
