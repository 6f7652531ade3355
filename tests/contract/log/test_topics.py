"""Contract: creating and describing topics, and the check that services make before they start."""

from uuid import uuid4

import pytest

from collegium.log.errors import LogError, TopicMismatch
from collegium.log.port import MAX_RECORD_BYTES, Log, NewTopic
from collegium.log.topics import SIZE_LIMIT, TopicNames, check, required
from collegium_schemas.catalogue import CO_PARTITIONED
from contract.log.clusters import new_topic

ROLES = ("retrieval", "drafting")
LARGE = {SIZE_LIMIT: str(MAX_RECORD_BYTES)}


@pytest.fixture
def names() -> TopicNames:
    """Topics of the test's own."""
    return TopicNames(f"check-{uuid4().hex[:8]}.")


async def test_a_created_topic_is_described(log: Log) -> None:
    """With its partitions and what was configured."""
    topic = await new_topic(log, 3, cleanup_policy="compact")
    described = await log.describe([topic, f"{topic}-absent"])
    assert list(described) == [topic]
    assert (described[topic].name, described[topic].partitions) == (topic, 3)
    assert described[topic].configuration["cleanup.policy"] == "compact"
    assert await log.describe([]) == {}


async def test_an_existing_topic_is_left_as_it_is(log: Log) -> None:
    """Creating again, with other numbers, changes nothing and is no error."""
    topic = await new_topic(log, 2)
    await log.create([NewTopic(topic, 5, {"cleanup.policy": "compact"})])
    described = await log.describe([topic])
    assert described[topic].partitions == 2
    assert described[topic].configuration["cleanup.policy"] == "delete"


async def test_an_impossible_topic_is_told_by_name(log: Log) -> None:
    """The error names the topic."""
    with pytest.raises(LogError, match="impossible"):
        await log.create([NewTopic("impossible", 0, {})])


async def test_what_is_required_passes_the_check(log: Log, names: TopicNames) -> None:
    """The check returns the common partition count."""
    await log.create(required(names, ROLES, 3))
    assert await check(log, names, ROLES) == 3


async def test_the_check_names_every_missing_topic(log: Log, names: TopicNames) -> None:
    """Also when co-partitioned topics are among them, or nothing exists at all."""
    with pytest.raises(TopicMismatch) as caught:
        await check(log, names, ROLES)
    assert len(caught.value.problems) == len(required(names, ROLES, 1))
    absent = {names("results"), names.tasks("drafting")}
    await log.create([topic for topic in required(names, ROLES, 2) if topic.name not in absent])
    with pytest.raises(TopicMismatch) as caught:
        await check(log, names, ROLES)
    assert {name for name in absent if any(name in problem for problem in caught.value.problems)} == absent
    assert len(caught.value.problems) == 2


async def test_the_check_refuses_co_partitioned_topics_with_different_counts(log: Log, names: TopicNames) -> None:
    """One problem lists all counts and says how to mend it."""
    odd = names(CO_PARTITIONED[-1])
    await log.create([NewTopic(odd, 5, LARGE)])
    await log.create(required(names, ROLES, 2))
    with pytest.raises(TopicMismatch) as caught:
        await check(log, names, ROLES)
    [problem] = caught.value.problems
    assert f"{odd}=5" in problem
    assert f"{names('objectives')}=2" in problem
    assert "recreate" in problem


async def test_a_role_may_have_any_number_of_partitions(log: Log, names: TopicNames) -> None:
    """A task topic's partitions are that role's scale, and no one else's business."""
    await log.create([NewTopic(names.tasks("retrieval"), 13, LARGE)])
    await log.create(required(names, ROLES, 2))
    assert await check(log, names, ROLES) == 2


async def test_the_check_refuses_a_topic_whose_records_must_be_small(log: Log, names: TopicNames) -> None:
    """A record that its topic does not take would be tried for ever; the problem holds the command that mends it."""
    await log.create([NewTopic(names("dead-letters"), 1, {SIZE_LIMIT: "1000000"})])
    await log.create(required(names, ROLES, 2))
    with pytest.raises(
        TopicMismatch, match=f"at most 1000000 bytes.*kafka-configs.sh.*{SIZE_LIMIT}={MAX_RECORD_BYTES}"
    ):
        await check(log, names, ROLES)
