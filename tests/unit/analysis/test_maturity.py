"""How far a thing has come, and whether it is on or off, told of one text and of two."""

import pytest

from collegium.analysis.examine import examine
from collegium.analysis.maturity import only_on_condition, stage, switch
from collegium_schemas.evidence import Contradiction, Passage
from report_worlds import evidence, passage


def _page(text: str, version: str, heading: str) -> Passage:
    return passage(text, document=f"kafka/{version}/guide.html", version=version, heading=heading)


def _told(question: str, *passages: Passage) -> tuple[Contradiction, ...]:
    return examine([evidence(question, *passages)]).questions[0].contradictions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Scala consumer is deprecated, for details see the upgrade notes.", -1),
        ("The tool is experimental. For more information see the GA release notes.", -1),
        ("Please check the GA release notes. It is deprecated.", -1),
        ("For more information on the deprecated format see the notes.", 0),
        ("Please check the GA release notes of 3.9.0.", 0),
    ],
)
def test_where_a_reader_is_sent_says_nothing_and_what_stands_before_does(text: str, expected: int) -> None:
    """Only from the phrase to its sentence's end nothing is read."""
    assert stage(text) == expected


def test_a_page_that_adds_where_to_read_on_does_not_contradict_the_other() -> None:
    """Both versions say that it is deprecated."""
    old = _page("The Scala consumer is deprecated.", "2.8", "Guide > Consumer")
    new = _page("The Scala consumer is deprecated, for details see the upgrade notes.", "3.9", "Guide > Consumer")
    assert _told("Is the Scala consumer deprecated?", old, new) == ()


def test_a_page_that_sends_its_reader_on_still_contradicts_the_other() -> None:
    """Deprecated in one and recommended in the other, wherever one reads on."""
    new = _page("ZooKeeper mode of the broker is deprecated, for more information see the KRaft guide.", "3.9", "A > X")
    old = _page("ZooKeeper mode of the broker is recommended for production.", "2.8", "A > Y")
    assert [one.kind for one in _told("Is ZooKeeper mode of the broker supported?", new, old)] == ["value"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Java 11 is faster, so it is highly recommended.", 1),
        ("Running it on a laptop is strongly recommended against.", 0),
        ("It is strongly recommended not to share a disk.", 0),
        ("Two nodes are not highly recommended.", -1),
    ],
)
def test_what_is_warmly_recommended_is_ready(text: str, expected: int) -> None:
    """Not what is recommended against."""
    assert stage(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cache may be enabled and be disabled at run time.", 0),
        ("The cache can be turned on, and disabled by default later.", 0),
        ("The cache can be turned on and is turned off by default.", -1),
        ("The log may be slow, the cache is disabled.", -1),
    ],
)
def test_a_possibility_goes_on_over_and_up_to_the_next_verb(text: str, expected: int) -> None:
    """What shares the verb of a possibility is one, too."""
    assert switch(text) == expected


def test_two_defaults_on_two_conditions_do_not_contradict() -> None:
    """Each holds where the other's condition does not."""
    on = _page("Compression in the client is enabled by default when the broker is 3.0 or newer.", "3.9", "G > A")
    off = _page("Compression in the client is disabled by default when the broker is older than 3.0.", "3.9", "G > B")
    off = off.model_copy(update={"document_id": "kafka/3.9/other.html", "passage_id": "other"})
    assert only_on_condition(on.text)
    assert only_on_condition(off.text)
    assert _told("Is compression enabled by default in the client?", on, off) == ()


def test_a_default_on_a_condition_contradicts_a_plain_one() -> None:
    """One of the two says so without any condition."""
    on = _page("Compression in the client is enabled by default when the broker is 3.0 or newer.", "3.9", "G > A")
    off = _page("Compression in the client is disabled by default.", "2.8", "G > B")
    assert not only_on_condition(off.text)
    assert len(_told("Is compression enabled by default in the client?", on, off)) == 1


@pytest.mark.parametrize(
    ("text", "told", "bound"),
    [
        ("The default of audit when nobody is signed in is now set to false.", -1, True),
        ("- The default value for audit is now set to true.", 1, False),
        ("The default of audit when nobody is signed in may be now set to false.", 0, False),
        ("The default of audit when signing in is now set to false.", 0, False),
        ("The default of audit is 5 if signing in is enabled.", 0, False),
        ("The default of audit is now set to true unless signing in is disabled.", 1, False),
        ("When nobody is signed in, audit is now set to false.", 0, False),
    ],
)
def test_a_condition_may_stand_before_the_default_that_it_binds(text: str, told: int, *, bound: bool) -> None:
    """What is said of a default is so where nobody changes it, on its condition."""
    assert switch(text) == told
    assert only_on_condition(text) == bound
