"""Drafts: citations, order, disagreements, limits, revisions."""

from collegium.analysis.examine import examine
from collegium.drafting.compose import compose, title_of
from collegium.drafting.forms import Template
from collegium.drafting.specialist import rejected_sentences
from collegium.language.plain import plain
from collegium_schemas.evidence import Draft, Evidence, Review, SentenceVerdict, Verdict
from collegium_schemas.limits import MAX_MESSAGE_BYTES
from report_worlds import evidence, kafka_passages, passage, setting_page

GOAL = "What is the default of acks in 2.8 and 3.9?"


def _conflict() -> list[Evidence]:
    old, new = setting_page("2.8", "1", "false"), setting_page("3.9", "all", "true")
    return [
        evidence("What is the default of acks in 2.8", *old),
        evidence("What is the default of acks in 3.9", *new, question_id="q2"),
    ]


def _draft(found: list[Evidence], **options: object) -> Draft:
    return compose(GOAL, found, examine(found), **options)  # type: ignore[arg-type]


def test_every_fact_cites_listed_sources_and_every_source_is_cited() -> None:
    """Numbers and sources match exactly, in order of first use."""
    draft = _draft([evidence("How do producers wait for acknowledgements of replicas?", *kafka_passages())])
    facts = [s for s in draft.sentences() if s.kind == "fact"]
    cited = list(dict.fromkeys(number for s in facts for number in s.citations))
    assert facts
    assert cited == [source.number for source in draft.sources] == list(range(1, len(draft.sources) + 1))


def test_facts_are_the_sources_own_sentences() -> None:
    """Each fact stands in its cited passage, word for word, but for a leading connective or marker."""
    draft = _draft([evidence("How do producers wait for acknowledgements of replicas?", *kafka_passages())])
    sources = {source.number: source.passage.text for source in draft.sources}
    for sentence in draft.sentences():
        words = " ".join(sentence.text.split()[1:])
        assert words in " ".join(sources[sentence.citations[0]].split())


def test_both_sides_of_a_conflict_are_reported_with_their_versions() -> None:
    """Summary, findings and disagreements name the version of each default."""
    draft = _draft(_conflict())
    old = "According to the 2.8 documentation: The default of acks is 1."
    new = "According to the 3.9 documentation: The default of acks is all."
    assert [s.text for s in draft.summary[:2]] == [old, new]
    assert [s.text for s in draft.disagreements[:3]] == ["On the default of acks, by version:", old, new]
    assert draft.disagreements[0].kind == "frame"


def test_sides_of_a_branch_are_named_by_their_titles() -> None:
    """Where both documents are of `main`, that would say of both sides that they are of one page."""
    pages = [
        passage(f"- Require Go {go}+.", document=f"CHANGELOG-{version}.md", version="main", heading="Go")
        for version, go in (("3.5", "1.16"), ("3.6", "1.23"))
    ]
    draft = _draft([evidence("Which Go does it require?", *pages)])
    assert [s.text for s in draft.disagreements[1:]] == [
        "According to “Title of CHANGELOG-3.5.md”: Require Go 1.16+.",
        "According to “Title of CHANGELOG-3.6.md”: Require Go 1.23+.",
    ]


def test_the_same_page_of_two_branches_is_named_by_version() -> None:
    """One title for both sides would say that a page contradicts itself."""
    pages = [
        passage(f"- Require Go {go}+.", document=f"{version}/go.md", version=version, heading="Go").model_copy(
            update={"title": "Requirements"}
        )
        for version, go in (("main", "1.16"), ("release", "1.23"))
    ]
    draft = _draft([evidence("Which Go does it require?", *pages)])
    assert [s.text for s in draft.disagreements[1:]] == [
        "According to the main documentation: Require Go 1.16+.",
        "According to the release documentation: Require Go 1.23+.",
    ]
    assert {s.text for s in draft.summary} == {s.text for s in draft.disagreements[1:]}


def test_a_sentence_without_a_word_of_the_question_is_told_beside_another_and_in_no_summary() -> None:
    """Where a review does not find the other supported, it is not told at all."""
    named, said = "A zxid of the server has two parts, epoch and counter.", "The lower bits are what a leader counts."
    page = passage(f"{named} {said}", heading="Guide > Numbers")
    found = [evidence("What are the parts of a zxid?", page)]
    draft = _draft(found)
    assert [s.text for s in draft.summary] == [named]
    assert [s.text for section in draft.sections for s in section.sentences] == [named, said]
    alone = compose("zxid", found, examine(found), rejected=frozenset({plain(named)}))
    assert alone.sentences() == ()


def test_an_unanswerable_goal_gives_a_draft_without_facts_that_says_so() -> None:
    """No sentence is made up."""
    found = [evidence("What is the boiling point of gallium?", *kafka_passages())]
    draft = _draft(found)
    assert (draft.sentences(), draft.sources) == ((), ())
    assert draft.limitations == ("No evidence found for: What is the boiling point of gallium?",)


def test_agreeing_sources_are_one_sentence_with_several_citations() -> None:
    """What two documents say in the same words is reported once."""
    text = "However, the broker deletes expired log segments of every topic in the background."
    pages = [passage(text, document=f"{v}/ops.html", version=v) for v in ("2.8", "3.9")]
    draft = _draft([evidence("When does the broker delete expired log segments?", *pages)])
    (sentence,) = draft.sections[0].sentences
    assert sentence.text == "The broker deletes expired log segments of every topic in the background."
    assert sentence.citations == (1, 2)


def test_sections_are_bounded_and_do_not_repeat_each_other() -> None:
    """A finding stands in one section only, and a section holds a few."""
    passages = kafka_passages()
    question = "How do producers, brokers and replicas acknowledge records?"
    draft = _draft([evidence(question, *passages), evidence(f"{question[:-1]} and logs?", *passages, question_id="q2")])
    first, second = draft.sections
    assert len(first.sentences) <= Template(name="report").findings.most
    assert not {s.text for s in first.sentences} & {s.text for s in second.sentences[1:]}


def test_a_revision_leaves_out_what_the_review_rejected() -> None:
    """The rejected sentence is gone, with and without attribution, and another takes its place."""
    found = [evidence("How do producers wait for acknowledgements of replicas?", *kafka_passages())]
    draft = _draft(found)
    bad = draft.sections[0].sentences[0]
    verdict = SentenceVerdict(sentence_id=bad.sentence_id, verdict=Verdict.NOT_ENOUGH_EVIDENCE)
    review = Review(draft_sha256="0" * 64, verdicts=(verdict,))
    revised = _draft(found, rejected=rejected_sentences([draft], [review]), revision=2)
    assert revised.revision == 2
    assert revised.sections[0].sentences
    assert plain(bad.text) not in {plain(s.text) for s in revised.sentences()}


def test_a_title_is_the_goal_s_first_line_cut_at_a_word() -> None:
    """Titles are short and never empty."""
    assert title_of("how does it work?\nIn detail.") == "How does it work?"
    assert title_of("word " * 60).endswith("word…")
    assert title_of("  ") == "Report"


def test_the_same_inputs_give_the_same_bytes() -> None:
    """Drafting is deterministic."""
    assert _draft(_conflict()).to_json() == _draft(_conflict()).to_json()


def test_a_draft_stays_within_one_message_whatever_its_passages_weigh() -> None:
    """With passages of the largest size in every answer, some findings are left out rather than all of them."""
    filler = "的" * 7_800
    found = [
        evidence(
            f"How does the broker {number} elect leaders?",
            *(
                passage(
                    f"{filler}\n\nThe broker {number} elects leaders by rule {page} of its election protocol.",
                    document=f"{number}-{page}.html",
                )
                for page in range(8)
            ),
            question_id=f"q{number}",
        )
        for number in range(1, 9)
    ]
    draft = _draft(found)
    assert draft.sources
    assert len(draft.to_json()) < MAX_MESSAGE_BYTES


def test_of_two_versions_of_a_sentence_the_newer_is_written() -> None:
    """The older one in nearly the same words would repeat it."""
    words = "offsets of every consumer group are kept in a compacted topic by the designated broker of the group"
    pages = [
        passage(f"All the {words}, the {name}.", document=f"{v}/x.html", version=v)
        for v, name in (("0.11", "offset manager"), ("3.9", "coordinator"))
    ]
    (sentence,) = _draft([evidence("Where are offsets of a consumer group kept?", *pages)]).sections[0].sentences
    assert sentence.text.endswith("the coordinator.")


def test_findings_do_not_quote_the_same_words_twice() -> None:
    """A sentence that is quoted together with its neighbour is not quoted alone as well."""
    page = passage("The port of the admin server is set by a property. Defaults to 8080.", document="a.html")
    draft = _draft([evidence("What is the port of the admin server?", page)])
    assert [s.text for s in draft.sections[0].sentences] == [page.text]
