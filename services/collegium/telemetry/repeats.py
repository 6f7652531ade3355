"""Libraries that say the same thing at every try are heard once in a while."""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

_MAX_MESSAGES: Final = 256
_OURS: Final = "collegium"


@dataclass(slots=True)
class _Said:
    at_s: float
    held_back: int = 0


class Repeats(logging.Filter):
    """Holds back what another library's logger has just said, word for word; how often is told with the next one.

    A Kafka client without a broker, for example, logs every refused connection: two lines a second. Our own loggers
    speak of a state once, and pass.

    Args:
        quiet_s: For how long the same message is held back.
    """

    def __init__(self, quiet_s: float = 30.0) -> None:
        super().__init__()
        self._quiet_s = quiet_s
        self._said: OrderedDict[tuple[str, str], _Said] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written; adds how many like it were not."""
        if record.name.partition(".")[0] == _OURS:
            return True
        message = record.getMessage()
        said = self._said.setdefault((record.name, message), _Said(record.created - self._quiet_s))
        if record.created - said.at_s < self._quiet_s:
            said.held_back += 1
            return False
        if said.held_back:
            record.msg, record.args = f"{message} (and {said.held_back} times more since)", ()
        said.at_s, said.held_back = record.created, 0
        self._said.move_to_end((record.name, message))
        if len(self._said) > _MAX_MESSAGES:
            self._said.popitem(last=False)
        return True
