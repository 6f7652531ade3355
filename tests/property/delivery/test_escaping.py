"""Escaping for Markdown, for any text."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from collegium.delivery.markdown import escaped, visible

_MARKUP = st.text(alphabet="ab1 #*_`[]()<>!|\\~&;:-+=.\"'/$\n\t\u202e", max_size=40)
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("strikethrough").enable("table")


@given(_MARKUP)
def test_escaped_text_renders_as_one_paragraph_of_itself(text: str) -> None:
    """No markup survives, and no character gets lost but white space and invisible ones."""
    html = _MARKDOWN.render(escaped(text))
    tree = LexborHTMLParser(html)
    body = tree.body
    assert body is not None
    assert {node.tag for node in body.traverse(include_text=False)} <= {"body", "p"}
    assert " ".join(body.text().split()) == " ".join(visible(text).split())


@given(st.text(max_size=100))
def test_visible_text_has_no_control_or_direction_characters(text: str) -> None:
    """What could hide or reorder words is a blank."""
    assert not {"\u202a", "\u202e", "\u2066", "\u200b", "\x00", "\x1b", "\x7f"} & set(visible(text))
