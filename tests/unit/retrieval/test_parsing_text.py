"""Markdown, MDX, reStructuredText and plain text."""

import pytest

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.parsing.markdown import parse_markdown, parse_mdx
from collegium.retrieval.parsing.plain import parse_plain
from collegium.retrieval.parsing.rst import parse_rst

LIMIT = 10**6


def blocks(parsed: ParsedText) -> list[tuple[str, str]]:
    """Kind and text of each block."""
    return [(block.kind.value, parsed.text[block.start : block.end]) for block in parsed.blocks]


def test_markdown_structure_and_front_matter() -> None:
    """Headings, wrapped paragraphs, lists, tables, fences and embedded HTML, with the front matter's facts."""
    parsed = parse_markdown(
        b"---\ntitle: The Guide\nversion: 3.9\ndate: 2024-11-06\n---\n# Top\n\nText that is\nwrapped `code`.\n\n"
        b"* one\n* two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\nrun it\n```\n\n"
        b"<div><p>html</p></div>\n\nSet\n===\nEnd.\n",
        LIMIT,
    )
    assert (parsed.title, parsed.version, parsed.date) == ("The Guide", "3.9", "2024-11-06")
    assert blocks(parsed) == [
        ("h", "Top"),
        ("p", "Text that is wrapped code."),
        ("i", "- one"),
        ("i", "- two"),
        ("r", "a | b"),
        ("r", "1 | 2"),
        ("c", "    run it"),
        ("p", "html"),
        ("h", "Set"),
        ("p", "End."),
    ]


def test_broken_front_matter_is_noted() -> None:
    """Front matter that is no YAML is left out, the rest is read, and the report says so."""
    parsed = parse_markdown(b"---\ntitle: [unclosed\n---\n# Real title\n\nText.\n", LIMIT)
    assert parsed.title == "Real title"
    assert parsed.notes == ("its front matter is not valid YAML and was ignored",)


def test_mdx_loses_its_code() -> None:
    """Imports, exports, comments and component tags go; examples inside fences stay."""
    parsed = parse_mdx(
        b"import X from 'x'\nexport const a = 1\n\n{/* note */}\n\n# Watches\n\n<Callout>\n\nMind this.\n\n"
        b"</Callout>\n\n"
        b"```js\nimport y from 'y'\n```\n",
        LIMIT,
    )
    assert blocks(parsed) == [("h", "Watches"), ("p", "Mind this."), ("c", "    import y from 'y'")]


def test_rst_structure_and_sphinx() -> None:
    """Sections, lists, tables, literal blocks; Sphinx roles read as their text, its notes as prose."""
    parsed = parse_rst(
        b"Title\n=====\n\n:Version: 3.9\n:Date: 2024-11-06\n\nSee :ref:`the guide <guide>` and ``code``.\n\n"
        b"Part\n----\n\n"
        b"- one\n- two\n\n.. note:: Mind *this*.\n\n.. versionadded:: 2.8\n\n::\n\n    run it\n\n"
        b"=====  =====\na      b\n=====  =====\n1      2\n=====  =====\n",
        LIMIT,
    )
    found = blocks(parsed)
    assert (parsed.title, parsed.version, parsed.date) == ("Title", "3.9", "2024-11-06")
    assert ("p", "See the guide and code.") in found
    assert ("h", "Part") in found
    assert [text for kind, text in found if kind == "i"][-2:] == ["- one", "- two"]
    assert ("p", "Mind this.") in found
    assert ("c", "    run it") in found
    assert [text for kind, text in found if kind == "r"] == ["a | b", "1 | 2"]


def test_rst_cannot_read_other_files() -> None:
    """`include` and `raw` stay unread: a document must not bring in files of the machine."""
    parsed = parse_rst(
        b"Text.\n\n.. include:: /etc/hostname\n\n.. raw:: html\n   :file: /etc/hostname\n\nEnd.\n", LIMIT
    )
    assert [text for _, text in blocks(parsed)] == ["Text.", "End."]
    assert parsed.notes


def test_unknown_rst_directive_is_noted() -> None:
    """What docutils does not know is left out and counted."""
    parsed = parse_rst(b"Text.\n\n.. nonsense:: x\n\n   Inside.\n\nEnd.\n", LIMIT)
    assert [text for _, text in blocks(parsed)] == ["Text.", "End."]
    assert "could not be read" in parsed.notes[0]


def test_plain_text_structure() -> None:
    """Underlined, marked and numbered headings, bullets with wrapped lines, paragraphs."""
    parsed = parse_plain(
        b"The Title\n=========\n\nText that\nis wrapped.\n\n1.2 Numbered heading\n\n"
        b"* one\n  more\n* two\n\nPart\n----\nEnd.\n",
        LIMIT,
    )
    assert parsed.title == "The Title"
    assert blocks(parsed) == [
        ("h", "The Title"),
        ("p", "Text that is wrapped."),
        ("h", "1.2 Numbered heading"),
        ("i", "- one more"),
        ("i", "- two"),
        ("h", "Part"),
        ("p", "End."),
    ]


@pytest.mark.parametrize("parse", [parse_plain, parse_markdown, parse_rst])
def test_a_single_line_of_five_megabytes(parse: object) -> None:
    """A file without line ends is one paragraph, read in reasonable time."""
    assert callable(parse)
    parsed = parse(b"word " * 1_000_000, 10**7)
    assert isinstance(parsed, ParsedText)
    assert len(parsed.text) == 4_999_999
