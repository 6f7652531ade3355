"""What a question names exactly that no passage knows."""

import pytest

from collegium.analysis.answering import nearness
from collegium.analysis.examine import examine
from collegium.analysis.mismatch import exact
from collegium.analysis.strangers import strangers
from report_worlds import evidence, passage

PAGES = (
    passage("MirrorMaker 2 and MirrorMaker (1) replicate topics between clusters. The REST server speaks HTTP/2."),
    passage("Learners came with Zeta 3.4; it logs by Log4j2."),
    passage("Java 8, Java 11 and 17 are supported by every broker.", document="docs/java.html"),
    passage("Add etcd --max-concurrent-streams flag to limit the streams of a client.", document="etcd/changes.md"),
    passage(
        "Type: string\n\nDefault: all\n\nValid Values: [all, -1, 0, 1]\n\nImportance: low",
        document="docs/producer.html",
        heading="Producer > acks",
    ),
    passage("Type: int\n\nDefault: 3\n\nValid Values: [1,...,9]", document="docs/topic.html", heading="Topic > level"),
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How is MirrorMaker 3 configured?", ("MirrorMaker 3",)),
        ("How is MirrorMaker 2 configured?", ()),
        ("Does Kafka support HTTP/3?", ("HTTP/3",)),
        ("Which brokers run with Java 17?", ()),
        ("What is the default of --lease-grace-period?", ("--lease-grace-period",)),
        ("What does --max-concurrent-streams do?", ()),
        ("What does acks=7 mean?", ("acks=7",)),
        ("What does acks set to 7 mean?", ("acks set to 7",)),
        ("What does acks=1 mean?", ()),
        ("What does level=7 mean?", ()),
        ("Do 3 brokers need 5 controllers?", ()),
        ("How is MirrorMaker 2.0 configured?", ()),
        ("Does Kafka support HTTP/2.0?", ()),
        ("Is Log4j 2 supported?", ()),
        ("Does Zeta 3 have learners?", ()),
        ("Does Zeta 4 have learners?", ("Zeta 4",)),
        ("Is MirrorMaker 3-way replication possible?", ()),
    ],
)
def test_a_stranger_is_a_numbered_name_an_option_or_an_impossible_value(
    question: str, expected: tuple[str, ...]
) -> None:
    """A range, a number of things and what any passage has are none."""
    assert tuple(one.strip() for one in strangers(question, PAGES)) == expected


def test_a_question_is_looked_at_so_far() -> None:
    """A stranger behind 2,000 characters is not looked for."""
    asked = "How is MirrorMaker 3 configured?"
    assert strangers(f"{'word ' * 390}{asked}", PAGES)
    assert not strangers(f"{'word ' * 400}{asked}", PAGES)


def test_so_many_numbered_names_are_looked_for() -> None:
    """Ten of a question; each is searched for in every passage."""
    known, unknown = "MirrorMaker 2, ", "MirrorMaker 3"
    assert strangers(f"Compare {known * 9}{unknown}", PAGES)
    assert not strangers(f"Compare {known * 10}{unknown}", PAGES)


@pytest.mark.parametrize("question", ["What does a fetch size of 2048 mean?", "Is a limit of 2000 per second known?"])
def test_a_number_of_things_is_no_year(question: str) -> None:
    """Only behind `in`, `since`, a month and their like is a number a year."""
    assert exact(question, ()).years == frozenset()


def test_a_question_about_a_stranger_is_not_answered() -> None:
    """Though all of its words are known, and some sentence has nearly all of them."""
    questions = ("How does MirrorMaker 3 replicate topics?", "How does MirrorMaker 2 replicate topics?")
    assert [examine([evidence(q, *PAGES)]).questions[0].answered for q in questions] == [False, True]


def test_a_year_that_no_passage_knows_is_answered_by_none() -> None:
    """A passage speaks of a year in its text, its headings or its date; a number of things is no year."""
    page = passage("More than 5 million unique downloads of Kafka were counted. The site was moved in 2021.")
    asked = ("How many downloads of Kafka were counted in 2023?", "How many downloads of Kafka were counted in 2021?")
    assert [examine([evidence(q, page)]).questions[0].answered for q in asked] == [False, True]


def test_a_close_passage_makes_up_for_unknown_words_and_a_far_one_does_not() -> None:
    """By sentence vectors; without them nothing changes."""
    page = passage("Watches of ZooKeeper are one time triggers.")
    found = evidence("Do watches of ZooKeeper survive?", page)

    def answered(closeness: float | None) -> bool:
        return examine([found.model_copy(update={"closeness": closeness})]).questions[0].answered

    assert nearness(None) == 0.0
    assert nearness(0.9) > 0 > nearness(0.3)
    assert answered(0.95)
    assert not answered(0.0)
