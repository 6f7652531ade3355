"""Where Kafka is, and how it is told to aiokafka."""

import pytest
from aiokafka import errors as kafka_errors
from pydantic import SecretStr, ValidationError

from collegium.log.errors import LogError, LogUnavailable, RecordTooLarge, TopicMismatch
from collegium.log.kafka.connection import connection
from collegium.log.settings import KafkaSettings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each field is a variable."""
    monkeypatch.setenv("COLLEGIUM_KAFKA_BOOTSTRAP", "one:9092,two:9092")
    monkeypatch.setenv("COLLEGIUM_KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    monkeypatch.setenv("COLLEGIUM_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
    monkeypatch.setenv("COLLEGIUM_KAFKA_SASL_USERNAME", "collegium")
    monkeypatch.setenv("COLLEGIUM_KAFKA_SASL_PASSWORD", "hidden")
    monkeypatch.setenv("COLLEGIUM_KAFKA_TOPIC_PREFIX", "acme.")
    settings = KafkaSettings()
    assert settings.topic_prefix == "acme."
    arguments = connection(settings, "orchestrator").arguments
    assert arguments["bootstrap_servers"] == "one:9092,two:9092"
    assert arguments["client_id"] == "orchestrator"
    assert arguments["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (arguments["sasl_plain_username"], arguments["sasl_plain_password"]) == ("collegium", "hidden")
    assert arguments["ssl_context"] is None


def test_a_password_is_never_shown() -> None:
    """Neither in the settings' text nor in the connection's."""
    settings = KafkaSettings(
        security_protocol="SASL_PLAINTEXT", sasl_username="u", sasl_password=SecretStr("very-secret")
    )
    assert "very-secret" not in repr(settings)
    assert "very-secret" not in repr(connection(settings, "c"))


def test_tls_without_a_file_trusts_the_system() -> None:
    """And checks the host name."""
    context = connection(KafkaSettings(security_protocol="SSL"), "c").arguments["ssl_context"]
    assert context is not None
    assert context.check_hostname


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"security_protocol": "SASL_SSL"}, "sasl_username"),
        ({"security_protocol": "sasl"}, "PLAINTEXT"),
        ({"ssl_keyfile": "key.pem"}, "ssl_certfile"),
        ({"session_timeout_ms": 1_000, "heartbeat_interval_ms": 900}, "half"),
        ({"topic_prefix": "bad prefix"}, "topic_prefix"),
        ({"request_timeout_ms": 0}, "request_timeout_ms"),
        ({"bootstrp": "typo:9092"}, "bootstrp"),
    ],
)
def test_impossible_settings_are_refused(fields: dict[str, object], said: str) -> None:
    """With the name of what is wrong."""
    with pytest.raises(ValidationError, match=said):
        KafkaSettings.model_validate(fields)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (kafka_errors.MessageSizeTooLargeError(), RecordTooLarge),
        (kafka_errors.UnknownTopicOrPartitionError(), TopicMismatch),
        (kafka_errors.KafkaTimeoutError(), LogUnavailable),
        (kafka_errors.NodeNotReadyError(), LogUnavailable),
        (kafka_errors.TopicAuthorizationFailedError(), LogError),
    ],
)
def test_errors_are_told_in_the_words_of_the_port(error: kafka_errors.KafkaError, told: type[LogError]) -> None:
    """By what the caller can do about them."""
    assert type(connection(KafkaSettings(), "c").told(error, "work")) is told


def test_an_unreachable_broker_is_told_with_what_to_check() -> None:
    """Where we looked, and which settings decide it."""
    error = connection(KafkaSettings(bootstrap="nowhere:1"), "c").unavailable("connect", 5_000)
    for word in ("nowhere:1", "5 s", "COLLEGIUM_KAFKA_BOOTSTRAP", "COLLEGIUM_KAFKA_SECURITY_PROTOCOL"):
        assert word in str(error)
