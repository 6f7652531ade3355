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


@pytest.mark.parametrize(("entailment", "told"), [(0.2, True), (0.3, False)])
def test_what_follows_a_little_is_left(entailment: float, told: bool) -> None:  # noqa: FBT001 - a case
    """From a quarter on."""
    chances = Chances(entailment, 0.9 - entailment, 0.1)
    (found,) = SecondLook(_table(OLD, NEW, chances, SAME)).counterparts([(_stated(OLD), _stated(NEW))])
    assert (found is not None) == told


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The back-ground job removes the old log files.", "The background job removes the old log files."),
        ("Der Broker löscht die alten Dateien am Ende.", "Der Broker entfernt die alten Dateien am Ende."),
        ("Broker supprime partitions anciennes aussi vite.", "Broker efface partitions anciennes aussi vite."),
    ],
)
def test_hyphens_are_no_change_and_other_languages_are_not_asked(one: str, other: str) -> None:
    """The model reads English alone."""
    look = SecondLook(_table(one, other, OPEN, OPEN))
    assert look.counterparts([(_stated(one), _stated(other))]) == [None]


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
    """The model is asked about the rest: neither about what is told, nor about what repeats it elsewhere."""
    new = OLD.replace("restored replicas", "ZooKeeper replicas")
    model = _table(OLD, new, NO, NO)
    pages = [
        passage(text, document=f"kafka/{version}/{page}.html", version=version)
        for page in ("ops", "design", "api")
        for version, text in (("2.8", OLD), ("3.9", new))
    ]
    (found,) = examine([evidence(ASKED, *pages)], SecondLook(model)).questions[0].contradictions
    assert found.kind != "meaning"


def test_what_changed_alike_on_several_pages_is_told_once() -> None:
    """Between the same versions."""
    pages = [
        passage(text, document=f"kafka/{version}/{page}.html", version=version)
        for page in ("ops", "design", "api")
        for version, text in (("2.8", OLD), ("3.9", NEW))
    ]
    look = SecondLook(_table(OLD, NEW, OPEN, SAME))
    (found,) = examine([evidence(ASKED, *pages)], look).questions[0].contradictions
    assert found.kind == "meaning"


def test_what_answers_little_is_not_asked() -> None:
    """A wording that changed beside what was asked tells its reader nothing, though it may be reported by rules."""
    question = "To which replicas does the controller move leadership, and which request tells the brokers?"
    model = _table(OLD, NEW, OPEN, SAME)
    (asked,) = _analysis(model, question=question).questions
    assert asked.claims
    assert asked.contradictions == ()
