"""Whether evidence answers a question."""

from collections.abc import Sequence

import pytest

from collegium.analysis.answering import is_answered, unknown_share
from collegium.analysis.examine import examine
from collegium.analysis.question import read_question
from collegium.analysis.statements import Statement, statements
from report_worlds import evidence, kafka_passages, passage


@pytest.mark.parametrize(
    "question",
    [
        "How many bookies does Pulsar need?",
        "Which Terraform provider manages Kafka topics?",
        "What salary do Kafka committers get?",
        "Which RabbitMQ prefetch count do Kafka producers use?",
    ],
)
def test_words_that_no_passage_knows_leave_a_question_unanswered(question: str) -> None:
    """However many of its other words are everywhere."""
    assert not examine([evidence(question, *kafka_passages())]).questions[0].answered


@pytest.mark.parametrize(
    "question", ["How does log compaction work?", "When is a message committed?", "what are in-sync replicas"]
)
def test_questions_about_what_passages_say_are_answered(question: str) -> None:
    """In everyday words, too."""
    assert examine([evidence(question, *kafka_passages())]).questions[0].answered


def test_a_question_about_an_amount_gets_the_default_of_the_setting_that_is_described() -> None:
    """The description bears on the question, its default answers it."""
    text = "The time after which offsets of an empty consumer group are discarded.\n\nType: int; Default: 10080"
    page = passage(text, heading="offsets.retention.minutes")
    claims = examine([evidence("How many minutes are offsets of an empty group kept?", page)]).questions[0].claims
    assert any(claim.text == "Default: 10080" and claim.score > 0.5 for claim in claims)


def test_of_two_versions_the_newer_bears_more_on_a_question_that_names_none() -> None:
    """A reader who does not say which asks about today's."""
    pages = [
        passage(f"The {name} stores the offsets of its group.", document=f"{v}/x.html", version=v)
        for v, name in (("0.11", "offset manager"), ("3.9", "coordinator"))
    ]
    best = examine([evidence("Who stores the offsets of a group?", *pages)]).questions[0].claims[0]
    assert best.passage_id.startswith("3.9")


FERRIES = (
    passage("The Orla ferry mark 3 carries 120 passengers. It leaves at 9 o'clock.", document="orla.md"),
    passage("The Tern ferry mark 7 carries 80 passengers. It leaves at 11 o'clock.", document="tern.md"),
    passage("The default of linger.ms is 5 in Kafka 4.0. The default of batch.size is 16384 bytes.", document="p.md"),
)


@pytest.mark.parametrize(
    ("near", "right"),
    [
        (
            "How many passengers does the Orla ferry mark 51 carry?",
            "How many passengers does the Orla ferry mark 3 carry?",
        ),
        (
            "How many passengers does the Wren ferry mark 3 carry?",
            "How many passengers does the Tern ferry mark 7 carry?",
        ),
        ("What is the default of linger.ms in Kafka 2.8?", "What is the default of linger.ms in Kafka 4.0?"),
        ("What is the maximum of batch.size?", "What is the default of batch.size?"),
        ("When did the Orla ferry mark 3 sink?", "When does the Orla ferry mark 3 leave?"),
    ],
)
def test_another_mark_name_version_limit_or_event_is_no_answer(near: str, right: str) -> None:
    """A sentence with nearly every word of the question is about another thing; the right question is answered."""
    assert not examine([evidence(near, *FERRIES)]).questions[0].answered
    assert examine([evidence(right, *FERRIES)]).questions[0].answered


def test_a_sentence_about_a_span_of_versions_may_answer_for_one_within() -> None:
    """`Since 2.4` says something of 2.8."""
    page = passage("Since Kafka 2.4 the sticky partitioner is the default of a producer.")
    asked = evidence("What is the default partitioner of a producer in Kafka 2.8?", page)
    assert examine([asked]).questions[0].answered


def test_words_of_everyday_speech_need_not_be_known() -> None:
    """What a question is wrapped in says nothing about what is asked."""
    pages = kafka_passages()

    def unknown(text: str) -> float:
        return unknown_share(read_question(text, {}, 100), text, pages)

    assert unknown("I wonder, can you tell exactly when a message is committed, please?") == 0.0
    assert unknown("When is a message committed by a bookie?") > 0.0


def _said(values: Sequence[float]) -> list[tuple[Statement, float]]:
    """Claims of different words that answer so well."""
    names = "ant bee cat dog eel fox gnu hen".split()
    text = " ".join(f"The {name} lives in the same forest." for name in names)
    return list(zip(statements(passage(text)), values, strict=False))


def test_claims_together_answer_what_the_best_alone_does_not_quite() -> None:
    """One sentence may hold a question's words by chance; where all are that good, the corpus speaks of it."""
    assert is_answered(_said([0.36] * 8))
    assert not is_answered(_said([0.36, *[0.1] * 7]))
    assert not is_answered(_said([0.36] * 7))
    assert is_answered(_said([0.41]))
    assert not is_answered([])


def test_copies_of_a_sentence_answer_no_better_than_one() -> None:
    """Eight versions of a page say the same, whatever number each has in it."""
    pages = [passage(f"The Broker keeps {n} topics in its store.", document=f"{n}.0/x.html") for n in range(1, 11)]
    assert not is_answered([(statement, 0.36) for page in pages for statement in statements(page)])
    asked = "How do I paint a broker for the topic of a consumer?"
    said = "The broker holds the topic of a consumer in its store."
    copies = [passage(said, document=f"kafka/{n}.0/x.html", version=f"{n}.0", heading="A > B") for n in range(1, 11)]
    near = evidence(asked, *copies).model_copy(update={"closeness": 0.62})
    assert not examine([near]).questions[0].answered


def test_a_line_of_a_log_answers_nothing() -> None:
    """It names what is asked about, and says nothing of it."""
    log = passage("2024-05-01 12:00:01 INFO worker-7 device=marlin-centrifuge score=0.43 took 20 ms status=200")
    assert not examine([evidence("How fast does the Marlin centrifuge spin?", log)]).questions[0].answered
