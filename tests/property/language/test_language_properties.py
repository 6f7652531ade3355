"""What holds for sentences and tokens of any text."""

from hypothesis import given
from hypothesis import strategies as st

from collegium.language.sentences import sentences
from collegium.language.tokens import content_stems, tokens

texts = st.one_of(
    st.text(max_size=600),
    st.lists(
        st.sampled_from(["e.g. ", "Kafka 3.9. ", "\n", "- ", " | ", "    x", "U.S. ", "a.b ", "No. 5", "。", "Ende! "]),
        max_size=60,
    ).map("".join),
)


@given(texts)
def test_sentences_cover_all_visible_text_once_and_in_order(text: str) -> None:
    """Spans do not overlap, begin and end at visible characters, and leave out nothing but white space."""
    end, rest = 0, []
    for span in sentences(text):
        assert end <= span.start < span.end <= len(text)
        assert span.of(text) == span.of(text).strip()
        rest.append(text[end : span.start])
        end = span.end
    rest.append(text[end:])
    assert "".join(rest).strip() == ""


@given(texts)
def test_tokens_are_folded_and_bounded(text: str) -> None:
    """Every token is non-empty, without white space and at most 64 characters."""
    for token in tokens(text):
        assert token
        assert token == "".join(token.split())
        assert len(token) <= 64


@given(texts)
def test_case_does_not_change_content(text: str) -> None:
    """Upper and lower ASCII case give the same stems."""
    ascii_text = text.encode("ascii", "ignore").decode()
    assert content_stems(ascii_text.upper()) == content_stems(ascii_text.lower())
