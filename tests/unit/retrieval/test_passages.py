"""How a document is cut into passages."""

from collegium.retrieval.documents import PassageSpan
from collegium.retrieval.parsing.builder import TextBuilder
from collegium.retrieval.passages import passages


def prose(words: int, mark: str = "w") -> str:
    """Sentences of ten words."""
    found = [f"{mark.upper() if n % 10 == 0 else mark}{n}{'.' if n % 10 == 9 else ''}" for n in range(words)]
    return " ".join(found)


def cut(builder: TextBuilder) -> list[PassageSpan]:
    """The passages of what was built."""
    return list(passages(builder.build()))


def test_paragraphs_of_a_section_are_joined() -> None:
    """Small neighbours share a passage until it is full; nothing crosses a heading."""
    builder = TextBuilder(10**6)
    builder.heading("One", 1)
    for _ in range(6):
        builder.paragraph(prose(40))
    builder.heading("Two", 1)
    builder.paragraph(prose(30))
    found = cut(builder)
    assert [(p.heading, len(p.text.split())) for p in found] == [("One", 120), ("One", 120), ("Two", 30)]


def test_the_heading_path_is_kept() -> None:
    """A passage knows all headings above it; a heading of the same or a higher level ends those below."""
    builder = TextBuilder(10**6)
    for level, text in ((1, "Top"), (2, "Part"), (4, "Deep"), (2, "Next")):
        builder.heading(text, level)
        builder.paragraph(f"About {text}.")
    assert [p.heading for p in cut(builder)] == ["Top", "Top > Part", "Top > Part > Deep", "Top > Next"]


def test_a_long_paragraph_is_cut_at_sentences() -> None:
    """Each passage of a long paragraph ends at a full stop and stays below 220 words."""
    builder = TextBuilder(10**6)
    builder.paragraph(prose(1000))
    found = cut(builder)
    assert all(p.text.endswith(".") and len(p.text.split()) <= 220 for p in found)
    assert sum(len(p.text.split()) for p in found) == 1000


def test_a_short_rest_joins_the_passage_before() -> None:
    """A few last words are no passage of their own."""
    builder = TextBuilder(10**6)
    builder.paragraph(prose(150))
    builder.paragraph("The end comes quickly.")
    assert [len(p.text.split()) for p in cut(builder)] == [154]


def test_one_line_of_five_megabytes_is_cut_by_words() -> None:
    """A line without any full stop becomes many passages of bounded length, none inside a word."""
    builder = TextBuilder(10**7)
    builder.paragraph("word " * 1_000_000)
    found = cut(builder)
    assert max(len(p.text) for p in found) <= 2_400
    assert {word for p in found for word in p.text.split()} == {"word"}
    assert sum(len(p.text.split()) for p in found) == 1_000_000


def test_one_word_of_a_megabyte_is_cut_anywhere() -> None:
    """Without white space there is no better place."""
    builder = TextBuilder(10**7)
    builder.paragraph("x" * 1_000_000)
    found = cut(builder)
    assert max(len(p.text) for p in found) <= 8_000
    assert sum(len(p.text) for p in found) == 1_000_000


def test_text_without_spaces_is_counted_by_characters() -> None:
    """Chinese has few spaces; its passages must not grow without bound."""
    builder = TextBuilder(10**6)
    builder.paragraph("东京是日本的首都。" * 1000)
    assert max(len(p.text) for p in cut(builder)) <= 4_000


def test_a_heading_without_text_says_something_itself() -> None:
    """A sentence as heading is found; a bare name is not a passage."""
    builder = TextBuilder(10**6)
    builder.heading("Guide", 1)
    builder.heading("Brokers must be restarted one by one", 2)
    builder.heading("Name", 2)
    assert [(p.heading, p.text) for p in cut(builder)] == [("Guide", "Brokers must be restarted one by one")]


def test_an_empty_document_has_no_passages() -> None:
    """Nothing in, nothing out."""
    assert cut(TextBuilder(10)) == []
