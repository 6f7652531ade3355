"""Windows, and pairs made from the training text."""

import random

import pytest

from collegium.entailment.windows import WindowRule, split, windows
from entailment.made import Recipe, make, material
from entailment.mixture import WITHOUT_NEUTRAL
from entailment.pairs import NOT_ENTAILED, Label, Pair, Reading, exactly
from entailment.tampering import Change, name, negation, number, tampered, unit, year

C = exactly(Label.CONTRADICTION)
CITIES = ("Lisbon", "Vienna", "Oslo", "Quito", "Dakar", "Hanoi", "Perth", "Boston")
PAIRS = [
    Pair(
        f"The harbour of {city} was opened in 19{20 + place} by the council. It has {place + 3} long piers.",
        f"The harbour of {city} has piers.",
        WITHOUT_NEUTRAL[Label.ENTAILMENT],
        "fever_dev",
    )
    for place, city in enumerate(CITIES)
]


def test_windows_overlap_and_hold_every_sentence() -> None:
    """Three sentences each, a new one every two."""
    assert windows(list("abcdefg"), WindowRule(3, 2)) == ["a b c", "c d e", "e f g"]
    assert windows(list("ab"), WindowRule(3, 2)) == ["a b"]
    assert windows([], WindowRule(3, 2)) == []


def test_a_long_sentence_makes_a_window_of_its_own() -> None:
    """The bound in characters shortens a window, but loses no sentence."""
    found = windows(["a" * 30, "b" * 300, "c", "d"], WindowRule(3, 2, max_chars=60))
    assert found == ["a" * 30, "b" * 300, "c d"]


def test_sentences_are_those_of_the_product() -> None:
    """An abbreviation ends none."""
    assert split("Dr. Ng left at 3 p.m. sharp. She came back.") == ["Dr. Ng left at 3 p.m. sharp.", "She came back."]


@pytest.mark.parametrize(
    ("change", "sentence", "reading"),
    [
        (number, "The river is 48 mi long.", C),
        (number, "It has three bridges.", C),
        (year, "It was opened in 1984.", C),
        (unit, "The call lasted 40 minutes.", C),
        (negation, "The bridge was closed.", C),
        (negation, "The bridge was not closed.", C),
    ],
)
def test_a_changed_fact_contradicts(change: Change, sentence: str, reading: Reading) -> None:
    """Every change of a number, year, unit or negation gives another sentence."""
    changed = change(sentence, random.Random(2))
    assert changed is not None
    assert changed[0] != sentence
    assert changed[1] == reading


def test_another_name_is_only_unfounded() -> None:
    """Both may hold, so the pair is no contradiction for sure."""
    assert name("The mayor opened Lisbon.", random.Random(1), ["Oslo"]) == ("The mayor opened Oslo.", NOT_ENTAILED)


def test_a_year_is_not_changed_as_a_number() -> None:
    """A year in a sentence without another number stays."""
    assert number("It was opened in 1984.", random.Random(1)) is None


def test_what_allows_no_change_is_left_out() -> None:
    """No number, year, unit, auxiliary or name."""
    assert tampered("birds sing loudly", random.Random(1), ["Oslo"]) is None


def test_made_pairs_say_what_they_are_made_for() -> None:
    """A copy is in its window; a tampered one is not; a window keeps the reading; elsewhere the claim has no ground."""
    made = make(material({"fever_dev": PAIRS}), Recipe(8, 8, 8, 8, 0, 0), random.Random(4))
    kinds = {
        kind: [pair for pair in made if pair.source == kind] for kind in ("copied", "tampered", "windowed", "elsewhere")
    }
    assert all(kinds.values())
    assert all(pair.hypothesis in pair.premise for pair in kinds["copied"])
    assert not any(pair.hypothesis in pair.premise for pair in kinds["tampered"])
    assert {pair.reading for pair in kinds["windowed"]} == {WITHOUT_NEUTRAL[Label.ENTAILMENT]}
    own = {pair.hypothesis: pair.premise for pair in PAIRS}
    assert not any(row in pair.premise for pair in kinds["elsewhere"] for row in split(own[pair.hypothesis]))
    assert {Label.ENTAILMENT} not in [pair.reading.truth for pair in kinds["elsewhere"]]


def _claims_of(city: str, *labels: Label) -> list[Pair]:
    premise = f"The tower of {city} is tall. It was built of stone."
    return [
        Pair(premise, f"{city} has tower number {place}.", exactly(label), "fever_dev")
        for place, label in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((Label.ENTAILMENT, Label.ENTAILMENT), exactly(Label.ENTAILMENT)),
        ((Label.ENTAILMENT, Label.CONTRADICTION), C),
        ((Label.ENTAILMENT, Label.NEUTRAL), NOT_ENTAILED),
        ((Label.NEUTRAL, Label.CONTRADICTION), C),
    ],
)
def test_two_claims_in_one_hold_only_together(labels: tuple[Label, Label], expected: Reading) -> None:
    """Entailed where both are, contradicted where one is, else without ground."""
    source = material({"fever_dev": _claims_of("Oslo", *labels)})
    made = [pair for seed in range(20) for pair in make(source, Recipe(0, 0, 0, 0, 2, 0), random.Random(seed))]
    whole = [pair for pair in made if "number 0" in pair.hypothesis and "number 1" in pair.hypothesis]
    assert whole
    assert {pair.reading for pair in whole} == {expected}


def test_a_claim_whose_second_part_lacks_its_evidence_is_not_entailed() -> None:
    """Two entailed claims of two premises, one premise given: never entailment."""
    pairs = _claims_of("Oslo", Label.ENTAILMENT) + _claims_of("Perth", Label.ENTAILMENT)
    found: list[Pair] = []
    for seed in range(40):
        found += make(material({"fever_dev": pairs}), Recipe(0, 0, 0, 0, 2, 0), random.Random(seed))
    towers = [[f"tower of {city}" in pair.premise for city in ("Oslo", "Perth")] for pair in found]
    halves = [pair for pair, (first, second) in zip(found, towers, strict=True) if first != second]
    assert halves
    assert len(halves) < len(found)
    entailed = [pair for pair in halves if pair.reading == exactly(Label.ENTAILMENT)]
    assert all(not ("Oslo" in pair.hypothesis and "Perth" in pair.hypothesis) for pair in entailed)


def test_equal_chances_make_equal_pairs() -> None:
    """So a resumed run sees the same made pairs."""
    source = material({"fever_dev": PAIRS})
    assert make(source, Recipe(), random.Random(4)) == make(source, Recipe(), random.Random(4))


def _answers(question: str, *texts: str) -> list[Pair]:
    return [Pair("older", text, C, "written_versions", question) for text in texts]


def test_answers_to_unlike_questions_are_neutral() -> None:
    """Never two answers to one question, nor to two that ask about one thing; mostly those of one product."""
    written = {
        "How does Quill learn of jobs?": ("Quill polls.", "Events wake Quill."),
        "Which jobs does Quill repeat?": ("Quill repeats those that failed.",),
        "When are backups of Quill made?": ("Backups are made at noon.",),
        "When does Heron start?": ("Heron starts with the machine.",),
    }
    source = material(
        {"written_versions": [pair for asked in written.items() for pair in _answers(asked[0], *asked[1])]}
    )
    asked = {text: question for question, texts in written.items() for text in texts}
    made = [pair for seed in range(60) for pair in make(source, Recipe(0, 0, 0, 0, 0, 5), random.Random(seed))]
    assert {pair.reading for pair in made} == {exactly(Label.NEUTRAL)}
    topics = [{asked[pair.premise], asked[pair.hypothesis]} for pair in made]
    assert all(len(pair) == 2 for pair in topics)
    assert not any(all("jobs" in question for question in pair) for pair in topics)
    of_one_product = sum(all("Quill" in question for question in pair) for pair in topics)
    assert of_one_product > len(made) / 2
