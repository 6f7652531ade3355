"""What the entailment model adds to the comparison of statements."""

import pytest

from collegium.analysis.examine import examine
from collegium.analysis.second_look import MOST_PAIRS, SecondLook
from collegium.analysis.statements import Statement, statements
from collegium.entailment.port import Chances
from collegium.entailment.table import TableEntailment
from collegium_schemas.evidence import Analysis
from report_worlds import evidence, passage

OLD = "By default the cluster restores leadership to the restored replicas."
NEW = "By default the cluster restores leadership to the preferred replicas."
SAME, NO, OPEN = Chances(0.97, 0.02, 0.01), Chances(0.01, 0.02, 0.97), Chances(0.1, 0.8, 0.1)
ASKED = "To which replicas does the cluster restore leadership by default?"


def _stated(text: str, document: str = "page.html") -> Statement:
    return statements(passage(text, document=document))[0]


def _table(one: str, other: str, there: Chances, back: Chances) -> TableEntailment:
    return TableEntailment({(one, other): there, (other, one): back})


@pytest.mark.parametrize(("there", "back"), [(OPEN, SAME), (SAME, OPEN), (OPEN, OPEN), (NO, NO)])
def test_other_words_from_which_the_first_do_not_follow_are_a_conflict(there: Chances, back: Chances) -> None:
    """One direction is enough; the conflict says what both speak of."""
    (found,) = SecondLook(_table(OLD, NEW, there, back)).counterparts([(_stated(OLD), _stated(NEW))])
    assert found is not None
    assert found.kind == "meaning"
    assert "leadership" in found.about


def test_a_new_wording_is_none() -> None:
    """Each follows from the other."""
    look = SecondLook(_table(OLD, NEW, SAME, SAME))
    assert look.counterparts([(_stated(OLD), _stated(NEW))]) == [None]


def test_what_is_only_added_is_none_unless_it_denies() -> None:
    """More of the same does not follow, and contradicts nothing."""
    more = "By default the cluster restores leadership to the restored replicas of every topic that lost it."
    pair = [(_stated(OLD), _stated(more))]
    assert SecondLook(_table(OLD, more, OPEN, SAME)).counterparts(pair) == [None]
    (denied,) = SecondLook(_table(OLD, more, NO, SAME)).counterparts(pair)
    assert denied is not None
    assert denied.confidence == NO.contradiction


def test_a_statement_is_set_against_one_that_says_clearly_more() -> None:
    """Whichever comes first; of two that say about as much, the first."""
    one, other, short = _stated(OLD), _stated(NEW), _stated("Leadership is restored.")
    look = SecondLook(TableEntailment({(OLD, short.text): NO, (OLD, NEW): OPEN, (NEW, OLD): NO}))
    found = [look.chance(*pair) for pair in ((one, short), (short, one), (one, other), (other, one))]
    assert found == [NO.contradiction, NO.contradiction, OPEN.contradiction, NO.contradiction]


def test_pairs_beyond_the_bound_are_not_asked() -> None:
    """The first ones are, in the order given."""
    look = SecondLook(_table(OLD, NEW, NO, NO))
    found = look.counterparts([(_stated(OLD), _stated(NEW))] * (MOST_PAIRS + 3))
    assert [conflict is not None for conflict in found] == [True] * MOST_PAIRS + [False] * 3


def test_what_the_model_would_not_see_whole_is_not_asked() -> None:
    """Half a sentence does not follow from the other's beginning."""
    tail = " and so on for every topic that the brokers of this cluster hold" * 5
    one, other = OLD.rstrip(".") + tail + ".", NEW.rstrip(".") + tail + "."
    look = SecondLook(_table(one, other, NO, NO))
    assert look.counterparts([(_stated(one), _stated(other))]) == [None]


def test_no_pairs_give_no_conflicts() -> None:
    """An analysis of one document asks nothing."""
    assert SecondLook(TableEntailment({})).counterparts([]) == []


def _analysis(model: TableEntailment | None, new: str = NEW, question: str = ASKED) -> Analysis:
    pages = [
        passage(OLD, document="kafka/2.8/ops.html", version="2.8"),
        passage(new, document="kafka/3.9/ops.html", version="3.9"),
    ]
    return examine([evidence(question, *pages)], None if model is None else SecondLook(model))


def test_an_analysis_lists_what_the_model_finds() -> None:
    """As a contradiction of its own kind, explained by versions; by rules alone it is a new wording."""
    assert _analysis(None).questions[0].contradictions == ()
    (found,) = _analysis(_table(OLD, NEW, OPEN, SAME)).questions[0].contradictions
    assert (found.kind, found.explained_by_version) == ("meaning", True)
    assert _analysis(_table(OLD, NEW, SAME, SAME)).questions[0].contradictions == ()


def test_what_the_rules_report_is_reported_once() -> None:
    """The model is asked about the rest."""
    new = "By default the cluster restores leadership to the ZooKeeper replicas."
    (found,) = _analysis(_table(OLD, new, NO, NO), new).questions[0].contradictions
    assert found.kind != "meaning"


def test_what_answers_little_is_not_asked() -> None:
    """A wording that changed beside what was asked tells its reader nothing."""
    model = _table(OLD, NEW, OPEN, SAME)
    assert _analysis(model, question="How does a cluster store consumer offsets?").questions[0].contradictions == ()
