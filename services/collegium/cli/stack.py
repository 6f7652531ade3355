"""The stack that runs on this machine, as `collegium up` describes it in `<data>/stack.json`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

FILE_NAME: Final = "stack.json"


class StackService(BaseModel):
    """One process of the stack; fields that are not needed here are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: str
    pid: int | None = None
    port: int | None = None
    """Of its HTTP server."""


class _StackFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    bootstrap: str | None = None
    services: tuple[StackService, ...] = ()


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs: the broker's address, and the ledger's when there is one."""

    bootstrap: str | None
    services: tuple[StackService, ...]

    @property
    def ledger_url(self) -> str | None:
        """The address of the stack's ledger."""
        for service in self.services:
            if service.role == "ledger" and service.port:
                return f"http://127.0.0.1:{service.port}"
        return None


def read_stack(data_dir: Path) -> Stack | None:
    """The stack described in a data directory; None when there is none or its description is damaged."""
    try:
        found = _StackFile.model_validate(json.loads((data_dir / FILE_NAME).read_bytes()))
    except (OSError, ValueError, ValidationError):
        return None
    return Stack(found.bootstrap, found.services)
