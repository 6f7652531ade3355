"""The Log port on Apache Kafka, with aiokafka."""

import logging

from collegium.log.kafka.connection import connection
from collegium.log.kafka.log import KafkaLog
from collegium.log.settings import KafkaSettings

__all__ = ["KafkaLog", "open_log"]


def open_log(settings: KafkaSettings, *, client_id: str = "collegium") -> KafkaLog:
    """A log on the Kafka that the settings name; it connects at its first use.

    Args:
        settings: Where Kafka is, and how long things may take.
        client_id: What the broker's logs and quotas call this client; the service's name is a good one.
    """
    logging.getLogger("aiokafka").setLevel(logging.WARNING)  # it tells every rebalance step at INFO; we tell the result
    return KafkaLog(connection(settings, client_id))
