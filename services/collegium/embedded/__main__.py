"""A detached stack: reads its options as JSON from standard input, prints its process id, and runs.

`operate.start_detached` starts it; people use `collegium up --detach`.
"""

import asyncio
import logging
import os
import sys
from typing import Final

from collegium.embedded.errors import EmbeddedError
from collegium.embedded.logs import open_log
from collegium.embedded.progress import SilentProgress
from collegium.embedded.stack import Stack, StackOptions, run_until_signal
from collegium.embedded.state import StackFiles, StackState
from collegium.embedded.topics import topic_creation
from collegium.log.errors import LogError

_MAX_OPTIONS_BYTES: Final = 1_000_000

logger = logging.getLogger("collegium.embedded")


def main() -> int:
    """Detach and run; the first process ends at once."""
    options = StackOptions.model_validate_json(sys.stdin.buffer.read(_MAX_OPTIONS_BYTES))
    log = open_log(StackFiles.of(options.data_dir).stack_log)
    detached = os.fork()
    if detached:
        sys.stdout.write(f"{detached}\n")
        return 0
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log.fileno(), stream.fileno())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return run(options)


def run(options: StackOptions) -> int:
    """Run until a signal; the exit status is 1 when something broke."""
    stack = Stack(options, prepare=topic_creation(options.specialists), progress=SilentProgress(), on_up=_say_up)
    try:
        asyncio.run(run_until_signal(stack))
    except (EmbeddedError, LogError) as error:
        logger.error("%s", error)  # noqa: TRY400 - the message says what happened and what to do
        return 1
    return 0


def _say_up(state: StackState) -> None:
    logger.info("up: Kafka at %s, %d processes", state.bootstrap, len(state.services))


if __name__ == "__main__":
    sys.exit(main())
