"""What documents of several versions say differently, and what is ready in one place and not in another."""

import pytest

from collegium.analysis.examine import examine
from collegium.analysis.maturity import stage
from collegium.analysis.revisions import family
from collegium.analysis.statements import statements
from collegium_schemas.evidence import Passage, QuestionAnalysis
from report_worlds import evidence, passage


def _page(text: str, version: str, heading: str = "Replication", start: int = 0) -> Passage:
    return passage(text, document=f"kafka/{version}/design.html", version=version, heading=heading, start=start)


def _asked(question: str, *passages: Passage) -> QuestionAnalysis:
    return examine([evidence(question, *passages)]).questions[0]


def _kinds(question: str, *passages: Passage) -> list[tuple[str, bool]]:
    return [(c.kind, c.explained_by_version) for c in _asked(question, *passages).contradictions]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("All reads and writes go to the leader.", "All writes go to the leader, reads can go to followers.", "value"),
        ("The current stable branch is 3.5.", "The current stable branch is 3.8.", "number"),
        ("Kafka has four core APIs:", "Kafka has five core APIs for Java:", "number"),
        ("The first file of a log is 000.kafka here.", "The first file of a log is 000000.log here.", "value"),
    ],
)
def test_counterparts_that_differ_are_disclosed(old: str, new: str, kind: str) -> None:
    """A number, name or quantifier that changed between versions of a page."""
    assert _kinds(f"Is it so that {old}", _page(old, "2.8"), _page(new, "3.9")) == [(kind, True)]


def test_what_a_difference_is_about_is_said_without_the_connective_before_it() -> None:
    """A report leaves it out of the sentence, and a review withholds a lead with a word that no sentence holds."""
    old = "Furthermore, topic operations are limited by the quota controller_mutations_rate."
    new = "Furthermore, topic operations are limited by the quota controller_mutation_rate."
    found = _asked("Which quota limits topic operations?", _page(old, "2.8"), _page(new, "3.9"))
    assert [c.about for c in found.contradictions] == ["topic operations limited quota"]


def test_a_new_wording_is_no_difference() -> None:
    """Synonyms of common words say the same."""
    old, new = "Messages can be clumped together and compressed.", "Messages can be grouped together and compressed."
    assert _kinds("How are messages compressed?", _page(old, "2.8"), _page(new, "3.9")) == []


@pytest.mark.parametrize(
    ("question", "old", "new"),
    [
        (
            "Which broker handles requests?",
            "The leader of the partition handles requests of the clients.",
            "The leader of the partition serves requests of the clients.",
        ),
        (
            "What does the controller do with partitions?",
            "The controller of the cluster distributes the partitions over the brokers.",
            "The controller of the cluster spreads the partitions over the brokers.",
        ),
        (
            "What does the primary broker do?",
            "All changes of the topic are first sent to the main broker.",
            "All changes of the topic are first sent to the primary broker.",
        ),
    ],
)
def test_another_word_right_before_what_is_asked_about_is_a_new_wording(question: str, old: str, new: str) -> None:
    """Verbs and adjectives have synonyms; that they differ says nothing of what they mean."""
    assert _kinds(question, _page(old, "2.8"), _page(new, "3.9")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Kafka supports GZIP, Snappy and LZ4 protocols.", "Kafka supports GZIP, Snappy, LZ4 and ZStandard protocols."),
        ("This set is persisted to ZooKeeper on change.", "This set is persisted in the metadata on change."),
        ("By default a broker chooses the second way.", "By default a broker chooses the first way."),
        ("The difference that a broker allows in ms.", "[DEPRECATED] The difference that a broker allows in ms."),
    ],
)
def test_one_name_more_or_another_in_its_place_is_a_difference(old: str, new: str) -> None:
    """In a list of names, in place of other words, in an order; and that something is deprecated now."""
    assert _kinds(f"Is it so that {old}", _page(old, "2.8"), _page(new, "3.9")) == [("value", True)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The leader keeps track of in-sync nodes.", "The leader keeps track of in-sync nodes, which is the ISR."),
        ("Streams has metrics of three levels here.", "By default Kafka Streams has metrics of three levels here."),
    ],
)
def test_an_elaboration_is_no_difference(old: str, new: str) -> None:
    """What a sentence adds beside, with or without a name, contradicts nothing."""
    assert _kinds(f"Is it so that {old}", _page(old, "2.8"), _page(new, "3.9")) == []


def test_rows_of_a_table_are_compared_by_their_first_cell() -> None:
    """Two metrics that are described in nearly the same words are two metrics."""
    old = "cache-hit-ratio | The size of all entries of the cache in 5 bytes."
    new = "cache-pinned-usage | The size of all entries of the cache in 7 bytes."
    assert _kinds("What size have the entries of the cache?", _page(old, "2.8"), _page(new, "3.9")) == []


def test_texts_under_two_settings_are_not_compared() -> None:
    """Each setting describes its own bounds."""
    found = _kinds(
        "Which legal values are allowed?",
        _page("Legal values are between 0 and 3600 seconds.", "2.8", "sasl.refresh.buffer"),
        _page("Legal values are between 0 and 900 seconds.", "3.9", "sasl.refresh.period"),
    )
    assert found == []


def test_a_counterpart_has_none_nearer_in_the_first_version() -> None:
    """A sentence whose own counterpart is another one is compared with that alone."""
    old = "The topic's min.lag.ms bounds the time before a message is compacted."
    new = "The topic's max.lag.ms bounds the delay before a message is compacted."
    both = _page(f"{new} {old}", "3.9")
    assert _kinds("What bounds the time before a message is compacted?", _page(old, "2.8"), both) == []


def test_a_denial_of_another_thing_is_no_contradiction() -> None:
    """`has no notion of owners` and `has the notion of containers` can both be so; a lead-in denies nothing yet."""
    owner = passage("ZooKeeper does not have a notion of an owner of a znode.", document="a.md")
    container = passage("ZooKeeper has the notion of container znodes.", document="b.md")
    assert _kinds("Does ZooKeeper have a notion of a znode owner?", owner, container) == []
    title, lead = (
        passage("The Kafka application reset tool", document="a.md"),
        passage("The Kafka application reset tool does not:\n\n- Delete your output topics.", document="b.md"),
    )
    assert _kinds("What does the Kafka application reset tool do?", title, lead) == []


def test_other_pages_have_no_counterparts() -> None:
    """Only versions of one document are compared sentence by sentence."""
    other = passage("All five config values are assigned.", document="other/3.9/x.html", version="3.9", heading="Else")
    assert _kinds("How many config values are assigned?", _page("All four config values are set.", "2.8"), other) == []


def test_the_counterpart_of_an_answer_is_a_claim_too() -> None:
    """Even where its own words bear less on the question."""
    old, new = "The current stable branch is 3.5.", "By far the stable branch of all of them is now 3.8."
    answered = _asked("Which branch is stable in Kafka?", _page(old, "2.8"), _page(new, "3.9"))
    assert {claim.text for claim in answered.claims} == {old, new}


def test_versions_of_one_document_are_one_family() -> None:
    """The version in the path does not count."""
    [old], [new] = (
        statements(_page("Brokers keep their logs.", "2.8")),
        statements(_page("Every broker keeps one log.", "3.9")),
    )
    assert family(old) == family(new)


@pytest.mark.parametrize(
    ("name", "version", "left"),
    [
        ("part3.md", "3", "part3.md"),
        ("part33.md", "3", "part33.md"),
        ("guide-v3.md", "3", "guide-v.md"),
        ("guide_3.md", "3", "guide_.md"),
        ("guide-13.5.md", "3.5", "guide-13.5.md"),
        ("guide-3.5.1.md", "3.5", "guide-3.5.1.md"),
        ("guide3.5.md", "3.5", "guide.md"),
        ("mainframe.md", "main", "mainframe.md"),
        ("CHANGELOG-3.5.md", None, "CHANGELOG-.md"),
        ("upgrade-0.10.2.1.md", None, "upgrade-.md"),
        ("report-2021.05.03.md", None, "report-2021.05.03.md"),
        ("192.168.1.1.txt", None, "192.168.1.1.txt"),
        ("10.0.0.1.txt", None, "10.0.0.1.txt"),
    ],
)
def test_the_version_in_a_files_name_is_a_number_of_its_own(name: str, version: str | None, left: str) -> None:
    """No part of another number, no date and no address."""
    page = passage("Brokers keep their logs.", document=f"docs/{name}", version=version)
    [statement] = statements(page)
    assert family(statement) == f"docs/{left}"


def test_a_version_in_a_files_name_tells_versions_apart() -> None:
    """Where the document says no number itself: `CHANGELOG-3.5.md` of the branch `main`."""
    old, new = (
        passage(
            f"The binaries of this release are built with Go {go} now.",
            document=f"etcd/CHANGELOG-{name}.md",
            version="main",
            heading="Go",
        )
        for name, go in (("3.5", "1.16"), ("3.6", "1.23"))
    )
    assert _kinds("Which Go are the binaries of a release built with?", old, new) == [("value", True)]


def _setting(values: str, version: str, document: str = "producer", about: str = "How DNS is looked up.") -> Passage:
    return passage(
        f"{about}\n\nType: string\nDefault: all\nValid Values: {values}",
        document=f"kafka/{version}/{document}.html",
        version=version,
        heading=f"{document} settings > dns.lookup",
    )


@pytest.mark.parametrize(
    ("question", "kinds"),
    [("Which values are valid for dns.lookup?", [("value", True)]), ("What does dns.lookup do by default?", [])],
)
def test_more_than_the_default_of_a_setting_is_compared_where_it_is_asked_for(
    question: str, kinds: list[tuple[str, bool]]
) -> None:
    """Its valid values differ between versions; who asks for its default does not ask for them."""
    assert _kinds(question, _setting("[all, one]", "2.8"), _setting("[all]", "3.9")) == kinds


def test_settings_described_in_the_same_words_are_one() -> None:
    """A text that two pages share is found once, on either; another text under the same name is another setting."""
    question = "Which values are valid for dns.lookup?"
    old, new = _setting("[all, one]", "2.8"), _setting("[all]", "3.9", document="consumer")
    assert _kinds(question, old, new) == [("value", True)]
    broker = _setting("[all]", "3.9", document="broker", about="Where brokers and controllers of the quorum resolve.")
    assert _kinds(question, old, broker) == []


def test_ready_in_one_place_and_not_in_another_is_disclosed() -> None:
    """Also within one document, under different headings."""
    found = _asked(
        "Is tiered storage ready for production?",
        _page("Tiered storage is now a production ready feature.", "3.9", "Changes in 3.9"),
        _page("Tiered storage is available in early access.", "3.9", "Changes in 3.6", 500),
    )
    assert [c.about for c in found.contradictions] == ["Tiered storage"]


def test_a_question_about_one_thing_alone_finds_its_stages() -> None:
    """Where it names nothing else, two statements need share no more than that."""
    found = _asked(
        "Is KRaft production ready or still a preview?",
        _page("A preview of KRaft is available for tests.", "3.9", "Changes in 3.0"),
        _page("KRaft mode is production ready for new clusters.", "3.9", "Changes in 3.3", 500),
    )
    assert [c.about for c in found.contradictions] == ["KRaft"]


def test_what_changed_between_two_versions_is_told_once() -> None:
    """Of a list of releases that each say the same of themselves, the first is enough."""
    old = "Compile the binaries with Go 1.20 here.\n\nCompile all binaries with Go 1.21 here."
    new = "Compile the binaries with Go 1.24 here.\n\nCompile all binaries with Go 1.25 here."
    found = _kinds("Which Go compiles the binaries?", _page(old, "2.8"), _page(new, "3.9"))
    assert found == [("value", True)]


@pytest.mark.parametrize(("ended", "told"), [("Java 8", ["Java"]), ("Java 7", [])])
def test_a_number_in_the_question_says_of_what_both_must_speak(ended: str, told: list[str]) -> None:
    """`Java 8` in both; what is said of Java 7 is nothing about it."""
    found = _asked(
        "Can I still run it on Java 8?",
        _page("Java 8 and Java 11 are supported.", "2.8", "Requirements"),
        _page(f"The project says that {ended} support has been deprecated.", "3.9", "Notable changes"),
    )
    assert [c.about for c in found.contradictions] == told


def test_a_short_line_that_names_a_version_is_a_statement() -> None:
    """`Require Go 1.16+.` has two words and a version."""
    old, new = _page("- Require Go 1.16+.", "3.5", "Go"), _page("- Require Go 1.23+.", "3.6", "Go")
    assert _kinds("Which Go does it require?", old, new) == [("value", True)]


def test_one_thing_ready_and_another_not_is_no_contradiction() -> None:
    """They must share what the question is about."""
    found = _asked(
        "Is tiered storage ready for production?",
        _page("Tiered storage is now a production ready feature.", "3.9", "Changes in 3.9"),
        _page("The rebalance protocol is available in early access.", "3.9", "Changes in 3.7", 500),
    )
    assert found.contradictions == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is production ready.", 1),
        ("JBOD is no longer in early access.", 1),
        ("It is not yet supported.", -1),
        ("It is deprecated.", -1),
        ("It is checked by --experimental-corrupt-check.", 0),
        ("It stores records.", 0),
        ("It is supported but deprecated.", 0),
        ("You can check the release notes of the GA version for more.", 0),
        ("For more information, see the notes on the preview.", 0),
    ],
)
def test_stages(text: str, expected: int) -> None:
    """Ready, not ready, or neither."""
    assert stage(text) == expected
