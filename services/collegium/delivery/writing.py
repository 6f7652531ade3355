"""Files that appear all at once or not at all, and exactly once per effect.

A report is written into a hidden directory beside its place, flushed to the disk, and renamed: on POSIX, renaming a
directory onto one that is not empty fails, so of two attempts one wins and the other finds the winner's files.

A report that is withdrawn leaves its receipt, which says so: whoever delivers it late is refused.
"""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collegium.delivery.errors import AlreadyDelivered, FilesystemTrouble
from collegium_schemas.base import Contract, Identifier, Sha256

_RUN_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RECEIPT: Final = "delivery.json"
_MOST_TURNS: Final = 8
"""How often a withdrawal meets a delivery that is faster, at most."""


class Receipt(Contract):
    """What was delivered under which key; it lies beside the files."""

    effect_key: Identifier
    sha256: dict[Identifier, Sha256]
    """Of each file, by name."""
    withdrawn_by: Identifier | None = None
    """The key of the effect that took the files back; none of them is there then."""


@dataclass(frozen=True, slots=True)
class ReportStore:
    """The directory `reports/` of a data directory, one directory per run in it."""

    root: Path

    def deliver(self, run_id: str, effect_key: str, files: Mapping[str, bytes]) -> Path:
        """Write a run's files, once.

        Delivering the same key and content again changes nothing, whatever was interrupted before.

        Args:
            run_id: a canonical UUID, which names the directory.
            effect_key: identifies the effect, whichever attempt it is.
            files: content by plain file name.

        Returns:
            The directory that holds them.

        Raises:
            ValueError: the run_id or a file name could lead out of the directory.
            AlreadyDelivered: the run has a report with another key or other content.
            FilesystemTrouble: the files could not be written; none of them is visible.
        """
        place = self.place(run_id)
        if any(name != Path(name).name or name.startswith(".") or name == _RECEIPT for name in files):
            raise ValueError(f"not plain file names: {sorted(files)}")
        receipt = Receipt(effect_key=effect_key, sha256={name: _sha256(files[name]) for name in sorted(files)})
        try:
            if not place.exists():
                self._publish(place, {**files, _RECEIPT: receipt.to_json()})
            _compare(place, receipt)
            self._sweep(run_id)
        except OSError as error:
            raise FilesystemTrouble(str(place), error) from error
        return place

    def withdraw(self, run_id: str, effect_key: str, withdrawn_by: str) -> Path:
        """Take a run's files back, or see to it that they never appear.

        Repeating it changes nothing. A place that belongs to another effect stays as it is.

        Args:
            run_id: a canonical UUID, which names the directory.
            effect_key: the effect to undo.
            withdrawn_by: the effect that undoes it.

        Returns:
            The directory, which holds a receipt alone.

        Raises:
            ValueError: the run_id could lead out of the directory.
            FilesystemTrouble: the files could not be removed.
        """
        place = self.place(run_id)
        marker = Receipt(effect_key=effect_key, sha256={}, withdrawn_by=withdrawn_by)
        try:
            for _ in range(_MOST_TURNS):
                found = self.receipt(run_id)
                if found is not None and (found.effect_key != effect_key or found.withdrawn_by is not None):
                    break
                if found is not None:
                    place.rename(self._hidden(run_id))
                self._publish(place, {_RECEIPT: marker.to_json()})
            else:
                raise FilesystemTrouble(str(place), OSError(f"delivered again {_MOST_TURNS} times meanwhile"))
            self._sweep(run_id)
        except OSError as error:
            raise FilesystemTrouble(str(place), error) from error
        return place

    def receipt(self, run_id: str) -> Receipt | None:
        """What was delivered or withdrawn at a run's place; None when it is free.

        Raises:
            OSError: it cannot be read, or something else lies there.
        """
        path = self.place(run_id) / _RECEIPT
        try:
            return Receipt.read(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise OSError(f"{path} is no receipt") from error

    def place(self, run_id: str) -> Path:
        """The directory of a run's files.

        Raises:
            ValueError: the run_id could lead out of the directory.
        """
        if not _RUN_ID.fullmatch(run_id):
            raise ValueError(f"not a canonical run_id: {run_id!r}")
        return self.root / run_id

    def _hidden(self, run_id: str) -> Path:
        return self.root / f".{run_id}.{secrets.token_hex(8)}"

    def _publish(self, place: Path, files: Mapping[str, bytes]) -> None:
        """Put a directory with the files at its place, unless another attempt does so meanwhile."""
        self.root.mkdir(parents=True, exist_ok=True)
        staging = self._hidden(place.name)
        try:
            _write_all(staging, files)
            staging.rename(place)
            _sync_directory(self.root)
        except OSError:
            # Another attempt was faster, and may have swept our staging directory: the caller compares its files.
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _sweep(self, run_id: str) -> None:
        """Remove what attempts that were killed have left; the report itself stands already."""
        for left in self.root.glob(f".{run_id}.*"):
            shutil.rmtree(left, ignore_errors=True)


def _write_all(directory: Path, files: Mapping[str, bytes]) -> None:
    """A new directory with the files in it, flushed to the disk."""
    directory.mkdir()
    for name, content in files.items():
        with (directory / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    _sync_directory(directory)


def _compare(place: Path, receipt: Receipt) -> None:
    """Check that what lies there is this delivery, byte for byte."""
    try:
        found = Receipt.read((place / _RECEIPT).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise AlreadyDelivered(str(place), receipt.effect_key, "has no receipt of a delivery") from error
    if found.effect_key != receipt.effect_key:
        raise AlreadyDelivered(str(place), receipt.effect_key, f"belongs to {found.effect_key}")
    if found.withdrawn_by is not None:
        raise AlreadyDelivered(str(place), receipt.effect_key, "was withdrawn since")
    for name, sha256 in receipt.sha256.items():
        path = place / name
        if not path.is_file() or _sha256(path.read_bytes()) != sha256:
            raise AlreadyDelivered(str(place), receipt.effect_key, f"its {name} has other content")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
