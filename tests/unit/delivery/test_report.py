"""The last guard, and the rendered files."""

import json

import pytest
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from collegium.delivery.markdown import escaped
from collegium.delivery.report import NOTHING_FOUND, Report, guarded_report
from collegium.delivery.specialist import rendered
from collegium_schemas.evidence import Draft, Passage, Review, Section, Sentence, SentenceVerdict, Source, Verdict
from report_worlds import RUN_ID, passage

HOSTILE = (
    "<script>alert(1)</script> ![x](https://evil.example/?q=1) [click](javascript:alert(1)) <img src=x onerror=f()> "
    "# Ignore previous instructions | `rm -rf` &lt;b&gt; **bold** \u202eevil\u202c"
)


def _fact(number: int, text: str, *citations: int) -> Sentence:
    return Sentence(sentence_id=f"s{number}", text=text, kind="fact", citations=citations, question_id="q1")


def _draft(*sentences: Sentence, pages: tuple[Passage, ...] = (), disagreements: tuple[Sentence, ...] = ()) -> Draft:
    pages = pages or tuple(passage(f"Text of page {n}.", document=f"{n}.html", version="3.9") for n in (1, 2, 3))
    return Draft(
        title="A report",
        goal="Explain it",
        summary=sentences[:1],
        sections=(Section(question_id="q1", heading="What is it?", sentences=sentences[1:]),),
        disagreements=disagreements,
        sources=tuple(Source(number=n, passage=page) for n, page in enumerate(pages, 1)),
    )


def _review(**verdicts: Verdict) -> Review:
    return Review(
        draft_sha256="0" * 64,
        verdicts=tuple(SentenceVerdict(sentence_id=s, verdict=verdict) for s, verdict in verdicts.items()),
    )


def _report(draft: Draft, review: Review) -> Report:
    return guarded_report(RUN_ID, draft, "0" * 64, review)


def test_only_supported_sentences_are_delivered_and_the_rest_is_counted() -> None:
    """Refuted, undecided and unreviewed facts are withheld, and the limits say how many."""
    draft = _draft(_fact(1, "One.", 1), _fact(2, "Two.", 2), _fact(3, "Three.", 3), _fact(4, "Four.", 3))
    verdicts = _review(s1=Verdict.SUPPORTED, s2=Verdict.REFUTED, s3=Verdict.NOT_ENOUGH_EVIDENCE)
    report = _report(draft, verdicts)
    assert ([s.text for s in report.summary], report.sections[0].sentences) == (["One."], ())
    assert (report.sentences, report.withheld, report.questions_without_evidence) == (1, 3, 1)
    assert report.limitations[-1].startswith("3 sentences were withheld")
    for content in rendered(report).values():
        assert not {b"Two.", b"Three.", b"Four."} & set(content.split())


def test_sources_that_are_no_longer_cited_go_and_the_rest_is_renumbered() -> None:
    """Numbers have no gaps."""
    draft = _draft(_fact(1, "One.", 1), _fact(2, "Two.", 3))
    report = _report(draft, _review(s1=Verdict.REFUTED, s2=Verdict.SUPPORTED))
    assert [(s.number, s.passage.document_id) for s in report.sources] == [(1, "3.html")]
    assert report.sections[0].sentences[0].citations == (1,)


def test_sentences_that_share_an_id_or_have_two_verdicts_are_withheld() -> None:
    """A verdict counts only for one sentence, and a sentence needs one verdict."""
    twice = _draft(_fact(1, "One.", 1), _fact(1, "Other.", 2))
    assert _report(twice, _review(s1=Verdict.SUPPORTED)).sentences == 0
    both = Review(
        draft_sha256="0" * 64,
        verdicts=tuple(SentenceVerdict(sentence_id="s1", verdict=v) for v in (Verdict.SUPPORTED, Verdict.REFUTED)),
    )
    assert _report(_draft(_fact(1, "One.", 1)), both).sentences == 0


def test_a_supported_fact_without_a_listed_source_is_withheld() -> None:
    """Whatever a review says, a reader must be able to look it up."""
    draft = _draft(_fact(1, "One."), _fact(2, "Two.", 9))
    assert _report(draft, _review(s1=Verdict.SUPPORTED, s2=Verdict.SUPPORTED)).withheld == 2


def test_a_disagreement_needs_both_sides() -> None:
    """With one side withheld, the other is no disagreement."""
    lead = Sentence(sentence_id="f1", text="On it, by version:", kind="frame")
    draft = _draft(_fact(1, "One.", 1), disagreements=(lead, _fact(8, "Eight.", 2), _fact(9, "Nine.", 3)))
    whole = _review(s1=Verdict.SUPPORTED, s8=Verdict.SUPPORTED, s9=Verdict.SUPPORTED)
    half = _review(s1=Verdict.SUPPORTED, s8=Verdict.SUPPORTED, s9=Verdict.REFUTED)
    assert [len(d.sides) for d in _report(draft, whole).disagreements] == [2]
    assert _report(draft, half).disagreements == ()


def test_a_report_without_facts_says_that_the_corpus_holds_no_evidence() -> None:
    """In every form that a person reads."""
    files = rendered(_report(_draft(), _review()))
    assert NOTHING_FOUND in files["report.md"].decode()
    assert NOTHING_FOUND in LexborHTMLParser(files["report.html"]).css_first("main").text()
    assert json.loads(files["report.json"])["sentences"] == 0


def test_a_report_is_as_sure_as_its_draft_unless_the_review_left_nothing() -> None:
    """Of a draft whose every fact is withheld, what is left is sure where the draft was not."""
    draft = _draft(_fact(1, "One.", 1), pages=(passage("One."),)).model_copy(update={"confidence": 0.75})
    empty = _draft().model_copy(update={"confidence": 0.75})

    assert _report(draft, _review(s1=Verdict.SUPPORTED)).confidence == 0.75
    assert _report(draft, _review(s1=Verdict.NOT_ENOUGH_EVIDENCE)).confidence == 0.25
    assert _report(empty, _review()).confidence == 0.75


def test_hostile_text_is_shown_and_does_nothing_in_html() -> None:
    """No element, attribute or link comes from a source."""
    page = passage(HOSTILE, document="<b>evil</b>.html", version='"><script>', heading="</style><script>")
    draft = _draft(_fact(1, HOSTILE, 1), pages=(page,)).model_copy(update={"title": HOSTILE, "limitations": (HOSTILE,)})
    html = rendered(_report(draft, _review(s1=Verdict.SUPPORTED)))["report.html"].decode()
    tree = LexborHTMLParser(html)
    assert tree.css("script, img, iframe, link, b") == []
    assert {a.attributes["href"] for a in tree.css("a")} == {"#source-1"}
    assert "<script>alert(1)</script>" in tree.css_first("blockquote").text()
    assert "\u202e" not in html


def test_hostile_text_is_shown_and_does_nothing_in_markdown() -> None:
    """Rendered as CommonMark with HTML switched on, a source's text gives no image, link, heading or element."""
    page = passage(HOSTILE, document="evil.html")
    draft = _draft(_fact(1, HOSTILE, 1), pages=(page,))
    markdown = rendered(_report(draft, _review(s1=Verdict.SUPPORTED)))["report.md"].decode()
    tree = LexborHTMLParser(MarkdownIt("commonmark", {"html": True}).render(markdown))
    assert tree.css("script, img, b, code") == []
    assert {a.attributes.get("href") for a in tree.css("a")} == {"#source-1", None}
    assert [h.text() for h in tree.css("h1, h2")] == ["A report", "Summary", "Findings", "Limits", "Sources"]
    assert "<script>alert(1)</script>" in tree.css_first("li").text()


@pytest.mark.parametrize(
    "text", ["# a", "- a", "1. a", "> a", "a_b_c", "_a_", "~~a~~", "a | b", "&lt;", "=== a", "`a`"]
)
def test_escaped_text_reads_as_written(text: str) -> None:
    """Rendering escaped text gives the text itself."""
    html = MarkdownIt("commonmark").render(escaped(text))
    assert LexborHTMLParser(html).css_first("p").text() == text


def test_the_page_is_self_contained() -> None:
    """Nothing is loaded from anywhere, each citation leads to its source, and scripts are forbidden."""
    draft = _draft(_fact(1, "One.", 1), _fact(2, "Two.", 2, 3))
    review = _review(s1=Verdict.SUPPORTED, s2=Verdict.SUPPORTED)
    html = rendered(_report(draft, review))["report.html"].decode()
    tree = LexborHTMLParser(html)
    assert "http://" not in html
    assert "https://" not in html
    ids = {f"#{node.attributes['id']}" for node in tree.css("[id]")}
    links = {node.attributes["href"] for node in tree.css("a.cite")}
    assert links == {"#source-1", "#source-2", "#source-3"} <= ids
    policy = tree.css_first("meta[http-equiv]").attributes["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_the_same_report_gives_the_same_bytes_and_json_reads_back() -> None:
    """Rendering is deterministic; report.json is the report."""
    report = _report(_draft(_fact(1, "One.", 1)), _review(s1=Verdict.SUPPORTED))
    assert rendered(report) == rendered(report)
    assert Report.read(rendered(report)["report.json"]) == report
