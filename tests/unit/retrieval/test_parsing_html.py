"""HTML pages become the text that a reader reads."""

import pytest

from collegium.retrieval.documents import ParsedText
from collegium.retrieval.errors import DocumentError
from collegium.retrieval.parsing.html import parse_html


def parse(markup: str) -> ParsedText:
    """Read a page."""
    return parse_html(markup.encode(), 10**6)


def blocks(parsed: ParsedText) -> list[tuple[str, str]]:
    """Kind and text of each block."""
    return [(block.kind.value, parsed.text[block.start : block.end]) for block in parsed.blocks]


def test_structure_is_kept() -> None:
    """Headings, paragraphs, items, code and table rows become blocks of their kind, white space collapsed."""
    parsed = parse(
        "<title>The  Page</title><h1>Top</h1><p>One <b>two</b>\n three.<ul><li>a<p>more</p><li>b</ul>"
        "<pre>x = 1\n  y</pre><table><tr><td>1<td>2<tr><td>3<td></table>"
    )
    assert parsed.title == "The Page"
    assert blocks(parsed) == [
        ("h", "Top"),
        ("p", "One two three."),
        ("i", "- a"),
        ("p", "more"),
        ("i", "- b"),
        ("c", "    x = 1\n      y"),
        ("r", "1 | 2"),
        ("r", "3 | "),
    ]


def test_a_template_script_is_read_as_markup() -> None:
    """Kafka's pages keep their text in handlebars templates, in the head even; other scripts are dropped."""
    parsed = parse(
        '<script>var hidden = 1;</script><script type="text/x-handlebars-template"><h3>4.1 Motivation</h3>'
        "<p>We designed Kafka.<p>Second.</script><style>p {}</style>"
    )
    assert blocks(parsed) == [("h", "4.1 Motivation"), ("p", "We designed Kafka."), ("p", "Second.")]


def test_navigation_and_hidden_parts_are_dropped() -> None:
    """What is on every page is not the page's text."""
    parsed = parse(
        '<nav>menu</nav><div class="toc">contents</div><div role="navigation">links</div><p hidden>secret</p>'
        "<header>site</header><footer>legal</footer><!-- note --><p>Text.</p><button>Press</button>"
    )
    assert parsed.text == "Text."


def test_a_header_with_the_title_is_kept() -> None:
    """An article's header holds its heading."""
    assert blocks(parse("<header><h1>Title</h1></header><p>x")) == [("h", "Title"), ("p", "x")]


def test_a_table_of_names_and_values_is_one_line() -> None:
    """Short settings tables read as one sentence, so that a default keeps its type and name together."""
    parsed = parse(
        "<h4>acks</h4><table><tr><th>Type:</th><td>string</td></tr><tr><th>Default:</th><td>all</td></tr>"
        "<tr><th>Valid Values:</th><td></td></tr></table>"
    )
    assert blocks(parsed) == [("h", "acks"), ("p", "Type: string; Default: all")]


def test_a_layout_table_is_prose() -> None:
    """A table that holds headings lays out the page."""
    parsed = parse("<table><tr><td><h2>Part</h2><p>Text one.</p></td><td>Text two.</td></tr></table>")
    assert blocks(parsed) == [("h", "Part"), ("p", "Text one."), ("p", "Text two.")]


def test_a_definition_list_joins_term_and_definition() -> None:
    """A term stays with what it means."""
    assert blocks(parse("<dl><dt>acks</dt><dd>acknowledgements</dd><dt>b</dt><dd>c</dd></dl>")) == [
        ("i", "- acks: acknowledgements"),
        ("i", "- b: c"),
    ]


def test_metadata_of_the_page() -> None:
    """Version and date come from meta elements."""
    parsed = parse(
        '<meta name="version" content="3.9"><meta property="article:published_time" content="2024-11-06T1">x'
    )
    assert (parsed.version, parsed.date) == ("3.9", "2024-11-06")


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    """Depth is the page's choice and must not crash us."""
    parsed = parse("<div>" * 20_000 + "deep" + "</div>" * 20_000)
    assert parsed.text == "deep"


def test_broken_markup_is_read_as_browsers_do() -> None:
    """Unclosed and misnested elements lose no text."""
    assert parse("<p>one<div>two<b>three</p>four<li>five").text.split() == "one twothree four - five".split()


def test_a_page_in_latin_1_says_so_itself() -> None:
    """A page's own charset is honoured without a note."""
    parsed = parse_html('<meta charset="iso-8859-1"><p>Größe'.encode("latin-1"), 1000)
    assert (parsed.text, parsed.notes) == ("Größe", ())


def test_text_is_bounded() -> None:
    """A page with more text than allowed is refused with advice."""
    with pytest.raises(DocumentError) as caught:
        parse_html(b"<p>" + b"word " * 100, 50)
    assert caught.value.advice == "split it into several files"


def test_no_control_or_invisible_characters_remain() -> None:
    """Soft hyphens and zero-width characters would split words in a search."""
    assert parse("<p>in\u00adter\u200bnal&#x0;\ufeff x").text == "internal\ufffd x"
