"""An index that takes over from the one before is the index that is built anew."""

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from collegium.retrieval.building import Previous, build_index
from collegium.retrieval.documents import Block, BlockKind, Document, ParsedText
from collegium.retrieval.index import PassageIndex

WORDS = ("acks", "min.insync.replicas", "Nick", "Park", "broker", "Größe", "東京都", "1984", "the")
sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)
titles = st.lists(st.sampled_from(WORDS), min_size=0, max_size=3).map(" ".join)
collections = st.dictionaries(st.integers(0, 5), st.tuples(titles, sentences), max_size=5)


def document(number: int, title: str, text: str) -> Document:
    """A document whose key is its text's."""
    return Document(f"d/{number}.md", f"/d/{number}.md", title, None, None, "text/markdown", text, 1, text)


def parsed(of: Document) -> ParsedText:
    """Two paragraphs below headings."""
    heading, text = f"About {of.text_key}"[:40], of.text_key
    whole = f"{heading}\n\n{text}\n\n{text}, again"
    middle = len(heading) + 2 + len(text)
    blocks = (
        Block(BlockKind.HEADING, 0, len(heading), 1),
        Block(BlockKind.PARAGRAPH, len(heading) + 2, middle),
        Block(BlockKind.PARAGRAPH, middle + 2, len(whole)),
    )
    return ParsedText(whole, blocks)


def contents(index: PassageIndex) -> list[object]:
    """Everything that a search can see, apart from the numbers of tokens."""
    tokens = sorted(index.vocabulary, key=str)
    used = [token for token in tokens if token and index.frequency(token)]  # bm25s adds an empty one
    passages = [index.passage(position) for position in range(len(index))]
    links = [(index.documents_named_in(p.position), index.passages_naming(p.document)) for p in passages]
    named = [index.documents_named(" ".join(pair)) for pair in pairwise(WORDS)]
    return [used, passages, links, named, [index.scores([token]).tolist() for token in used]]


@given(before=collections, after=collections)
@settings(max_examples=40)
def test_what_is_taken_over_is_what_would_be_built(
    before: dict[int, tuple[str, str]], after: dict[int, tuple[str, str]]
) -> None:
    """Whatever was added, changed, renamed or removed in between."""
    old = tuple(document(number, *of) for number, of in sorted(before.items()))
    new = tuple(document(number, *of) for number, of in sorted(after.items()))
    with tempfile.TemporaryDirectory() as temporary:
        first, grown, anew = (Path(temporary, name) for name in ("first", "grown", "anew"))
        for path in (first, grown, anew):
            path.mkdir()
        build_index(first, old, parsed)
        build_index(grown, new, parsed, Previous(first, old))
        build_index(anew, new, parsed)
        assert contents(PassageIndex(grown)) == contents(PassageIndex(anew))
