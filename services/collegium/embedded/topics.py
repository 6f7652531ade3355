"""Creating the topics that a stack needs, as soon as its broker answers."""

from collections.abc import Iterable

from collegium.embedded.stack import PrepareBroker
from collegium.ledger.topics import ledger_topics
from collegium.log.kafka import open_log
from collegium.log.settings import KafkaSettings
from collegium.log.topics import DEFAULT_CO_PARTITIONS, TopicNames, required


def topic_creation(specialists: Iterable[str], co_partitions: int = DEFAULT_CO_PARTITIONS) -> PrepareBroker:
    """Creates what is missing for these specialists; what exists is left as it is.

    Security settings and the topic prefix come from COLLEGIUM_KAFKA_*, as the services' do.
    """
    roles = tuple(specialists)

    async def create(bootstrap: str) -> None:
        settings = KafkaSettings(bootstrap=bootstrap)
        async with open_log(settings) as log:
            names = TopicNames(settings.topic_prefix)
            await log.create((*required(names, roles, co_partitions), *ledger_topics(names, co_partitions)))

    return create
