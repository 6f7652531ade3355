"""Runs a stack without a broker in a process of its own: `python stack_process.py DATA_DIR ROLE=N...`."""

import asyncio
import sys
from pathlib import Path

from collegium.embedded.progress import SilentProgress
from collegium.embedded.stack import Stack, StackOptions, run_until_signal

SERVICE = str(Path(__file__).parents[2] / "probed_service.py")


async def _nothing_to_prepare(_: str) -> None:
    """There is no broker to create topics on."""


def main() -> None:
    """Run until a signal."""
    data_dir, *numbers = sys.argv[1:]
    instances = {role: int(number) for role, _, number in (item.partition("=") for item in numbers)}
    commands = {role: (sys.executable, SERVICE) for role in instances}
    options = StackOptions(
        data_dir=Path(data_dir), instances=instances, commands=commands, bootstrap="127.0.0.1:1", stop_grace_s=20
    )
    stack = Stack(
        options,
        prepare=_nothing_to_prepare,
        progress=SilentProgress(),
        on_up=lambda state: print(state.model_dump_json(), flush=True),  # noqa: T201 - the test reads it
    )
    asyncio.run(run_until_signal(stack))


if __name__ == "__main__":
    main()
