"""What a node can be asked and told by those who hold it, however it got its addresses."""

from pathlib import Path

from collegium.embedded.errors import BrokerCrashed
from collegium.embedded.node import KafkaNode


class NodeHandle:
    """A node's process for others: all but how it is started and killed.

    Args:
        process: The node.
    """

    def __init__(self, process: KafkaNode) -> None:
        self._process = process

    @property
    def log_path(self) -> Path:
        """What the node's process says."""
        return self._process.log_path

    @property
    def pid(self) -> int:
        """The process id.

        Raises:
            BrokerError: it has not been started, or has been stopped.
        """
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives, paused or not."""
        return self._process.running

    async def stop(self) -> None:
        """Stop cleanly, which hands leaderships over first, or kill after the grace. Idempotent."""
        await self._process.stop()

    def pause(self) -> None:
        """Let it stand still (SIGSTOP): its sockets stay open and nothing answers."""
        self._process.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._process.resume()

    async def wait_crash(self) -> BrokerCrashed:
        """Wait until the process ends by itself; what happened."""
        return await self._process.wait_crash()
