"""Dead letters as the command line reads, judges and shows them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from collegium.cli.durations import age, clock, parse_ms
from collegium.cli.errors import NotFound, Refused, UsageFault
from collegium.cli.output import JsonValue
from collegium.cli.session import Session
from collegium.cli.tracing import jaeger_url
from collegium.log.errors import Fenced, OffsetLost, OutcomeUnknown, RecordTooLarge
from collegium.log.letter_desk import Entry, LetterDesk, LetterRefused, Page
from collegium.log.letters import Letter, LetterId
from collegium.log.port import Log
from collegium.log.topics import TopicNames
from collegium.telemetry.visible import visible

_REASON_WIDTH: Final = 100
_HEX_COLUMNS: Final = 16


@dataclass(frozen=True, slots=True)
class Question:
    """Which letters are wanted; what is empty or None is not asked."""

    topic: str = ""
    run: str = ""
    reason: str = ""
    since_ms: int | None = None

    def wants(self, names: TopicNames) -> Callable[[Letter], bool]:
        """The question as a function of a letter."""
        topics = {self.topic, names(self.topic)}
        said = self.reason.casefold()

        def wanted(letter: Letter) -> bool:
            return (
                (not self.topic or letter.topic in topics)
                and (not self.run or (letter.run_id or "").startswith(self.run))
                and (not said or said in f"{letter.error_class} {letter.reason}".casefold())
                and (self.since_ms is None or letter.at_ms >= self.since_ms)
            )

        return wanted


def parse_since(text: str, now_ms: int) -> int:
    """The point in time that `2h` (ago) or an RFC 3339 time means.

    Raises:
        UsageFault: it is neither.
    """
    try:
        return now_ms - parse_ms(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageFault(f"{text!r} is no point in time: write 2h, or a time such as 2030-01-31T18:00:00Z") from None
    if moment.tzinfo is None:
        raise UsageFault(f"{text!r} has no offset from UTC: write {text}Z or {text}+01:00")
    return int(moment.timestamp() * 1000)


def parse_ids(texts: Sequence[str]) -> list[LetterId]:
    """The letters that are named, each once.

    Raises:
        UsageFault: one of them is no name of a letter.
    """
    try:
        return list(dict.fromkeys(LetterId.parse(text) for text in texts))
    except ValueError as error:
        raise UsageFault(f"{error}; `collegium dead-letters list` shows them") from error


def desk(log: Log, session: Session) -> LetterDesk:
    """The system's dead letters."""
    return LetterDesk(log, session.names)


class Told:
    """A context in which the desk's refusals become the command line's errors."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        match error:
            case LetterRefused():
                raise Refused(f"{error}; nothing was done") from error
            case OffsetLost():
                named = f"{error.partition}:{error.offset}"
                raise NotFound(f"there is no dead letter {named}, or it has expired; nothing was done") from error
            case RecordTooLarge():
                raise Refused(f"{error}; nothing was done") from error
            case Fenced():
                raise Refused("someone else sends dead letters again at the same time; nothing was done") from error
            case OutcomeUnknown():
                raise Refused(
                    f"it may or may not have happened ({error}): `collegium dead-letters show` tells"
                ) from error
            case _:
                return


def described(entry: Entry, names: TopicNames) -> dict[str, JsonValue]:
    """What is known of a letter, its content left out."""
    letter, mark = entry.letter, entry.mark
    return {
        "id": str(letter.id),
        "at_ms": letter.at_ms,
        "topic": None if letter.topic is None else names.short(letter.topic),
        "partition": letter.partition,
        "offset": letter.offset,
        "stage": letter.stage,
        "error_class": letter.error_class,
        "reason": letter.reason,
        "run_id": letter.run_id,
        "trace_id": letter.trace_id,
        "size_bytes": letter.size_bytes,
        "dropped_bytes": letter.dropped_bytes,
        "redrives": letter.redrives,
        "handled": None if mark is None else mark.word.value,
        "handled_at_ms": None if mark is None else mark.at_ms,
        "handled_by": None if mark is None else mark.by,
    }


def letter_list(page: Page, names: TopicNames, now_ms: int) -> RenderableType:
    """A line for each letter, newest first."""
    if not page.entries:
        return Text("no dead letters" + ("" if page.complete else " among the newest records"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("ID", "AGE", "TOPIC", "RUN", "STATE"):
        table.add_column(heading, no_wrap=True)
    table.add_column("REASON", no_wrap=True, overflow="ellipsis", max_width=_REASON_WIDTH)
    for entry in page.entries:
        letter = entry.letter
        table.add_row(
            str(letter.id),
            age(now_ms - letter.at_ms),
            _line(names.short(letter.topic or "?"))[:40],
            letter.run_id or "-",
            "waits" if entry.mark is None else entry.mark.word.value,
            _line(letter.reason or letter.error_class),
        )
    notes = [f"{len(page.entries)} of {page.total} letters; --limit shows more"] * (page.total > len(page.entries))
    notes += ["older records were not looked at"] * (not page.complete)
    return Group(table, *(Text(note, "dim") for note in notes))


def shown(letter: Letter, most_bytes: int) -> dict[str, JsonValue]:
    """A letter's key, headers and value, as text where they are text, else in hexadecimal."""
    value = letter.value or b""
    return {
        "key": _content(letter.key),
        "headers": [{"name": name, **_named(_content(content))} for name, content in letter.headers],
        "value": _content(value[:most_bytes]),
        "cut": len(value) > most_bytes,
    }


def letter_page(entry: Entry, names: TopicNames, *, most_bytes: int, link: str | None) -> RenderableType:
    """One letter in detail."""
    letter, mark = entry.letter, entry.mark
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    came = (
        f"{letter.topic}, partition {letter.partition}, offset {letter.offset}" if letter.topic else "it does not say"
    )
    rows = [
        ("letter", str(letter.id)),
        ("put here", clock(letter.at_ms)),
        ("came from", came),
        ("found by", letter.stage),
        ("reason", f"{letter.error_class}: {letter.reason}"),
        ("run", letter.run_id or "-"),
        ("trace", link or letter.trace_id or "-"),
        ("sent again", f"{letter.redrives} times before" if letter.redrives else "never before"),
        ("state", "waits" if mark is None else f"{mark.word} {clock(mark.at_ms)} by {mark.by or 'someone'}"),
        ("key", "none" if letter.key is None else _readable(letter.key, 200)),
        *((f"header {name}", _readable(content, 200)) for name, content in letter.headers),
        ("size", f"{letter.size_bytes} bytes"),
    ]
    for name, text in rows:
        table.add_row(Text(_line(name), "dim"), Text(_line(text)))
    value = letter.value or b""
    cut = f"\n... {len(value) - most_bytes} bytes more: --bytes shows them" if len(value) > most_bytes else ""
    return Group(table, Text(), Text(_body(value[:most_bytes]) + cut))


def trace_link(session: Session, letter: Letter) -> str | None:
    """Where a browser shows the letter's trace, when Jaeger is configured."""
    url = jaeger_url(session)
    return None if url is None or letter.trace_id is None else f"{url.rstrip('/')}/trace/{letter.trace_id}"


def _line(text: str) -> str:
    return visible(text, one_line=True)


def _content(content: bytes | None) -> dict[str, JsonValue] | None:
    if content is None:
        return None
    text = _as_text(content)
    return {"hex": content.hex()} if text is None else {"text": text}


def _named(content: dict[str, JsonValue] | None) -> dict[str, JsonValue]:
    return {} if content is None else content


def _as_text(content: bytes) -> str | None:
    """The text that bytes are, or None: a character cut at the end does not make them binary."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        if error.start < len(content) - 3 or error.reason != "unexpected end of data":
            return None
        text = content[: error.start].decode()
    return None if "\x00" in text else text


def _readable(content: bytes, most: int) -> str:
    text = _as_text(content[:most])
    more = "..." if len(content) > most else ""
    return (content[:most].hex(" ") if text is None else text) + more


def _body(value: bytes) -> str:
    """The value as text, or as lines of hexadecimal with what is printable of it beside."""
    text = _as_text(value)
    if text is not None:
        return visible(text)
    lines: list[str] = []
    for start in range(0, len(value), _HEX_COLUMNS):
        part = value[start : start + _HEX_COLUMNS]
        plain = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        lines.append(f"{start:08x}  {part.hex(' '):<{3 * _HEX_COLUMNS}} {plain}")
    return "\n".join(lines)
