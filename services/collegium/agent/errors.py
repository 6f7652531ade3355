"""What can go wrong in the runtime itself, by what the caller can do. What goes wrong in an attempt is an outcome.

AgentError
├── LogGone           wait for Kafka: end the process, so that its supervisor starts it again
├── ToolThreadsGone   end the process: every tool thread is held by a call that outlived its time-out
└── ToolRefused       a defect of the specialist: the tool is unknown, not permitted, or was given twice
"""


class AgentError(Exception):
    """Root of everything that the runtime raises."""


class LogGone(AgentError):
    """The log could not be reached for longer than the bound. Uncommitted tasks are redelivered, nothing is lost."""

    def __init__(self, doing: str, waited_ms: int, cause: Exception) -> None:
        super().__init__(
            f"gave up {doing} after {waited_ms} ms without Kafka ({cause}): check the broker and "
            "COLLEGIUM_KAFKA_BOOTSTRAP; unfinished tasks are redelivered after a restart"
        )
        self.doing = doing
        self.waited_ms = waited_ms


class ToolThreadsGone(AgentError):
    """No thread is left to run a tool in."""

    def __init__(self, threads: int) -> None:
        super().__init__(f"all {threads} tool threads are held by calls that outlived their time-outs: restart")
        self.threads = threads


class ToolRefused(AgentError):
    """The toolbox does not hold this tool for this role."""

    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(f"tool {tool}: {reason}")
        self.tool = tool
        self.reason = reason
