"""Sentences about two things that have names are no contradiction."""

from collegium.analysis.comparing import conflict
from collegium.analysis.statements import statements
from collegium.evaluation.subjects.passages import passage_of


def conflicting(one: str, other: str) -> bool:
    """Whether the sentences of two documents are reported as contradicting each other."""
    [first], [second] = statements(passage_of(one, "a")), statements(passage_of(other, "b"))
    return conflict(first, second, frozenset()) is not None


def test_other_names_are_other_things() -> None:
    """What differs is not what one of them is like."""
    said = "The calibration run of the {} rig has a limit of {} seconds."
    assert not conflicting(said.format("Alder", 90), said.format("Cedar", 180))
    assert conflicting(said.format("Alder", 90), said.format("Alder", 180))


def test_a_name_on_one_side_alone_hides_nothing() -> None:
    """The other sentence may speak of the same thing without it."""
    one = "The calibration run of the big rig has a limit of 90 seconds."
    assert conflicting(one, "The calibration run of the big Alder rig has a limit of 180 seconds.")
