"""Commands that a sentence and its counterpart in another version lead to."""

import pytest

from collegium.analysis.examine import examine
from collegium_schemas.evidence import Claim, Contradiction
from report_worlds import evidence, passage

_LEAD = "You then need to restore leadership to the preferred replicas by running the command:"
_OLD = "    > bin/preferred-election.sh --server broker_host:port"
_NEW = "    $ bin/leader-election.sh --server localhost:9092 --type preferred"


def _found(
    old: str, new: str, *, lead: str = _LEAD, versions: tuple[str, str] = ("2.8", "3.9")
) -> list[tuple[Contradiction, str, str]]:
    pages = [
        passage(
            f"Leadership moves when a broker stops. {lead}\n\n{line}\n",
            document=f"docs/{version}/operations.html" if versions[0] != versions[1] else f"docs/{at}.html",
            version=version,
            heading="Operations > Balancing leadership",
        )
        for at, (line, version) in enumerate(zip((old, new), versions, strict=True))
    ]
    [asked] = examine([evidence("Which command restores leadership to the preferred replicas?", *pages)]).questions
    claims: dict[str, Claim] = {one.claim_id: one for one in asked.claims}
    return [(c, claims[c.first_claim_id].text, claims[c.second_claim_id].text) for c in asked.contradictions]


def test_another_program_below_the_same_lead_in_is_disclosed() -> None:
    """Both lines are claims, without their prompts; what they disagree on is what they are for."""
    [(between, *lines)] = _found(_OLD, _NEW)
    assert set(lines) == {_OLD.strip(" >"), _NEW.strip(" $")}
    assert "restore leadership" in between.about
    assert between.explained_by_version


@pytest.mark.parametrize(
    "new",
    [
        "    $ bin/preferred-election.sh --server localhost:9092",
        "    $ /opt/bin/preferred-election.sh --server other:9092 --verbose",
        "    Then wait for the leaders to move.",
        f"    bin/leader-election.sh {'--replica 1 ' * 60}",
    ],
)
def test_the_same_program_and_what_is_no_command_are_left(new: str) -> None:
    """Hosts, paths and options are each text's own choice here; prose and endless lines are no commands."""
    assert _found(_OLD, new) == []


def test_documents_of_one_version_and_sentences_that_lead_to_nothing_are_left() -> None:
    """Two pages of one version may show two ways."""
    assert _found(_OLD, _NEW, versions=("3.9", "3.9")) == []
    assert _found(_OLD, _NEW, lead=_LEAD.replace(":", ".")) == []
