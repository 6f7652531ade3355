"""Templates: what they are, and what reports they make."""

from pathlib import Path

import pytest

from collegium.analysis.examine import examine
from collegium.drafting.compose import compose
from collegium.drafting.errors import TemplateInvalid
from collegium.drafting.forms import Template, load_templates, read_template
from collegium.verification.reviewing import asserts_nothing
from collegium_schemas.evidence import LAYOUT, Draft
from report_worlds import evidence, kafka_passages, setting_page

GOAL = "What is the default of acks in 2.8 and 3.9?"
SHIPPED = load_templates()


def _conflict(template: str) -> Draft:
    old, new = setting_page("2.8", "1", "false"), setting_page("3.9", "all", "true")
    found = [
        evidence("What is the default of acks in 2.8", *old),
        evidence("What is the default of acks in 3.9", *new, question_id="q2"),
    ]
    return compose(GOAL, found, examine(found), template=SHIPPED[template])


def _one(template: Template, least_confidence: float = 0.0) -> Draft:
    found = [evidence("How do producers wait for acknowledgements of replicas?", *kafka_passages())]
    return compose("acknowledgements", found, examine(found), template=template, least_confidence=least_confidence)


def test_four_templates_are_shipped_and_the_default_is_a_report() -> None:
    """What a template file says of nothing is as in a report."""
    assert set(SHIPPED) == {"report", "comparison", "how-to", "briefing"}
    assert SHIPPED["report"].model_copy(update={"description": ""}) == Template(name="report")
    assert SHIPPED["report"].parts == LAYOUT


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_template_makes_a_report_that_says_only_what_its_sources_say(name: str) -> None:
    """Each fact cites a listed source that holds its words; leads assert nothing; numbers follow reading order."""
    draft = _conflict(name)
    sources = {source.number: source.passage.text for source in draft.sources}
    facts = [one for one in draft.sentences() if one.kind == "fact"]
    in_order = {
        "summary": draft.summary,
        "findings": tuple(s for section in draft.sections for s in section.sentences),
        "disagreements": draft.disagreements,
    }
    read = [one for laid_out in draft.layout for one in in_order[laid_out.part]]

    assert facts
    assert all(one.citations and set(one.citations) <= set(sources) for one in facts)
    assert all(asserts_nothing(draft, one) for one in draft.sentences() if one.kind == "frame")
    assert [one.sentence_id for one in read] == [f"s{n}" for n in range(1, len(read) + 1)]
    assert list(dict.fromkeys(n for one in read for n in one.citations)) == list(sources)


def test_a_comparison_begins_with_what_differs_and_goes_from_old_to_new() -> None:
    """Disagreements first; within a section the oldest version first."""
    draft = _conflict("comparison")
    versions = {source.number: source.passage.version or "" for source in draft.sources}
    found = [[versions[one.citations[0]] for one in section.sentences] for section in draft.sections]

    assert [one.part for one in draft.layout] == ["disagreements", "summary", "findings"]
    assert draft.disagreements[0].sentence_id == "s1"
    assert all(row == sorted(row) for row in found)


def test_a_how_to_keeps_the_order_of_its_source() -> None:
    """The same findings as a report's, each source's in its own order."""
    draft, report = _one(SHIPPED["how-to"]), _one(SHIPPED["report"])
    texts = {source.number: source.passage for source in draft.sources}
    places = [
        (passage.document_id, passage.start + passage.text.find(" ".join(one.text.split()[1:4])))
        for one in draft.sections[0].sentences
        for passage in (texts[one.citations[0]],)
    ]

    assert {one.text for one in draft.sections[0].sentences} == {one.text for one in report.sections[0].sentences}
    for document in {name for name, _ in places}:
        starts = [start for name, start in places if name == document]
        assert starts == sorted(starts)


def test_a_briefing_is_short() -> None:
    """Three sentences in short, two findings on each question."""
    draft = _one(SHIPPED["briefing"])

    assert 1 <= len(draft.summary) <= 3
    assert 1 <= len(draft.sections[0].sentences) <= 2


def test_a_part_that_is_not_named_is_left_out() -> None:
    """Without disagreements or a summary, their sources are not listed either."""
    findings_only = Template.model_validate({"name": "x", "parts": [{"part": "findings", "heading": "What is known"}]})

    draft = _one(findings_only)

    assert draft.sections[0].sentences
    assert (draft.summary, draft.disagreements) == ((), ())


def test_a_question_that_is_answered_with_too_little_confidence_stays_open() -> None:
    """Below the playbook's threshold there is no guess: the limits say that there is not enough evidence."""
    draft = _one(SHIPPED["report"], least_confidence=1.0)

    assert draft.sentences() == ()
    assert draft.limitations == ("Not enough evidence for: How do producers wait for acknowledgements of replicas?",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: x\nparts: [{part: summary, heading: S}]", "no `findings`"),
        ("name: x\nparts: [{part: findings, heading: S}, {part: findings, heading: T}]", "twice"),
        ("name: x\nparts: [{part: gossip, heading: S}, {part: findings, heading: T}]", "parts"),
        ("name: x\nlead: 'Experts agree that {about}:'", "lead"),
        ("name: x\nfindings: {most: 65}", "findings.most"),
        ("name: x\nfindings: {fewest: 5, most: 2}", "fewest"),
        ("name: x\nsummary: {fewest: 5, most: 2}", "fewest"),
        ("name: x\ncolour: red", "colour"),
        ("- just\n- a list", "body"),
        ("name: [", "expected"),
    ],
)
def test_what_is_no_template_is_refused_with_file_and_place(content: str, said: str, tmp_path: Path) -> None:
    """A misspelt part, a lead with words of its own, bounds that no report may have."""
    path = tmp_path / "mine.yaml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(TemplateInvalid, match=said) as raised:
        read_template(path)
    assert str(raised.value).startswith(str(path))


def test_a_folder_of_templates_adds_to_the_shipped_ones_and_may_replace_them(tmp_path: Path) -> None:
    """By name; a folder that is not there is an error."""
    (tmp_path / "mine.yaml").write_text("name: mine", encoding="utf-8")
    (tmp_path / "brief.yaml").write_text("name: briefing\ndisagreements: 1", encoding="utf-8")

    found = load_templates([tmp_path])

    assert found["mine"] == Template(name="mine")
    assert found["briefing"].disagreements == 1
    with pytest.raises(TemplateInvalid, match="no such folder"):
        load_templates([tmp_path / "absent"])
