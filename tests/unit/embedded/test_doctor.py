"""What the doctor says about a machine."""

import socket
from pathlib import Path

from collegium.embedded.artifacts import Jar, JarLock, bundled_lock
from collegium.embedded.doctor import (
    Level,
    Subject,
    check_data_dir,
    check_jaeger,
    check_jars,
    check_kafka,
    check_ports,
    check_variables,
    examine,
)
from collegium.embedded.ports import free_port
from collegium.embedded.setup import kafka_jars_directory

OFFLINE = f"http://127.0.0.1:{free_port()}"


def _subject(tmp_path: Path, **changes: object) -> Subject:
    return Subject(**{"data_dir": tmp_path / "data", "cache_dir": tmp_path / "cache", **changes})  # type: ignore[arg-type]


async def test_every_problem_comes_with_its_meaning_and_its_remedy(tmp_path: Path) -> None:
    """Whatever this machine lacks: nobody is left with a bare `missing`."""
    subject = _subject(tmp_path, repository_url=OFFLINE, kafka_bootstrap=f"127.0.0.1:{free_port()}")
    checks = await examine(subject)
    assert len({check.name for check in checks}) == len(checks)
    for check in checks:
        assert check.found
        assert (check.level is Level.OK) == (not check.remedy)
        assert (check.level is Level.OK) == (not check.meaning)


async def test_another_kafka_needs_neither_java_nor_jars(tmp_path: Path) -> None:
    """With a bootstrap address the embedded broker's needs are not asked for."""
    subject = _subject(tmp_path, kafka_bootstrap=f"127.0.0.1:{free_port()}")
    names = {check.name for check in await examine(subject)}
    assert "broker" in names
    assert not {"java runtime", "kafka", "ports"} & names


async def test_missing_jars_without_a_network_are_a_failure(tmp_path: Path) -> None:
    """The first start would fail: say so before, with the mirror's setting."""
    check = await check_jars(_subject(tmp_path, repository_url=OFFLINE), bundled_lock())
    assert check.level is Level.FAIL
    assert "COLLEGIUM_MAVEN_URL" in check.remedy


async def test_a_tampered_jar_is_a_failure(tmp_path: Path) -> None:
    """The remedy names the file to delete."""
    jar = Jar("org.example", "thing", "1", "a" * 64, 3)
    path = kafka_jars_directory(tmp_path / "cache") / jar.file_name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"bad")
    check = await check_jars(_subject(tmp_path), JarLock((), (jar,)))
    assert (check.level, check.remedy) == (Level.FAIL, f"rm {path}")


async def test_a_kafka_that_does_not_answer_is_a_failure(tmp_path: Path) -> None:
    """The address that was tried is named."""
    bootstrap = f"127.0.0.1:{free_port()}"
    check = await check_kafka(_subject(tmp_path, kafka_bootstrap=bootstrap))
    assert check.level is Level.FAIL
    assert bootstrap in check.found


def test_a_taken_port_is_a_warning() -> None:
    """The broker takes another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert check_ports(taken.getsockname()[1]).level is Level.WARN


def test_a_data_directory_below_a_file_is_a_failure(tmp_path: Path) -> None:
    """Nothing could be kept there; one that does not exist yet is fine."""
    (tmp_path / "file").touch()
    assert check_data_dir(tmp_path / "file" / "data").level is Level.FAIL
    assert check_data_dir(tmp_path / "new" / "data").level is Level.OK


def test_a_named_jaeger_that_is_missing_is_named(tmp_path: Path) -> None:
    """A typing error in the setting shows."""
    check = check_jaeger(_subject(tmp_path, jaeger_binary=tmp_path / "typo"))
    assert check.level is Level.WARN
    assert "typo" in check.found


def test_unknown_variables_are_told_with_the_nearest_name() -> None:
    """A misspelt variable has no effect, which nobody would notice otherwise."""
    known = frozenset({"COLLEGIUM_DATA_DIR", "COLLEGIUM_KAFKA_BOOTSTRAP"})
    check = check_variables(
        ("COLLEGIUM_KAFKA_BOOTSTRP", "COLLEGIUM_DATA_DIR", "COLLEGIUM_zzzzzzzzzzzzzzzzzzzzzz"), known
    )
    assert check.level is Level.WARN
    assert "COLLEGIUM_KAFKA_BOOTSTRP (did you mean COLLEGIUM_KAFKA_BOOTSTRAP?)" in check.found
    assert "COLLEGIUM_DATA_DIR" not in check.found
    assert check.remedy == "unset COLLEGIUM_KAFKA_BOOTSTRP COLLEGIUM_zzzzzzzzzzzzzzzzzzzzzz"


def test_known_variables_in_any_case_are_well() -> None:
    """Settings are read whatever the case of their names."""
    check = check_variables(("collegium_data_dir",), frozenset({"COLLEGIUM_DATA_DIR"}))
    assert check.level is Level.OK
