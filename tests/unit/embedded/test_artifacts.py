"""The list of pinned jars."""

from pathlib import Path

import pytest

from collegium.embedded import lock as locking
from collegium.embedded.artifacts import Jar, JarLock, bundled_lock, parse_lock, render_lock, verify
from collegium.embedded.errors import ChecksumMismatch, LockFileInvalid

JAR = Jar("org.example", "thing", "1.2", "a" * 64, 10)
ENTRY = f'coordinate = "org.example:thing:1.2"\nsha256 = "{"a" * 64}"\nsize_bytes = 10\n'


def test_a_rendered_lock_is_read_back() -> None:
    """Writing and reading are inverse."""
    lock = JarLock(("org.example:thing:1.2",), (JAR,))
    assert parse_lock(render_lock(lock)) == lock


def test_the_bundled_lock_pins_what_the_lock_command_asks_for() -> None:
    """A version changed in lock.py without running it shows here."""
    lock = bundled_lock()
    assert lock.requested == locking.REQUESTED
    assert set(locking.REQUESTED) <= {jar.coordinate for jar in lock.jars}


def test_all_of_kafka_has_one_version() -> None:
    """A managed version of another POM must not slip an old client library beside the broker."""
    versions = {jar.version for jar in bundled_lock().jars if jar.group == "org.apache.kafka"}
    assert versions == {locking.KAFKA}


def test_the_bundled_lock_is_as_the_command_writes_it() -> None:
    """Nobody has edited it by hand: its text is what rendering gives."""
    text = Path(locking.__file__).with_name("jars.lock").read_text("utf-8")
    assert render_lock(parse_lock(text)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("requested = [", "end of document"),
        ("requested = []\n", "at least one"),
        (f"requested = []\n[[jar]]\n{ENTRY.replace('thing', '../thing')}", "group:artifact:version"),
        (f"requested = []\n[[jar]]\n{ENTRY.replace('aaaa', 'AAAA')}", "sha256"),
        (f"requested = []\n[[jar]]\n{ENTRY.replace('10', '0')}", "size_bytes"),
        (f"requested = []\n[[jar]]\n{ENTRY}[[jar]]\n{ENTRY}", "pinned twice: thing-1.2.jar"),
    ],
)
def test_a_malformed_lock_is_refused_with_the_reason(text: str, reason: str) -> None:
    """What cannot be trusted is not used, and the error says why and what to do."""
    with pytest.raises(LockFileInvalid, match=r"python -m collegium\.embedded\.lock") as refused:
        parse_lock(text)
    assert reason in refused.value.reason


def test_a_tampered_jar_is_refused(tmp_path: Path) -> None:
    """One changed byte is enough."""
    path = tmp_path / JAR.file_name
    path.write_bytes(b"not what was pinned")
    with pytest.raises(ChecksumMismatch) as refused:
        verify(JAR, path)
    assert refused.value.path == path
    assert refused.value.expected == JAR.sha256


def test_the_repository_path_is_mavens_layout() -> None:
    """The group's dots become folders."""
    assert JAR.repository_path == "org/example/thing/1.2/thing-1.2.jar"
