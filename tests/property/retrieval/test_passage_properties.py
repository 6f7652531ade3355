"""What holds for passages of any document."""

from hypothesis import given
from hypothesis import strategies as st

from collegium.retrieval.documents import BlockKind
from collegium.retrieval.parsing.builder import TextBuilder
from collegium.retrieval.passages import passages

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
prose = st.lists(words, max_size=400).map(" ".join)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("heading"), prose.map(lambda text: text[:60]), st.integers(-1, 9)),
        st.tuples(st.sampled_from(["paragraph", "item", "code"]), prose, st.just(0)),
        st.tuples(st.just("row"), prose, st.just(0)),
    ),
    max_size=25,
)


def build(parts: list[tuple[str, str, int]]) -> TextBuilder:
    """A builder with these blocks."""
    builder = TextBuilder(10**7)
    for kind, text, level in parts:
        match kind:
            case "heading":
                builder.heading(text, level)
            case "row":
                builder.row(text.split("e"))
            case "item":
                builder.item(text)
            case "code":
                builder.code(text)
            case _:
                builder.paragraph(text)
    return builder


@given(steps)
def test_a_passage_is_exactly_its_span(parts: list[tuple[str, str, int]]) -> None:
    """`text[start:end]` is the passage's text, passages follow each other and stay within bounds."""
    parsed = build(parts).build()
    end = 0
    for passage in passages(parsed):
        assert passage.text == parsed.text[passage.start : passage.end]
        assert end <= passage.start < passage.end
        assert len(passage.text) <= 8_000
        end = passage.end


@given(steps)
def test_passages_lose_no_text_and_cross_no_heading(parts: list[tuple[str, str, int]]) -> None:
    """Every visible character outside headings is in exactly one passage, and no passage spans a heading."""
    parsed = build(parts).build()
    found = list(passages(parsed))
    covered = bytearray(len(parsed.text))
    for passage in found:
        for position in range(passage.start, passage.end):
            covered[position] += 1
    assert set(covered) <= {0, 1}
    for block in parsed.blocks:
        inside = [covered[i] for i in range(block.start, block.end) if not parsed.text[i].isspace()]
        if block.kind is BlockKind.HEADING:
            overlapping = [p for p in found if p.start < block.end and block.start < p.end]
            assert all((p.start, p.end) == (block.start, block.end) for p in overlapping)
        else:
            assert all(inside)


@given(steps)
def test_blocks_are_their_spans_in_order(parts: list[tuple[str, str, int]]) -> None:
    """The blocks of a normalised text are visible, ordered and disjoint; the text is valid Unicode."""
    parsed = build(parts).build()
    end = 0
    for block in parsed.blocks:
        assert end <= block.start < block.end <= len(parsed.text)
        assert parsed.text[block.start : block.end].strip()
        end = block.end
    parsed.text.encode("utf-8")
