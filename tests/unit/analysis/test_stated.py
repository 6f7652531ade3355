"""Defaults in prose, and how many there are of something."""

import pytest

from collegium.analysis.comparing import BY_RULES, READ_AS_TRUE
from collegium.analysis.examine import examine
from collegium.analysis.maturity import switch
from collegium.analysis.stated import counted, stated_default
from collegium.analysis.statements import statements
from collegium_schemas.evidence import Passage
from report_worlds import evidence, passage


def _page(text: str, version: str, heading: str = "Text", name: str = "page") -> Passage:
    return passage(text, document=f"kafka/{version}/{name}.html", version=version, heading=heading)


def _told(question: str, *pages: Passage) -> list[tuple[str, str]]:
    return [(c.kind, c.about) for c in examine([evidence(question, *pages)]).questions[0].contradictions]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("refresh.interval.seconds: how often groups are looked for (default: 6000, very often)", "6000"),
        ("The default value of refresh.interval.seconds was increased from 10s to 45s.", "45s"),
        ("The default value for refresh.interval.seconds is now 30 seconds here.", "30 seconds"),
        ("The refresh.interval.seconds setting defaults to 1,000.", "1,000"),
        ("The refresh.interval.seconds setting defaults to 5 min in all.", "5 min"),
        ("The refresh.interval.seconds setting defaults to 10% of it.", "10%"),
        ("The refresh.interval.seconds setting defaults to 3 fortnights.", None),
        ("The refresh.interval.seconds setting defaults to 64k of it.", None),
        ("The refresh.interval.seconds setting defaults to 10-20 in all.", None),
        ("The refresh.interval.seconds setting defaults to 1 hour 30 minutes.", None),
        ("The refresh.interval.seconds setting no longer defaults to 3.", None),
        ("The refresh.interval.seconds setting does not default to 3.", None),
        ("The refresh.interval.seconds setting doesn't default to 3.", None),
        ("The refresh.interval.seconds setting used to default to 3.", None),
        ("The default of refresh.interval.seconds was previously set to 3.", None),
        ("Before this release the refresh.interval.seconds setting defaults to 3.", None),
        ("The refresh.interval.seconds setting defaults to 3 in older versions.", None),
        ("The refresh.interval.seconds setting defaults to 4, previously to 3.", "4"),
        ("If refresh.interval.seconds is not set, the default is 4.", "4"),
        ("By setting refresh.interval.seconds to 20 groups are refreshed often.", None),
        ("The default of refresh.interval.seconds was lowered to 10 s, that of other.ms was set to 7.", "10 s"),
        ("The other.ms default, above refresh.interval.seconds, was increased to 45 s.", None),
        ("The default of refresh.interval.seconds is 0 if other.ms is off.", None),
        ("The default of refresh.interval.seconds and of other.interval.seconds is 7 here.", None),
    ],
)
def test_defaults_in_prose(text: str, value: str | None) -> None:
    """Of the one setting that a sentence names, or that its clause does: what is stated, or what it was changed to.

    Not a value that is not understood to its end, is denied, or is that of an earlier release.
    """
    [statement] = statements(_page(text, "2.8"))
    found = stated_default(statement)
    assert (found and (found.name, found.value)) == (value and ("refresh.interval.seconds", value))


@pytest.mark.parametrize(
    "named",
    ["e.g", "i.e", "server.properties", "kafka.apache.org", "start.sh", "pom.xml", "app.yml", "cleaner.log", "www.a.b"],
)
def test_what_is_spelt_like_a_setting_and_is_none(named: str) -> None:
    """Files, hosts and abbreviations have no default, and do not hide the setting beside them."""
    [alone] = statements(_page(f"The brokers ({named}) use a size that defaults to 5.", "2.8"))
    [beside] = statements(_page(f"For brokers ({named}) the setting refresh.interval.seconds defaults to 5.", "2.8"))
    found = stated_default(beside)
    assert stated_default(alone) is None
    assert found is not None
    assert found.name == "refresh.interval.seconds"


def test_a_default_in_prose_contradicts_a_row_of_the_reference() -> None:
    """Of another document; the same amount in another unit is the same."""
    row = _page("How often.\n\nDefault: 600", "3.9", "Settings > refresh.interval.seconds", "reference")
    question = "What is the default of refresh.interval.seconds?"
    prose = "The refresh.interval.seconds say how often groups are refreshed (default: {})."
    assert _told(question, row, _page(prose.format("6000"), "2.8")) == [
        ("number", "the default of refresh.interval.seconds")
    ]
    assert _told(question, row, _page(prose.format("10 minutes"), "2.8")) == []


@pytest.mark.parametrize(
    ("name", "row", "prose"),
    [
        ("batch.size", "1000", "1,000"),
        ("batch.size.bytes", "16384", "16 kilobytes"),
        ("batch.max.ms", "300000", "5 min"),
        ("batch.max.ms", "7 days", "1 week"),
        ("batch.max.hours", "168", "1 week"),
        ("batch.share", "0.1", "10%"),
    ],
)
def test_one_amount_in_two_units_is_one_default(name: str, row: str, prose: str) -> None:
    """Nor is a conflict told where the units cannot be compared."""
    table = _page(f"How it is batched.\n\nDefault: {row}", "3.9", f"Settings > {name}", "reference")
    said = _page(f"The {name} setting says how it is batched (default: {prose}).", "2.8")
    assert _told(f"What is the default of {name}?", table, said) == []


def test_a_name_of_several_settings_is_compared_with_none_of_them() -> None:
    """Where another row agrees with the prose, the prose speaks of that one."""
    rows = [
        _page(f"How long to wait.\n\nDefault: {value}", "3.9", f"{name} settings > request.timeout.ms", name)
        for name, value in (("producer", "30000"), ("streams", "40000"))
    ]
    prose = _page(
        "The default value of request.timeout.ms has been changed to 30 seconds.", "3.9", "Changes", "upgrade"
    )
    assert _told("What is the default of request.timeout.ms?", *rows, prose) == []


def test_what_is_counted_differently_in_two_versions_is_disclosed() -> None:
    """Whatever else the sentences say; but only of what the question asks about."""
    old = _page("Kafka has four core APIs: the producer and others.", "0.11.0")
    new = _page(
        "In addition to tools for management and administration, Kafka has five core APIs for Java.", "3.9", "New"
    )
    assert _told("How many core APIs does Kafka have?", old, new) == [("number", "core api")]
    assert _told("Which tools for management does Kafka have?", old, new) == []


@pytest.mark.parametrize(
    ("question", "old", "new"),
    [
        (
            "How many core APIs does Kafka have?",
            "Kafka has four core APIs for all.",
            "Kafka has five core APIs for Java:",
        ),
        (
            "Is the admin endpoint on?",
            "The admin endpoint is enabled by default.",
            "The admin endpoint is now disabled.",
        ),
        ("Is the old console supported?", "The old console starts a shell.", "The old console was removed from Kafka."),
        (
            "What is the default of refresh.interval.seconds?",
            "The refresh.interval.seconds say how often groups are refreshed (default: 6000).",
            "The default value of refresh.interval.seconds was increased to 45s.",
        ),
    ],
)
def test_what_needs_no_likeness_of_wording_is_less_sure(question: str, old: str, new: str) -> None:
    """It has the measured chance of its own kinds, not that of sentences that are nearly the same."""
    pages = (_page(old, "2.8", "One", "one"), _page(new, "3.9", "Two", "two"))
    [found] = examine([evidence(question, *pages)]).questions[0].contradictions
    assert found.confidence == READ_AS_TRUE < BY_RULES


def test_two_words_behind_a_number_are_what_is_counted() -> None:
    """Not behind a measure of time, nor where a number stands alone."""
    [one] = statements(_page("All five config values are assigned by the tool.", "3.9"))
    assert list(counted(one)) == [(5, ("config", "valu"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The endpoint is enabled by default.", 1),
        ("The endpoint is now disabled.", -1),
        ("The property of the endpoint is now set to false.", -1),
        ("With the watch set to true the queue is read.", 0),
        ("When compression is enabled on the broker the batches grow.", 0),
        ("The batches grow once compression is enabled.", 0),
        ("If client authentication is disabled, anyone may connect.", 0),
        ("Unless it is switched off, the log grows.", 0),
        ("Check whether the endpoint is enabled.", 0),
        ("The endpoint can be disabled.", 0),
        ("The endpoint is not enabled by default.", 0),
        ("The endpoint is enabled by default, it can be disabled.", 1),
        ("The endpoint is disabled by default. When it is enabled, anyone may connect.", -1),
        ("The endpoint is disabled by default and can be enabled by a property.", -1),
        ("A bug kept the endpoint from its default: it remained disabled unless somebody enabled it.", -1),
        ("The endpoint is enabled by default if no other setting conflicts.", 1),
        ("The endpoint is enabled if no other setting conflicts.", 0),
    ],
)
def test_switches(text: str, expected: int) -> None:
    """On, off, or neither: a condition or a possibility says nothing of what is so."""
    assert switch(text) == expected


def test_on_in_one_place_and_off_in_another_is_disclosed() -> None:
    """Of one thing: both words of it must stand in both sentences."""
    question = "Is the admin endpoint on by default?"
    on = _page("The admin endpoint is enabled by default on port 8080.", "master", "One", "one")
    off = _page("In this release the admin endpoint is disabled by default.", "master", "Two", "two")
    when = _page("When the admin endpoint is disabled by default, restart it.", "master", "Two", "two")
    other = _page("In this release the audit endpoint is disabled by default.", "master", "Two", "two")
    assert _told(question, on, off) == [("value", "admin endpoint")]
    assert _told(question, on, other) == []
    assert _told(question, on, when) == []
