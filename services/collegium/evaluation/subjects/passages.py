"""Texts of a suite as passages, as retrieval would hand them on."""

from hashlib import sha256

from collegium_schemas.evidence import Passage
from collegium_schemas.limits import MAX_PASSAGE_CHARS


def passage_of(text: str, name: str) -> Passage:
    """A whole text as one passage of a document of its own."""
    digest = sha256(text.encode()).hexdigest()
    return Passage(
        passage_id=name,
        document_id=name,
        title="",
        start=0,
        end=len(text),
        text=text,
        sha256=digest,
        document_sha256=digest,
    )


def passages_of(text: str, name: str) -> list[Passage]:
    """A text in as many passages as it needs; it is cut at the ends of lines, or of words where a line is too long."""
    found: list[Passage] = []
    rest = text
    while len(rest) > MAX_PASSAGE_CHARS:
        cut = max(rest.rfind("\n", 0, MAX_PASSAGE_CHARS), rest.rfind(" ", 0, MAX_PASSAGE_CHARS)) + 1
        found.append(passage_of(rest[: cut or MAX_PASSAGE_CHARS], f"{name}-{len(found)}"))
        rest = rest[cut or MAX_PASSAGE_CHARS :]
    if rest.strip():
        found.append(passage_of(rest, f"{name}-{len(found)}"))
    return found
