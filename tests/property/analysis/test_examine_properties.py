"""Analysis and drafting of any evidence."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collegium.analysis.examine import examine
from collegium.drafting.compose import compose
from collegium.verification.reviewing import review_draft
from collegium_schemas.evidence import Evidence
from report_worlds import evidence, kafka_passages, passage, setting_page, sha256

_PAGES = [*kafka_passages(), *setting_page("2.8", "1", "false"), *setting_page("3.9", "all", "true")]
_TEXTS = st.one_of(
    st.sampled_from(_PAGES),
    st.text(min_size=1, max_size=400).map(lambda text: passage(text.encode("utf-8", "replace").decode(), start=7)),
)
_QUESTIONS = st.one_of(
    st.sampled_from(
        [
            "What is the default of acks?",
            "How does the producer retry in Kafka 2.8?",
            "Why are log segments compacted?",
            "When was it released?",
            "",
        ]
    ),
    st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace").decode()),
)
_EVIDENCE = st.lists(
    st.tuples(_QUESTIONS, st.lists(_TEXTS, max_size=6, unique_by=lambda page: page.passage_id)), max_size=4
).map(
    lambda found: [
        evidence(question, *pages, question_id=f"q{number}") for number, (question, pages) in enumerate(found, 1)
    ]
)


@settings(max_examples=60)
@given(_EVIDENCE)
def test_ids_spans_and_citations_hold_together(found: list[Evidence]) -> None:
    """Claims quote their passages; clusters partition the claims; what is drafted is supported by what it cites."""
    analysis = examine(found)
    texts = {r.passage.passage_id: r.passage.text for one in found for r in one.passages}
    for question in analysis.questions:
        claims = [claim.claim_id for claim in question.claims]
        assert all(texts[c.passage_id][c.start : c.end] == c.text for c in question.claims)
        assert sorted(i for cluster in question.clusters for i in cluster.claim_ids) == sorted(set(claims))
    draft = compose("A goal", found, analysis)
    facts = [s for s in draft.sentences() if s.kind == "fact"]
    numbers = {source.number for source in draft.sources}
    assert all(s.citations and set(s.citations) <= numbers for s in facts)
    reviewed = review_draft(draft, sha256(draft.to_json()), found, 3)
    assert reviewed.summary.supported == len(facts)


@settings(max_examples=30)
@given(_EVIDENCE)
def test_the_same_evidence_gives_the_same_bytes(found: list[Evidence]) -> None:
    """No order of sets or caches shows."""
    again = [Evidence.read(one.to_json()) for one in found]
    assert examine(found).to_json() == examine(again).to_json()
    assert compose("G", found, examine(found)).to_json() == compose("G", again, examine(again)).to_json()
