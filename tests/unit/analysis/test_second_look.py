"""What the entailment model adds to the comparison of statements."""

from collegium.analysis.examine import examine
from collegium.analysis.second_look import MOST_PAIRS, SecondLook
from collegium.analysis.statements import Statement, statements
from collegium.entailment.port import Chances
from collegium.entailment.table import TableEntailment
from report_worlds import evidence, passage

ONE = "Brokers keep the metadata of every topic in ZooKeeper."
OTHER = "A quorum of controllers holds all metadata of every topic."
NO, OPEN = Chances(0.01, 0.02, 0.97), Chances(0.1, 0.8, 0.1)


def _stated(text: str, document: str) -> Statement:
    return statements(passage(text, document=document))[0]


PAIR = (_stated(ONE, "old.html"), _stated(OTHER, "new.html"))


def test_what_excludes_each_other_is_a_conflict() -> None:
    """The conflict says what both speak of."""
    look = SecondLook(TableEntailment({(ONE, OTHER): NO}))
    (found,) = look.conflicts([PAIR])
    assert found is not None
    assert found.kind == "meaning"
    assert "metadata" in found.about


def test_a_statement_is_set_against_one_that_says_clearly_more() -> None:
    """Whichever comes first; of two that say about as much, the first."""
    short = _stated("Metadata is kept in memory.", "short.html")
    look = SecondLook(TableEntailment({(ONE, short.text): NO, (ONE, OTHER): OPEN, (OTHER, ONE): NO}))
    found = look.chances([(PAIR[0], short), (short, PAIR[0]), PAIR, (PAIR[1], PAIR[0])])
    assert found == [NO.contradiction, NO.contradiction, OPEN.contradiction, NO.contradiction]


def test_pairs_beyond_the_bound_are_not_asked() -> None:
    """The first ones are, in the order given."""
    look = SecondLook(TableEntailment({(ONE, OTHER): NO, (OTHER, ONE): NO}))
    found = look.conflicts([PAIR] * (MOST_PAIRS + 3))
    assert [conflict is not None for conflict in found] == [True] * MOST_PAIRS + [False] * 3


def test_settings_are_left_to_the_rules() -> None:
    """A labelled value is compared as a value."""
    rows = statements(passage("acks\nDefault: 1", heading="Configs > acks"))
    settings = [one for one in rows if one.setting is not None]
    assert SecondLook(TableEntailment({})).conflicts([(one, one) for one in settings]) == [None] * len(settings)


def test_no_pairs_give_no_conflicts() -> None:
    """An analysis of one document asks nothing."""
    assert SecondLook(TableEntailment({})).conflicts([]) == []


def test_near_statements_of_two_documents_are_asked() -> None:
    """Those of one document are not, nor what the rules report already."""
    look = SecondLook(TableEntailment({(ONE, OTHER): NO, (OTHER, ONE): NO}))
    one, other = PAIR
    found = look.among([one, other, _stated(OTHER, "new.html")], ())
    assert [(first, conflict.kind) for first, _, conflict in found] == [(one, "meaning")] * 2
    assert look.among([one, other], {frozenset((one.place, other.place))}) == []


def test_an_analysis_lists_what_the_model_finds() -> None:
    """As a contradiction of its own kind, explained by versions where these differ."""
    pages = [passage(ONE, document="old.html", version="2.8"), passage(OTHER, document="new.html", version="4.0")]
    look = SecondLook(TableEntailment({(a, b): NO for a in (ONE, OTHER) for b in (ONE, OTHER) if a != b}))
    asked = evidence("Where is the metadata of every topic kept?", *pages)
    assert examine([asked]).questions[0].contradictions == ()
    (found,) = examine([asked], look).questions[0].contradictions
    assert (found.kind, found.explained_by_version, found.confidence) == ("meaning", True, NO.contradiction)
