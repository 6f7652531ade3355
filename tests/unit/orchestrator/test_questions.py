"""Goals are decomposed by grammar and comparison patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collegium.orchestrator.core.questions import MAX_PATTERN_CHARS, decompose


@pytest.mark.parametrize(
    ("goal", "questions"),
    [
        ("What is the boiling point of gallium?", ["What is the boiling point of gallium"]),
        (
            "Compare the default producer acks in Kafka 2.8 and 3.9",
            ["the default producer acks in Kafka 2.8", "the default producer acks in Kafka 3.9"],
        ),
        (
            "How did the role of ZooKeeper change from Kafka 2.8 to Kafka 3.9?",
            ["How did the role of ZooKeeper change in Kafka 2.8", "How did the role of ZooKeeper change in Kafka 3.9"],
        ),
        (
            "Compare the defaults of acks across Kafka 0.11.0, 2.8 and 3.9.",
            [f"the defaults of acks in Kafka {version}" for version in ("0.11.0", "2.8", "3.9")],
        ),
        (
            "How do Kafka 2.8 and 3.9 differ in metadata management?",
            ["Kafka 2.8: metadata management", "Kafka 3.9: metadata management"],
        ),
        ("ZooKeeper vs KRaft with respect to metadata", ["ZooKeeper: metadata", "KRaft: metadata"]),
        (
            "What is log compaction and how does it keep the last value?",
            ["What is log compaction", "What is log compaction, how does it keep the last value"],
        ),
        (
            "Explain consumer groups, log compaction and replication.",
            ["Explain consumer groups", "Explain log compaction", "Explain replication"],
        ),
        ("Explain tea, coffee, and milk", ["Explain tea", "Explain coffee", "Explain milk"]),
        (
            "Explain tea, coffee and milk and sugar",
            ["Explain tea", "Explain coffee", "Explain milk and sugar"],
        ),
        ("Compare tea, coffee and water", ["tea", "coffee", "water"]),
        ("Compare tea to coffee", ["tea", "coffee"]),
        ("How do tea and coffee differ IN taste?", ["tea: taste", "coffee: taste"]),
        (
            "How did coordination change from ZooKeeper to KRaft, briefly?",
            ["How did coordination change in ZooKeeper", "How did coordination change in KRaft"],
        ),
        ("Differences in acks between Kafka 2.8 and 3.9", ["acks in Kafka 2.8", "acks in Kafka 3.9"]),
        ("Compare 2.8 and Kafka 3.9", ["2.8", "Kafka 3.9"]),
        ("How do I get from tea to coffee?", ["How do I get from tea to coffee"]),
        ("Is tea cheap in 2.8 and which one in 3.9?", ["Is tea cheap in 2.8", "Is tea cheap in 3.9"]),
        ("How is tea made in 2.8 and how in 3.9?", ["How is tea made in 2.8", "How is tea made in 3.9"]),
        ("What is tea in Tea 2.8, and what in Tea 3.9?", ["What is tea in Tea 2.8", "What is tea in Tea 3.9"]),
        ("Is tea in 2.8 hot and does it cool in 3.9?", ["Is tea in 2.8 hot", "Is tea in 3.9 hot, does it cool in 3.9"]),
        ("Is tea hot? what about milk", ["Is tea hot", "Is tea hot, what about milk"]),
        ("Who drinks tea? compare 2.8 and 3.9", ["Who drinks tea? compare 2.8 and 3.9"]),
        ("We drink tea. What is better?", ["We drink tea, What is better"]),
        ("1. What is a topic?\n2. What is a partition?", ["What is a topic", "What is a partition"]),
        ("- What is tea?\n* What is OS X?\n(3) What is Go:", ["What is tea", "What is OS X", "What is Go"]),
        ("tea; Go; C", ["tea", "Go"]),
        ("Kafka の複製はどう動きますか", ["Kafka の複製はどう動きますか"]),
    ],
)
def test_decomposition(goal: str, questions: list[str]) -> None:
    """Each pattern gives its sub-questions, in the goal's order."""
    assert [question.text for question in decompose(goal, 8)] == questions


@pytest.mark.parametrize(
    ("goal", "questions"),
    [
        ("Who drinks tea? compare 2.8 and 3.9. What is milk?", ["Who drinks tea? compare 2.8 and 3.9", "What is milk"]),
        ("Who drinks tea? compare leaves bags 3.9", ["Who drinks tea", "compare leaves bags 3.9"]),
        ("Who drinks tea? compare bags 3.9", ["Who drinks tea? compare bags 3.9"]),
        ("What is tea? We drink tea. Milk too.", ["What is tea", "We drink tea", "Milk too"]),
        ("What is cold? We drink tea? What is tea?", ["What is cold", "We drink tea", "What is tea"]),
        ("We like OS X. What is better?", ["We like OS X, What is better"]),
        ("What does it do?", ["What does it do"]),
        ("What is tea? How does a pot show that it is full?", ["What is tea", "How does a pot show that it is full"]),
        ("What is tea? How do brewers show that it is hot?", ["What is tea", "How do brewers show that it is hot"]),
        ("What is tea? Why is it hot?", ["What is tea", "What is tea, Why is it hot"]),
        ("How is tea made from 2.8 to 3.9?", ["How is tea made in 2.8", "How is tea made in 3.9"]),
        ("How is tea made from 2.8 to milk?", ["How is tea made from 2.8 to milk"]),
        ("How is tea made from milk to 3.9?", ["How is tea made from milk to 3.9"]),
    ],
)
def test_what_belongs_together(goal: str, questions: list[str]) -> None:
    """What only says how to answer goes with its question; two versions are compared, a version and a thing are not."""
    assert [question.text for question in decompose(goal, 8)] == questions


@pytest.mark.parametrize(
    ("goal", "around"),
    [
        ("Who drinks {}? compare 2.8 and 3.9", len("Who drinks ? compare 2.8 and 3.9")),
        ("We drink {}. What is better?", len("We drink .")),
        ("What is {}? what does it do", len("What is  what does it do")),
    ],
)
def test_what_belongs_together_is_asked_together_up_to_a_length(goal: str, around: int) -> None:
    """What is matched with patterns has a bound; one character more, and the last question stands alone."""
    longest = "t" * (MAX_PATTERN_CHARS - around)
    assert longest in decompose(goal.format(longest), 8)[-1].text
    assert "ttt" not in decompose(goal.format(longest + "t"), 8)[-1].text


def test_what_does_not_fit_into_the_bound_is_asked_with_the_last_question() -> None:
    """Nothing of the goal is dropped, and nothing is asked twice."""
    goal = "What is tea? What is coffee? What is milk? What is water?"
    assert [question.text for question in decompose(goal, 3)] == [
        "What is tea",
        "What is coffee",
        "What is milk What is water",
    ]


def test_the_longest_sentence_that_is_split() -> None:
    """One character more stays one question."""
    longest = "Explain tea, " + "c" * (MAX_PATTERN_CHARS - 13)
    assert len(longest) == MAX_PATTERN_CHARS
    assert len(decompose(longest, 8)) == 2
    assert len(decompose(longest + "c", 8)) == 1


@given(st.text(min_size=1, max_size=400).filter(lambda goal: any(c.isalnum() for c in goal)), st.integers(1, 8))
def test_any_goal_gives_between_one_and_the_bound(goal: str, most: int) -> None:
    """There is always a question, never too many, never two of the same text, and ids count up."""
    questions = decompose(goal, most)
    assert 1 <= len(questions) <= most
    assert len({question.text for question in questions}) == len(questions)
    assert [question.question_id for question in questions] == [f"q{n}" for n in range(1, len(questions) + 1)]
    assert questions == decompose(goal, most)


@pytest.mark.parametrize("goal", ["explain ,", "Explain , and", "list ,,"])
def test_an_instruction_without_an_object_stays_itself(goal: str) -> None:
    """Punctuation alone is nothing to explain, and no fault either."""
    assert len(decompose(goal, 8)) == 1


@pytest.mark.parametrize(
    "goal",
    [
        "what a" + " " * 7_900 + "b",
        "changes from a " * 530,
        "how" + " from a" * 1_140,
        "compare a" + " with a" * 1_140,
        "a in " + "1.1 and " * 990 + "x",
    ],
)
def test_goals_made_to_keep_the_patterns_busy_stay_one_question(goal: str) -> None:
    """Backtracking is bounded by the length of what is matched; without that bound this takes from minutes to years."""
    assert [question.text for question in decompose(goal, 8)] == [" ".join(goal.split())]
