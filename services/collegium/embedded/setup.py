"""Getting Kafka ready on this machine: once with the network, from then on without."""

import asyncio
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from collegium.embedded.artifacts import JarLock, bundled_lock
from collegium.embedded.errors import BrokerError
from collegium.embedded.fetch import default_repository_url, fetch_jars, missing_jars, verify_jars
from collegium.embedded.files import locked
from collegium.embedded.kafka import EmbeddedKafka
from collegium.embedded.probe import until
from collegium.embedded.progress import SetupProgress
from collegium.embedded.runtime import KafkaRuntime, bundled_runtime, start_cache_name

_LOCK_WAIT_S: Final = 600.0
_TUNING: Final = "Kafka's start cache"
_TUNING_GRACE_S: Final = 120.0
_TUNING_TOPIC: Final = "tuning"
_TUNING_RECORDS: Final = 200
_CLIENT_TIMEOUT_S: Final = 30.0

logger = logging.getLogger(__name__)


def default_cache_dir() -> Path:
    """Where all clones and versions share what they fetched."""
    return Path.home() / ".cache" / "collegium"


async def prepare_kafka(
    cache_dir: Path,
    *,
    progress: SetupProgress,
    lock: JarLock | None = None,
    repository_url: str | None = None,
    tune: bool = True,
) -> KafkaRuntime:
    """Make sure that Kafka is on this machine, whole and unaltered; about 60 ms when it is.

    Args:
        cache_dir: Shared with every other user of the directory; safe to call from several processes at once.
        progress: Where bars show.
        lock: Other jars than this release's.
        repository_url: A mirror of Maven Central.
        tune: Record an ahead-of-time cache for the virtual machine once (7 s, 70 MB): every later start takes
            half the time. When recording fails the broker works without.

    Raises:
        ArtifactUnavailable: the network is needed and does not answer.
        ChecksumMismatch: a cached or fetched jar is not the pinned one.
        RuntimeMissing: there is no Java runtime package.
        CacheBusy: another process has been preparing the same directory for minutes.
    """
    lock = lock or bundled_lock()
    jars_directory = kafka_jars_directory(cache_dir)
    runtime = bundled_runtime(lock, jars_directory)
    start_cache = cache_dir / "kafka" / start_cache_name(lock)
    if missing_jars(lock, jars_directory) or (tune and not start_cache.exists()):
        async with locked(cache_dir / "kafka" / ".lock", timeout_s=_LOCK_WAIT_S):
            url = repository_url or default_repository_url()
            if await fetch_jars(lock, jars_directory, repository_url=url, progress=progress):
                start_cache.unlink(missing_ok=True)  # It is tied to the files' times.
            if tune and not start_cache.exists():
                await asyncio.to_thread(verify_jars, lock, jars_directory)
                await _record_start_cache(runtime, start_cache, progress)
    await asyncio.to_thread(verify_jars, lock, jars_directory)
    return runtime.with_start_cache(start_cache) if start_cache.exists() else runtime


def kafka_jars_directory(cache_dir: Path) -> Path:
    """Where a cache keeps Kafka's jars."""
    return cache_dir / "kafka" / "jars"


async def _record_start_cache(runtime: KafkaRuntime, target: Path, progress: SetupProgress) -> None:
    """Run a broker through what every start does, and keep what the virtual machine learned from it."""
    progress.begin(_TUNING)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tuning-") as directory:
        recorded = Path(directory) / target.name
        recording = runtime.recording_start_cache(recorded)
        broker = EmbeddedKafka(recording, Path(directory) / "data", stop_grace_s=_TUNING_GRACE_S)
        try:
            async with broker:
                await _exercise(broker.bootstrap)
        except (BrokerError, KafkaError, TimeoutError) as error:
            logger.warning("Kafka starts without its cache: %s", error)
        if recorded.exists():
            shutil.move(recorded, target)
    progress.end(_TUNING)


async def _exercise(bootstrap: str) -> None:
    """One topic, one transaction, one group: so that their code is in the cache as well."""
    async with asyncio.timeout(_CLIENT_TIMEOUT_S):
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(_TUNING_TOPIC, 4, 1, topic_configs={"cleanup.policy": "compact"})])
        # Asking creates the group's topic; a consumer would log the first answers as errors.
        await until(lambda: _has_coordinator(admin))
        await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=_TUNING_TOPIC)
        await producer.start()
        async with producer.transaction():
            for number in range(_TUNING_RECORDS):
                await producer.send(_TUNING_TOPIC, b"{}", key=b"%d" % number)
        await producer.stop()
        consumer = AIOKafkaConsumer(
            _TUNING_TOPIC,
            bootstrap_servers=bootstrap,
            group_id=_TUNING_TOPIC,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        for _ in range(_TUNING_RECORDS):
            await consumer.getone()
        await consumer.commit()
        await consumer.stop()


async def _has_coordinator(admin: AIOKafkaAdminClient) -> bool:
    try:
        await admin.find_coordinator(_TUNING_TOPIC)
    except GroupCoordinatorNotAvailableError:
        return False
    return True
